// Tests of the Advanced Profile's forms in JavaScript; they run inside the page, as those in
// package.mjs do. `where.ours` tells the embedded router from Crossbar; what Crossbar cannot is
// said by `kit.skip`.

/** Run once for each serializer. */
export const withEach = {
  'progressive results: a callback, a loop, details': async (where) => {
    const { open, is, ok, lib } = kit;
    const { Result } = await lib();
    const [caller, callee] = [await open(where), await open(where)];
    const wanted = [];
    await callee.register('adv.count', async ([to], kwargs, details) => {
      wanted.push(typeof details.progress);
      for (let n = 1; n < to; n++) await details.progress?.([n]);
      await details.progress?.([to, new Uint8Array([to])], { half: to / 2 });
      return to * 10;
    });
    is(await caller.call('adv.count', [3]), 30, 'without progress');
    const seen = [];
    is(await caller.call('adv.count', [3], {}, { onProgress: (step) => seen.push(step) }), 30, 'with a callback');
    is(seen, [1, 2, new Result([3, new Uint8Array([3])], { half: 1.5 })], 'steps');
    const call = caller.call('adv.count', [4]);
    const steps = [];
    for await (const step of call) steps.push(step);
    is(steps, [1, 2, 3, new Result([4, new Uint8Array([4])], { half: 2 })], 'steps of the loop');
    is(await call, 40, 'the result behind the loop');
    is(wanted, ['undefined', 'function', 'function'], 'whether progress is wanted');
    const detailed = caller.call('adv.count', [1], {}, { details: true });
    for await (const { args, details } of detailed) is([args[0], details.progress], [1, true], 'details of a step');
    const last = await detailed;
    ok(last instanceof Result && last.args[0] === 10 && last.details.progress !== true, 'the last has details');
  },

  'short names for the beginning of URIs': async (where) => {
    const { open, is } = kit;
    const session = (await open(where)).prefix('adv', 'adv.curie');
    is([session.resolve('adv:a.b'), session.resolve('other:a'), session.resolve('a.b')], ['adv.curie.a.b', 'other:a', 'a.b']);
    const registration = await session.register('adv:twice', ([n]) => 2 * n);
    is(registration.procedure, 'adv.curie.twice');
    is([await session.call('adv:twice', [2]), await session.call('adv.curie.twice', [3])], [4, 6], 'both names');
    const events = kit.channel();
    await session.subscribe('adv:news', ([text], kwargs, { topic }) => events.put([text, topic]));
    await session.publish('adv:news', ['hi'], {}, { excludeMe: false, acknowledge: true });
    is(await events.take(), ['hi', 'adv.curie.news'], 'event');
    is(session.prefix('adv', null).resolve('adv:a'), 'adv:a', 'taken back');
  },

  'the last result does not overtake progressive ones, however many': async (where) => {
    const { open, is } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    await callee.register('adv.many', ([count], kwargs, { progress }) => {
      for (let n = 0; n < count; n++) progress([n]);
      return 'done';
    });
    const got = [];
    is(await caller.call('adv.many', [1000], {}, { onProgress: (n) => got.push(n) }), 'done');
    is(got, Array.from({ length: 1000 }, (_, n) => n));
  },

  'an abort signal cancels at the router, and settles at once': async (where) => {
    const { open, is, ok, lib } = kit;
    const { WampError } = await lib();
    const [caller, callee] = [await open(where), await open(where)];
    const started = kit.channel();
    const aborted = kit.channel();
    await callee.register('adv.wait', async (args, kwargs, { signal }) => {
      started.put(signal.aborted);
      signal.addEventListener('abort', () => aborted.put(signal.reason));
      await new Promise(() => {});
    });
    for (const cancelMode of ['kill', 'killnowait', undefined]) {
      const controller = new AbortController();
      const call = caller.call('adv.wait', [], {}, { signal: controller.signal, cancelMode });
      is(await started.take(), false, 'aborted before');
      const reason = new Error(`enough of ${cancelMode}`);
      controller.abort(reason);
      ok((await call.catch((error) => error)) === reason, 'it is rejected with the reason of the signal');
      const told = await aborted.take();
      ok(told instanceof WampError && told.uri === 'wamp.error.canceled', `the callee is told: ${told}`);
    }
    const skipped = new AbortController();
    const call = caller.call('adv.wait', [], {}, { signal: skipped.signal, cancelMode: 'skip' });
    await started.take();
    skipped.abort();
    is((await call.catch((error) => error)).name, 'AbortError', 'name of the usual reason');
    const late = await caller.call('no.such.thing', [], {}, { signal: AbortSignal.abort() }).catch((error) => error);
    is(late.name, 'AbortError', 'a signal that was aborted before');
    const timed = caller.call('adv.wait', [], {}, { signal: AbortSignal.timeout(30) });
    is((await timed.catch((error) => error)).name, 'TimeoutError', 'a signal with a time');
    is((await aborted.take()).uri, 'wamp.error.canceled');
    is(await caller.call('demo.add', [1, 2], {}, { signal: new AbortController().signal }), 3, 'one that is not used');
  },

  'own error classes travel both ways': async (where) => {
    const { open, is, ok, fails, lib } = kit;
    const { WampError } = await lib();
    class TooMuch extends Error {
      constructor(amount, limit) {
        super(`${amount} is more than ${limit}`);
        this.args = [amount, limit];
        this.kwargs = { unit: 'mm' };
      }
    }
    class Closed extends WampError {
      get isLate() {
        return this.kwargs.hour > 18;
      }
    }
    class Plain extends Error {}
    class Nearer extends Plain {}
    class Broken extends Error {
      constructor() {
        throw new Error('cannot be made');
      }
    }
    const [caller, callee] = [await open(where), await open(where)];
    for (const session of [caller, callee]) {
      session.define('adv.error.too_much', TooMuch).define('adv.error.closed', Closed).define('adv.error.plain', Plain);
    }
    caller.define('adv.error.broken', Broken);
    await callee.register('adv.throw', ([what]) => {
      throw {
        much: new TooMuch(5, 3),
        closed: new Closed('adv.error.closed', [], { hour: 20 }),
        nearer: new Nearer('some text'),
        broken: new WampError('adv.error.broken', ['x']),
        other: new RangeError('as it is'),
      }[what];
    });
    const thrown = (what) => caller.call('adv.throw', [what]).catch((error) => error);
    const much = await thrown('much');
    ok(much instanceof TooMuch && much.message === '5 is more than 3', `${much} is TooMuch`);
    is([much.uri, much.args, much.kwargs], ['adv.error.too_much', [5, 3], { unit: 'mm' }]);
    const closed = await thrown('closed');
    ok(closed instanceof Closed && closed.isLate, `${closed} is Closed`);
    const plain = await thrown('nearer');
    ok(plain.constructor === Plain && plain.message === 'some text', `${plain} is Plain`);
    const broken = await thrown('broken');
    ok(broken.constructor === WampError && broken.cause.message === 'cannot be made', `${broken} tells why`);
    const other = await thrown('other');
    is([other.name, other.uri, other.args], ['WampError', 'wamp.error.runtime_error', ['as it is']]);
    const undefinedThere = await open(where);
    const raw = await fails(undefinedThere.call('adv.throw', ['much']), 'WampError', 'adv.error.too_much');
    is(raw.args, [5, 3]);
    for (const wrong of [() => caller.define('adv.x', {}), () => caller.define('adv.x', class {}), () => caller.define('adv.error.plain', Closed)]) {
      await fails(Promise.resolve().then(wrong), 'TypeError');
    }
  },
};

