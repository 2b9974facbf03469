// Tests of the meta API in JavaScript; they run inside the page, as those in package.mjs do.

/** Run once, at the router of the demo or at Crossbar. */
export const once = {
  'the meta API': async (where) => {
    const { open, is, ok, fails } = kit;
    const [session, other] = [await open(where), await open(where)];
    const { meta } = session;
    ok((await meta.sessionCount()) >= 2, 'how many sessions there are');
    ok((await meta.sessionList([other.welcome.authrole])).includes(other.id), 'the other is there');
    const info = await meta.sessionGet(other.id);
    is([info.session, info.authrole], [other.id, other.welcome.authrole]);
    await fails(meta.sessionGet(1), 'WampError', where.ours ? 'wamp.error.no_such_session' : undefined);

    const joined = kit.channel();
    const left = kit.channel();
    await meta.onSessionJoin(({ session }) => joined.put(session));
    await meta.onSessionLeave(({ session }) => left.put(session));
    const guest = await open(where);
    is(await joined.take(), guest.id);
    await guest.leave();
    is(await left.take(), guest.id);

    const changes = kit.channel();
    await meta.onRegistrationCreate(({ session, registration }) => changes.put([session, registration.uri]));
    await meta.onRegistrationDelete(({ session }) => changes.put([session, 'gone']));
    const registration = await other.register('adv.meta', () => {}, { match: 'prefix' });
    is(await changes.take(), [other.id, 'adv.meta']);
    is(await meta.registrationLookup('adv.meta', 'prefix'), registration.id);
    is(await meta.registrationLookup('adv.meta'), null);
    is(await meta.registrationMatch('adv.meta.x'), registration.id);
    ok((await meta.registrationList()).prefix.includes(registration.id), 'it is listed');
    const about = await meta.registrationGet(registration.id);
    is([about.id, about.uri, about.match, about.invoke], [registration.id, 'adv.meta', 'prefix', 'single']);
    is(await meta.registrationListCallees(registration.id), [other.id]);
    is(await meta.registrationCountCallees(registration.id), 1);
    await registration.unregister();
    is(await changes.take(), [other.id, 'gone']);

    const subscription = await other.subscribe('adv.meta', () => {});
    is(await meta.subscriptionLookup('adv.meta'), subscription.id);
    ok((await meta.subscriptionMatch('adv.meta')).includes(subscription.id), 'it matches');
    is(await meta.subscriptionMatch('adv.nobody.has.it'), []);
    ok((await meta.subscriptionList()).exact.includes(subscription.id), 'it is listed');
    is((await meta.subscriptionGet(subscription.id)).uri, 'adv.meta');
    is(await meta.subscriptionListSubscribers(subscription.id), [other.id]);
    is(await meta.subscriptionCountSubscribers(subscription.id), 1);
  },

  'ending others by the meta API': async (where) => {
    const { open, is, fails } = kit;
    const [session, other] = [await open(where), await open(where)];
    const { meta } = session;
    const subscription = await other.subscribe('adv.removed', () => {});
    if (where.ours) {
      // The demo's router does not allow that.
      await fails(meta.kill(other.id), 'WampError');
      await fails(meta.removeSubscriber(subscription.id, other.id), 'WampError');
      return;
    }
    await meta.removeSubscriber(subscription.id, other.id, { reason: 'adv.close.removed' });
    is((await subscription.ended).kind, 'revoked');
    is(subscription.isActive, false);
    is(await meta.kill(other.id, { reason: 'adv.close.idle', message: 'idle' }), { count: 1, sessions: [other.id] });
    const { kind, reason } = await other.closed;
    is([kind, reason], ['goodbye', 'adv.close.idle']);
  },

  'testaments': async (where) => {
    const { open, is } = kit;
    const session = await open(where);
    const got = kit.channel();
    await session.subscribe('adv.testament', (args, kwargs) => got.put([args, kwargs]));
    const other = await open(where);
    await other.addTestament('adv.testament', ['to be taken back'], {}, { scope: 'detached' });
    await other.flushTestaments('detached');
    await other.addTestament('adv.testament', [1, 'gone'], { by: 'other' }, { eligible: [session.id] });
    await other.leave();
    is(await got.take(), [[1, 'gone'], { by: 'other' }]);
  },

  'event history': async (where) => {
    if (!where.ours) return kit.skip('event history: the Crossbar of the rig keeps none');
    const { open, is, fails } = kit;
    const session = await open(where);
    const { id } = await session.subscribe('demo.chat', () => {});
    for (const n of [1, 2, 3]) await session.publish('demo.chat', [`history ${n}`], { from: 'component' }, { acknowledge: true });
    const events = await session.meta.events(id, { reverse: true, limit: 2 });
    is(events.map(({ args, kwargs, publication }) => [args, kwargs, publication > 0]), [
      [['history 3'], { from: 'component' }, true],
      [['history 2'], { from: 'component' }, true],
    ]);
    const behind = await session.meta.events(id, { afterPublication: events[1].publication });
    is(behind.map(({ args }) => args[0]), ['history 3']);
    await fails(session.meta.events(id, { newest: 3 }), 'TypeError');
  },
};

/** Run once, at a router of their own, where all sessions may do everything and see all others. */
export const withOpenRouter = {
  'sessions are ended by authid, by role, and altogether': async (where) => {
    const { open, is, ok } = kit;
    const session = await open(where);
    const { meta } = session;
    const [one, two, three] = [await open(where), await open(where), await open(where)];
    ok(new Set([one, two, three].map(({ welcome }) => welcome.authid)).size === 3, 'each has its own authid');
    is(await meta.killByAuthid('nobody'), { count: 0, sessions: [] });
    const options = { reason: 'adv.close.idle', message: 'too idle' };
    is(await meta.killByAuthid(one.welcome.authid, options), { count: 1, sessions: [one.id] });
    is(await one.closed, { kind: 'goodbye', reason: 'adv.close.idle', message: 'too idle' });
    const byRole = await meta.killByAuthrole(two.welcome.authrole);
    is([byRole.count, byRole.sessions.sort()], [2, [two.id, three.id].sort()], 'by role');
    for (const other of [two, three]) is((await other.closed).reason, 'wamp.close.killed');
    const last = [await open(where), await open(where)];
    is(await meta.killAll({ reason: 'adv.close.all' }), { count: 2, sessions: [] });
    for (const other of last) is((await other.closed).reason, 'adv.close.all');
    is([session.isOpen, await meta.sessionCount()], [true, 1], 'itself is spared');
  },

  'callees and subscribers are taken away, and told': async (where) => {
    const { open, is, fails } = kit;
    const [session, other] = [await open(where), await open(where)];
    const { meta } = session;
    const registration = await other.register('adv.removed', () => 'here');
    const { id } = registration;
    await fails(meta.removeCallee(id + 1000, other.id), 'WampError', 'wamp.error.no_such_registration');
    await fails(meta.removeCallee(id, session.id), 'WampError', 'wamp.error.no_such_session');
    await fails(meta.removeCallee(id, other.id, { why: 'x' }), 'TypeError');
    is(await session.call('adv.removed'), 'here', 'nothing of that has an effect');
    is(await meta.removeCallee(id, other.id, { reason: 'adv.reason.worn.out' }), undefined);
    const ending = await registration.ended;
    is([ending.kind, ending.reason, registration.isActive], ['revoked', 'adv.reason.worn.out', false]);
    await fails(session.call('adv.removed'), 'WampError', 'wamp.error.no_such_procedure');
    const subscription = await other.subscribe('adv.removed', () => {});
    await fails(meta.removeSubscriber(subscription.id + 1000, other.id), 'WampError', 'wamp.error.no_such_subscription');
    await meta.removeSubscriber(subscription.id, other.id, { reason: 'adv.reason.enough' });
    is([(await subscription.ended).reason, subscription.isActive], ['adv.reason.enough', false]);
    is(other.isOpen, true, 'the session goes on');
  },

  'registrations and subscriptions tell how they come and go': async (where) => {
    const { open, is } = kit;
    const [session, one, two] = [await open(where), await open(where), await open(where)];
    const { meta } = session;
    const told = {};
    const names = ['Create', 'Register', 'Unregister', 'Delete'].map((word) => `onRegistration${word}`);
    names.push(...['Create', 'Subscribe', 'Unsubscribe', 'Delete'].map((word) => `onSubscription${word}`));
    for (const name of names) {
      told[name] = kit.channel();
      await meta[name]((info) => told[name].put(info));
    }
    const invoke = 'roundrobin';
    const first = await one.register('adv.told', () => 1, { invoke });
    const second = await two.register('adv.told', () => 2, { invoke });
    const registration = first.id;
    const { session: maker, registration: info } = await told.onRegistrationCreate.take();
    is([maker, info.id, info.uri, info.match, info.invoke], [one.id, registration, 'adv.told', 'exact', invoke]);
    for (const { id } of [one, two]) is(await told.onRegistrationRegister.take(), { session: id, registration });
    await first.unregister();
    await second.unregister();
    for (const { id } of [one, two]) is(await told.onRegistrationUnregister.take(), { session: id, registration });
    is(await told.onRegistrationDelete.take(), { session: two.id, registration });

    const subscriptions = [await one.subscribe('adv.told.', () => {}, { match: 'prefix' })];
    subscriptions.push(await two.subscribe('adv.told.', () => {}, { match: 'prefix' }));
    const subscription = subscriptions[0].id;
    const made = await told.onSubscriptionCreate.take();
    is([made.session, made.subscription.id, made.subscription.uri, made.subscription.match], [one.id, subscription, 'adv.told.', 'prefix']);
    for (const { id } of [one, two]) is(await told.onSubscriptionSubscribe.take(), { session: id, subscription });
    await subscriptions[0].unsubscribe();
    await two.leave();
    for (const { id } of [one, two]) is(await told.onSubscriptionUnsubscribe.take(), { session: id, subscription });
    is(await told.onSubscriptionDelete.take(), { session: two.id, subscription });
  },

  'errors and results tell which callee answered, if the router does': async (where) => {
    const { open, is, ok, fails, lib } = kit;
    const { WampError } = await lib();
    class Own extends Error {
      calleeAuthrole = 'its own';
    }
    class Odd extends WampError {
      get callee() {
        return 'computed';
      }
    }
    const [caller, callee] = [await open(where), await open(where)];
    caller.define('adv.error.own', Own).define('adv.error.odd', Odd);
    await callee.register('adv.fails', ([uri]) => {
      throw new WampError(uri, ['no']);
    });
    const { authid, authrole } = callee.welcome;
    const who = ({ callee, calleeAuthid, calleeAuthrole }) => [callee, calleeAuthid, calleeAuthrole];
    const any = await fails(caller.call('adv.fails', ['adv.error.any']), 'WampError');
    is(who(any), [callee.id, authid, authrole]);
    is(any.details, { callee: callee.id, calleeAuthid: authid, calleeAuthrole: authrole });
    const own = await caller.call('adv.fails', ['adv.error.own']).catch((error) => error);
    ok(own instanceof Own, `${own} is Own`);
    is(who(own), [callee.id, authid, 'its own']);
    const odd = await caller.call('adv.fails', ['adv.error.odd']).catch((error) => error);
    ok(odd instanceof Odd, `${odd} is Odd`);
    is(who(odd), ['computed', authid, authrole]);
    const made = await fails(caller.call('adv.no.such'), 'WampError', 'wamp.error.no_such_procedure');
    is([who(made), 'callee' in made, made.details], [[undefined, undefined, undefined], false, undefined], 'an error of the router');
    await callee.register('adv.works', () => 1);
    is(who((await caller.call('adv.works', [], {}, { details: true })).details), [callee.id, authid, authrole]);
  },

  'a session that ends while onWelcome looks at it is no session': async (where) => {
    const { open, fails, lib } = kit;
    const { connect } = await lib();
    const session = await open(where);
    const looking = kit.channel();
    const onWelcome = () => new Promise(() => looking.put());
    const connecting = connect({ url: where.router, realm: 'realm1', onWelcome });
    await looking.take();
    await session.meta.killAll({ reason: 'adv.close.all' });
    await fails(connecting, 'ConnectError', 'adv.close.all');
  },
};