/** Run once, in a page that may complain in its console. */
export const noisy = {
  'progress that fails is reported where nobody waits for it': async (where) => {
    const { open, is } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const reported = [];
    const report = (event) => {
      event.preventDefault();
      reported.push(event.reason.name);
    };
    addEventListener('unhandledrejection', report);
    let kept;
    await callee.register('adv.careless', (args, kwargs, { progress }) => {
      kept = progress;
      progress([() => {}]);
      progress('x');
      progress([1]);
    });
    const steps = [];
    await caller.call('adv.careless', [], {}, { onProgress: (step) => steps.push(step) });
    is(steps, [1]);
    await kit.until(() => reported.length >= 2, 'both are reported');
    kept(['late']);
    is((await kept(['late, too']).catch((error) => error)).uri, 'wamp.error.canceled');
    // Reports come at the end of a task.
    await new Promise((resolve) => setTimeout(resolve));
    is(reported.sort(), ['EncodeError', 'TypeError'], 'what is late is not reported');
    removeEventListener('unhandledrejection', report);
  },
};

/** Run once. */
export const once = {
  'patterns: procedures and topics': async (where) => {
    const { open, is } = kit;
    const [session, other] = [await open(where), await open(where)];
    const said = (name) => (args, kwargs, { procedure }) => `${name} ${procedure}`;
    await other.register('adv.pattern', said('prefix'), { match: 'prefix' });
    await other.register('adv.pattern..on', said('wildcard'), { match: 'wildcard' });
    await other.register('adv.pattern.lamp.exact', said('exact'));
    is(await session.call('adv.pattern.lamp.exact'), 'exact adv.pattern.lamp.exact');
    is(await session.call('adv.pattern.lamp.on'), 'prefix adv.pattern.lamp.on');
    is(await session.call('adv.pattern.x'), 'prefix adv.pattern.x');
    const got = kit.channel();
    const handler = (name) => (args, kwargs, { topic }) => got.put(`${name} ${topic} ${args[0]}`);
    await session.subscribe('adv.topic.a', handler('exact'));
    await other.publish('adv.topic.a', [1], {}, { acknowledge: true });
    is(await got.take(), 'exact adv.topic.a 1', 'the topic is always told');
    const prefix = await session.subscribe('adv.topic', handler('prefix'), { match: 'prefix' });
    await other.publish('adv.topic.b.c', [2]);
    is(await got.take(), 'prefix adv.topic.b.c 2');
    await prefix.unsubscribe();
    await session.subscribe('adv..b', handler('wildcard'), { match: 'wildcard' });
    await other.publish('adv.any.b', [3]);
    is(await got.take(), 'wildcard adv.any.b 3');
  },

  'sharing, concurrency and taking a procedure over': async (where) => {
    const { open, is, ok, fails } = kit;
    const sessions = [await open(where), await open(where), await open(where)];
    const [caller, first, second] = sessions;
    for (const [index, session] of [first, second].entries()) {
      await session.register('adv.shared', () => index, { invoke: 'roundrobin' });
    }
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await caller.call('adv.shared'));
    is(answers, [0, 1, 0, 1]);
    await fails(caller.register('adv.shared', () => 2, { invoke: 'random' }), 'WampError');

    const free = kit.channel();
    const begun = kit.channel();
    await first.register('adv.one.at.a.time', () => (begun.put(), free.take()), { invoke: 'roundrobin', concurrency: 1 });
    const busy = caller.call('adv.one.at.a.time');
    await begun.take();
    const next = caller.call('adv.one.at.a.time').catch((error) => error.uri);
    if (where.ours) is(await next, 'crossbar.error.max_concurrency_reached');
    free.put('free');
    is(await busy, 'free');
    free.put('next');
    // Crossbar lets calls wait.
    if (!where.ours) is(await next, 'next');

    const old = await first.register('adv.mine', () => 'old', { forceReregister: true });
    ok(old.isActive, 'it is registered');
    const taken = await second.register('adv.mine', () => 'new', { forceReregister: true });
    is(await caller.call('adv.mine'), 'new');
    const ending = await old.ended;
    is(ending.kind, 'revoked');
    ok(!old.isActive && taken.isActive, 'the old one is not active');
    await old.unregister();
    await taken.unregister();
    is(await taken.ended, { kind: 'withdrawn', reason: '', message: null });
    const last = await second.register('adv.mine', () => 'last');
    await second.leave();
    is([(await last.ended).kind, last.isActive], ['closed', false]);
  },

  'who calls and who publishes, where it is disclosed': async (where) => {
    const { open, is } = kit;
    const [session, other] = [await open(where), await open(where)];
    await other.register('adv.who', (args, kwargs, details) => [details.caller, details.callerAuthrole], { discloseCaller: true });
    const told = await session.call('adv.who', [], {}, { discloseMe: true });
    is(told, [session.id, session.welcome.authrole]);
    const got = kit.channel();
    await other.subscribe('adv.who', (args, kwargs, details) => got.put(details));
    await session.publish('adv.who', [], {}, { discloseMe: true });
    const details = await got.take();
    is([details.publisher, details.publisherAuthrole, details.topic], [session.id, session.welcome.authrole, 'adv.who']);

    const { connect } = await kit.lib();
    await other.register('adv.caller', (args, kwargs, { caller }) => caller ?? null);
    let shown = await connect({ url: where.router, realm: 'realm1', discloseMe: true });
    for (const turn of ['joined', 'joined again']) {
      is(await shown.call('adv.caller'), shown.id, `caller, ${turn}`);
      await shown.publish('adv.who');
      is((await got.take()).publisher, shown.id, `publisher, ${turn}`);
      if (where.ours) is(await shown.call('adv.caller', [], {}, { discloseMe: false }), null, `unless it says so, ${turn}`);
      shown = await shown.rejoin();
    }
    await shown.leave();
  },

  'all endpoints of an object at once, or none': async (where) => {
    const { open, is, fails } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    class Base {
      greet([name]) {
        return `${this.greeting} ${name}`;
      }
    }
    class Service extends Base {
      greeting = 'Hello';
      limit = 3;
      async add([a, b]) {
        return a + b;
      }
      #hidden() {}
      static nothing() {}
    }
    const registrations = await callee.registerAll('adv.service', new Service());
    is(Object.keys(registrations).sort(), ['add', 'greet']);
    is(await caller.call('adv.service.add', [1, 2]), 3);
    is(await caller.call('adv.service.greet', ['you']), 'Hello you');
    await registrations.add.unregister();
    await fails(caller.call('adv.service.add', [1, 2]), 'WampError', 'wamp.error.no_such_procedure');
    const taken = callee.registerAll('adv.service.', { first() {}, greet() {}, last() {} });
    await fails(taken, 'WampError', 'wamp.error.procedure_already_exists');
    for (const name of ['first', 'last']) {
      await fails(caller.call(`adv.service.${name}`), 'WampError', 'wamp.error.no_such_procedure');
    }
    await fails(callee.registerAll('adv.x', 17), 'TypeError');

    class Sensor extends EventTarget {
      read() {
        return 20.5;
      }
    }
    class Thermometer extends Sensor {}
    is(Object.keys(await callee.registerAll('adv.sensor', new Thermometer())), ['read'], 'none of the browser');
    is(await caller.call('adv.sensor.read'), 20.5);
  },

  'who gets an event: the lists': async (where) => {
    const { open, is } = kit;
    const sessions = [await open(where), await open(where), await open(where)];
    const [me, one, two] = sessions;
    const got = { me: [], one: [], two: [] };
    const ends = [];
    for (const [name, session] of Object.entries({ me, one, two })) {
      const end = kit.channel();
      ends.push(end);
      await session.subscribe('adv.lists', ([what]) => (what === 'end' ? end.put() : got[name].push(what)));
    }
    const send = (what, options) => me.publish('adv.lists', [what], {}, { acknowledge: true, ...options });
    await send('plain');
    await send('all', { excludeMe: false });
    await send('exclude', { exclude: [one.id] });
    await send('eligible', { eligible: [one.id] });
    await send('exclude role', { excludeAuthrole: [me.welcome.authrole] });
    await send('eligible role', { eligibleAuthrole: [me.welcome.authrole] });
    await send('exclude id', { excludeAuthid: [two.welcome.authid] });
    await send('eligible id', { eligibleAuthid: [two.welcome.authid] });
    await send('wire name', { exclude_me: false });
    await send('end', { excludeMe: false });
    await Promise.all(ends.map((end) => end.take()));
    const shared = one.welcome.authid === two.welcome.authid;
    is(got.me, ['all', 'wire name']);
    is(got.one, ['plain', 'all', 'eligible', 'eligible role', ...(shared ? ['eligible id'] : ['exclude id']), 'wire name']);
    is(got.two, ['plain', 'all', 'exclude', 'eligible role', 'eligible id', 'wire name']);
  },

  'retained events come to those who ask for them': async (where) => {
    const { open, is } = kit;
    const [session, other] = [await open(where), await open(where)];
    await other.publish('adv.retained', ['kept'], {}, { retain: true, acknowledge: true });
    const got = kit.channel();
    const handler = ([what], kwargs, { retained, topic }) => got.put([what, retained === true, topic]);
    await session.subscribe('adv.retained', handler, { getRetained: true });
    is(await got.take(), ['kept', true, 'adv.retained']);
    await other.publish('adv.retained', ['new']);
    is(await got.take(), ['new', false, 'adv.retained']);
  },

  'handlers of one subscription share nothing': async (where) => {
    const { open, is } = kit;
    const [session, other] = [await open(where), await open(where)];
    const got = [kit.channel(), kit.channel()];
    const subscriptions = [];
    for (const channel of got) {
      subscriptions.push(
        await session.subscribe('adv.twice', (args, kwargs, details) => {
          channel.put([[...args], { ...kwargs }, Object.keys(details).includes('mark')]);
          args.push('mark');
          kwargs.mark = details.mark = true;
        }),
      );
    }
    is(subscriptions[0].id, subscriptions[1].id, 'id of the subscription');
    await other.publish('adv.twice', [1], { a: 2 });
    for (const channel of got) is(await channel.take(), [[1], { a: 2 }, false]);
    await subscriptions[0].unsubscribe();
    is(await subscriptions[0].ended, { kind: 'withdrawn', reason: '', message: null });
    await other.publish('adv.twice', [2]);
    is((await got[1].take())[0], [2], 'the other goes on');
    const { ended } = subscriptions[1];
    await session.leave();
    is([(await ended).kind, (await ended).reason], ['closed', session.closeReason.reason]);
  },

  'an abandoned call leaves nothing open': async (where) => {
    const { open, is, fails, lib } = kit;
    if (!where.ours) return kit.skip('arguments in parts: Crossbar does not have them');
    const { WampError } = await lib();
    const session = await open(where);
    await session.register('adv.parts', async (args, kwargs, { chunks, signal }) => {
      for await (const _ of chunks) if (signal.aborted) return;
    });
    let closed = 0;
    async function* endless() {
      try {
        yield [1];
        await new Promise((resolve) => setTimeout(resolve, 30));
        yield [2];
      } finally {
        closed += 1;
      }
    }
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...given) => (listeners++, add.apply(signal, given));
    signal.removeEventListener = (...given) => (listeners--, remove.apply(signal, given));
    const call = session.call('adv.parts', endless(), {}, { signal });
    setTimeout(() => controller.abort(new WampError('adv.enough')), 10);
    await fails(call, 'WampError', 'adv.enough');
    while (closed === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    is([closed, listeners], [1, 0], 'sources closed, and listeners');
  },

  'a call that is aborted while its arguments are read is not sent': async (where) => {
    const { open, is, fails, lib } = kit;
    const { WampError } = await lib();
    const session = await open(where);
    let calls = 0;
    await session.register('adv.counted', () => void (calls += 1));
    const controller = new AbortController();
    const odd = { toJSON: () => (controller.abort(new WampError('adv.aborted')), 1) };
    await fails(session.call('adv.counted', [odd], {}, { signal: controller.signal }), 'WampError', 'adv.aborted');
    await session.call('demo.add', [1, 2]);
    is(calls, 0);
  },

  'whatever an endpoint throws is an error to the caller': async (where) => {
    const { open, is, fails, lib } = kit;
    const { WampError } = await lib();
    const session = await open(where);
    class Bare extends WampError {
      uri;
    }
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const throwing = new WampError('adv.throwing');
    Object.defineProperty(throwing, 'args', { get: () => { throw new Error('no args'); } });
    for (const thrown of [new Bare('adv.bare', ['x']), Object.assign(new WampError('adv.x'), { uri: 5 }), revoked.proxy, throwing]) {
      const registration = await session.register('adv.throws', () => {
        throw thrown;
      });
      await fails(session.call('adv.throws'), 'WampError', 'wamp.error.runtime_error');
      await registration.unregister();
    }
    is(await session.call('demo.add', [1, 2]), 3);
  },

  'options that there are not, or of a wrong type, are told': async (where) => {
    const { open, is, fails } = kit;
    const session = await open(where);
    for (const wrong of [{ timout: 5 }, { cancelMode: 'gently' }, { signal: {} }, { details: 1 }, { onProgress: 'x' }]) {
      await fails(session.call('demo.add', [1, 2], {}, wrong), 'TypeError');
    }
    await fails(session.publish('adv.x', [], {}, { exclude_Me: true }), 'TypeError');
    await fails(session.publish('adv.x', [], {}, { exclude: ['me'] }), 'TypeError');
    await fails(session.subscribe('adv.x', () => {}, { match: 'regex' }), 'TypeError');
    await fails(session.subscribe('adv.x', () => {}, { queue: 0 }), 'TypeError');
    await fails(session.subscribe('adv.x', () => {}, { mtach: 'exact' }), 'TypeError');
    await fails(session.register('adv.x', () => {}, { invoke: 'all' }), 'TypeError');
    await fails(session.register('adv.x', () => {}, { acknowledge: true }), 'TypeError');
    is(await session.call('demo.add', [1, 2], {}, { x_own_option: [1, { a: 2 }] }), 3, 'one of a router');
  },

  'what the router said in WELCOME, and constants': async (where) => {
    const { open, is, ok, lib } = kit;
    const { uris } = await lib();
    const session = await open(where);
    const { welcome } = session;
    ok(typeof welcome.authid === 'string' && typeof welcome.authrole === 'string', 'who we are');
    ok(session.supports('dealer', 'progressive_call_results') && session.supports('broker', 'publisher_exclusion'), 'features');
    is([session.supports('dealer', 'telepathy'), session.supports('nobody', 'x')], [false, false]);
    ok(Object.isFrozen(welcome) && Object.isFrozen(welcome.roles.dealer.features), 'it is frozen');
    is([uris.NO_SUCH_PROCEDURE, uris.CLOSE_REALM], ['wamp.error.no_such_procedure', 'wamp.close.close_realm']);
  },

  'another session on the same connection': async (where) => {
    const { open, is, ok, fails } = kit;
    class Refused extends Error {}
    const session = (await open(where)).define('demo.error.refused', Refused).prefix('d', 'demo');
    const next = await session.rejoin();
    is([session.closeReason.kind, next.realm, next.isOpen], ['left', 'realm1', true]);
    ok(next.id !== session.id, 'it has its own id');
    is(await next.call('d:add', [1, 2]), 3, 'short names stay');
    const refused = await next.call('d:fail').catch((error) => error);
    ok(refused instanceof Refused, `${refused} is Refused still`);
    ok(next.meta === next.meta && next.meta !== session.meta, 'a session has one meta');
    await fails(session.call('demo.add', [1, 2]), 'SessionClosedError');
    await fails(session.rejoin(), 'ConnectError');
    await fails(next.rejoin('no.such.realm'), 'ConnectError', 'wamp.error.no_such_realm');
    is((await next.closed).kind, 'left');
  },

  'the router takes the first serializer that it knows': async (where) => {
    const { is, lib } = kit;
    const { connect } = await lib();
    for (const serializers of [['json', 'cbor'], ['msgpack', 'json', 'cbor'], undefined]) {
      const session = await connect({ url: where.router, realm: 'realm1', serializers });
      is(session.serializer, serializers?.[0] ?? 'cbor');
      await session.leave();
    }
  },

  'batched messages, where the router takes them': async (where) => {
    const { is, lib } = kit;
    const { connect } = await lib();
    for (const serializer of ['cbor', 'msgpack', 'json']) {
      const session = await connect({ url: where.router, realm: 'realm1', serializers: [serializer], batched: true });
      const sums = await Promise.all([1, 2, 3].map((n) => session.call('demo.add', [n, n])));
      is(sums, [2, 4, 6], serializer);
      await session.leave();
    }
  },

  'what was cancelled or has ended leaves nothing behind': async (where) => {
    const { open, is, isCollected } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const started = kit.channel();
    const aborted = kit.channel();
    await callee.register('adv.leak', async ([what], kwargs, { signal, progress }) => {
      await progress?.([1]);
      if (what === 'answer') return what;
      signal.addEventListener('abort', () => aborted.put());
      started.put();
      await new Promise(() => {});
    });
    const refs = {};
    const signal = new AbortController().signal;
    await (async () => {
      let onProgress = () => {};
      refs.answered = new WeakRef(onProgress);
      is(await caller.call('adv.leak', ['answer'], {}, { onProgress, signal }), 'answer');
      const controller = new AbortController();
      onProgress = () => {};
      refs.cancelled = new WeakRef(onProgress);
      const call = caller.call('adv.leak', ['wait'], {}, { onProgress, signal: controller.signal });
      await started.take();
      controller.abort();
      await call.catch(() => {});
      await aborted.take();
      onProgress = undefined;
    })();
    for (const [name, ref] of Object.entries(refs)) is(await isCollected(ref), true, `${name} is collected`);
    is(signal.aborted, false, 'the signal lives');
  },
};
