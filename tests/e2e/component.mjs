// Tests of what stays up: Connection and Component. They run inside the page, as those in
// package.mjs do. reconnecting.mjs has those whose router goes away.

/** Those of `examples/test_router --users`. */
export const users = {
  ticket: { authid: 'tina', secret: 'open sesame' },
  wampcra: { authid: 'wanda', secret: 'a shared secret' },
  'wampcra-salted': { authid: 'walter', secret: 'another one' },
  'scram-autobahn': { authid: 'sam', secret: 'p\u00e4ssword' },
  'wamp-scram': { authid: 'sid', secret: 'p\u00e4ssword' },
  cryptosign: { authid: 'carl', secret: '08f494dd76993da535837ee4b3229d61a795d374a9b00892adf98f2f4d123c87' },
};

/** Without a router of their own. */
export const once = {
  'what the router refuses is declared again, and an event tells when it has succeeded': async ({ router }) => {
    const { is, lib } = kit;
    const { connect, Component, init } = await lib();
    await init();
    const other = await connect({ url: router, realm: 'realm1' });
    const taken = await other.register('e2e.declared.again', () => 'other');
    const component = new Component({ transports: router, realm: 'realm1', onUserError: () => {} });
    component.register('e2e.declared.again', () => 'component');
    const established = new Promise((resolve) => component.on('established', resolve));
    component.on('ready', () => taken.unregister());
    const run = component.start();
    is(await established, 'e2e.declared.again');
    is(await other.call('e2e.declared.again'), 'component');
    await component.stop();
    await run;
    await other.leave();
  },

  'what is described before the module is loaded': async ({ router }) => {
    const { is, lib } = kit;
    const { Component, Connection } = await lib();
    const transports = [{ url: router, max_retry: 1 }];
    for (const make of [() => new Component({ transports }), () => new Connection({ realm: 'realm1', transports })]) {
      let refused;
      try {
        make();
      } catch ({ name, uri, message }) {
        refused = [name, uri, message.split(';')[0]];
      }
      const text = 'invalid transports[0].max_retry: unknown key';
      is(refused, ['ConnectError', 'wamp.error.invalid_argument', text], 'it needs no module');
    }
    const good = new Component({ transports: router, main: (session) => session.call('wamp.session.count') });
    const stopped = good.start();
    void good.stop();
    await stopped;
    is(good.state, 'idle', 'it was stopped before it began');
    await good.start();
    is(good.state, 'done');
  },

  'a Connection refuses options that it cannot have, by name': async ({ router }) => {
    const { is, ok, lib } = kit;
    const { Connection, init } = await lib();
    await init();
    const refused = (options) => {
      try {
        new Connection(options);
      } catch (error) {
        ok(error instanceof TypeError || error.name === 'ConnectError', `${error} is a TypeError`);
        return error.message;
      }
      throw new Error(`not refused: ${kit.write(options)}`);
    };
    const base = { url: router, realm: 'realm1' };
    is(refused({ ...base, max_retires: 3 }), 'an option cannot be "max_retires"');
    ok(refused({ ...base, autoping_interval: 10 }).includes('"autoping_interval": no browser'), 'it is explained');
    ok(refused({ ...base, use_deferred: () => {} }).includes('"use_deferred"'), 'it is named');
    ok(refused({ ...base, transports: [router] }).includes('url'), 'one or the other');
    for (const wrong of [
      { url: router },
      { realm: 'realm1' },
      { ...base, url: '' },
      { ...base, retry_if_unreachable: 1 },
      { ...base, on_user_error: 'log' },
      { ...base, max_retries: '3' },
      { ...base, max_retries: NaN },
      { realm: 'realm1', transports: [] },
      { ...base, authmethods: 'ticket' },
    ]) {
      refused(wrong);
    }
    // These the module finds, which is loaded by now.
    is(
      refused({ realm: 'realm1', transports: [router, { url: router, max_retry: 1 }] }).split(';')[0],
      'invalid transports[1].max_retry: unknown key',
    );
    ok(refused({ ...base, retry_delay_growth: 0.5 }).includes('transports[0].retry_delay_growth'), 'the key');
    ok(refused({ ...base, serializers: ['yaml'] }).includes('transports[0].serializers[0]'), 'the place');
    ok(refused({ ...base, url: 'http://127.0.0.1/' }).includes('transports[0].url'), 'the URL');
    ok(refused({ realm: 'realm1', transports: [{ type: 'longpoll', url: router }] }).includes('type'), 'the type');
    ok(refused({ ...base, authentication: { ticket: { ticket: 'x', tickets: 1 } } }).includes('authentication.ticket.tickets'), 'the method');
    const connection = new Connection(base);
    let error;
    try {
      connection.close();
    } catch (thrown) {
      error = thrown;
    }
    is(error.message, 'the connection is closed already');
  },

  'a Component refuses options that it cannot have, by name': async ({ router }) => {
    const { is, ok, fails, lib } = kit;
    const { Component, init } = await lib();
    await init();
    const refused = async (options) => {
      const made = new Promise((resolve) => resolve(new Component(options)));
      return (await made.then(() => Promise.reject(new Error('not refused')), (error) => error)).message;
    };
    const base = { transports: router };
    is(await refused({ ...base, retries: 3 }), 'an option cannot be "retries"');
    for (const wrong of [{ main: 1 }, { isFatal: true }, { strict: 'yes' }, { timeout: '1s' }, { realm: 7 }]) {
      ok((await refused({ ...base, ...wrong })).includes(Object.keys(wrong)[0]), 'it is named');
    }
    for (const transports of [[], 7, [7], [{}], [{ url: router, headers: { a: 'b' } }], 'rs://127.0.0.1:1']) {
      ok((await refused({ transports })).includes('transports'), `named: ${kit.write(transports)}`);
    }
    ok((await refused({ ...base, realm: 'a b' })).includes('"a b"'), 'the realm');
    const component = new Component(base);
    is([component.realm, component.state, component.session, component.extra], ['realm1', 'idle', null, undefined]);
    for (const wrong of [
      () => component.on('jion', () => {}),
      () => component.on('join', 'f'),
      () => component.register('com.example.add', 7),
      () => component.register('com.example.add', () => {}, { invok: 'all' }),
      () => component.subscribe('com.example.news', undefined),
      () => component.subscribe('com.example.news', () => {}, { queue: 0 }),
    ]) {
      await fails(Promise.resolve().then(wrong), 'TypeError');
    }
    await fails(component.start({ singal: 1 }), 'TypeError');
    await component.stop();
    is(component.off('join', () => {}), false);
  },

  'a Connection that reaches nobody says how it goes on': async () => {
    const { is, lib, channel } = kit;
    const { Connection } = await lib();
    const nowhere = { url: 'ws://127.0.0.1:2/ws', realm: 'realm1', initial_retry_delay: 0 };
    const fates = async (options, answers = []) => {
      const connection = new Connection({ ...nowhere, ...options });
      const told = [];
      const over = channel();
      connection.onclose = (reason, { will_retry, retry_count, retry_delay, message }) => {
        told.push([reason, will_retry, retry_count, retry_delay, message.length > 0]);
        const answer = answers.shift();
        if (!will_retry || answer) over.put();
        return answer;
      };
      connection.open();
      await over.take();
      await kit.until(() => connection.isRetrying === false && connection.isConnected === false, 'it is over');
      return told;
    };
    const last = ['unreachable', false, null, null, true];
    is(await fates({ max_retries: 0 }), [last]);
    is(await fates({ max_retries: 2 }), [['unreachable', true, 1, 0, true], ['unreachable', true, 2, 0, true], last]);
    is(await fates({ retry_if_unreachable: false }), [last]);
    is(await fates({}, [undefined, true]), [['unreachable', true, 1, 0, true], ['unreachable', true, 2, 0, true]]);
    is(await fates({}, [Promise.resolve('enough')]), [['unreachable', true, 1, 0, true]]);
    const slower = { initial_retry_delay: 0.001, retry_delay_growth: 3, retry_delay_jitter: 0, max_retry_delay: 0.004 };
    const delays = (await fates({ ...slower, max_retries: 3 })).map(([, , , delay]) => delay);
    is(delays, [0.001, 0.003, 0.004, null]);
    const flat = (await fates({ ...slower, retry_delay_growth: 0, max_retries: 2 })).map(([, , , delay]) => delay);
    is(flat, [0.001, 0.001, null]);
  },

  'a component that fails for good tells the last error': async () => {
    const { is, ok, fails, lib } = kit;
    const { Component } = await lib();
    const nowhere = { url: 'ws://127.0.0.1:2/ws', max_retries: 1, initial_retry_delay: 0 };
    const component = new Component({ transports: nowhere });
    const failures = [];
    const notices = [];
    component.on('connectfailure', (error) => failures.push(error.name));
    component.on('retry', ({ transport, attempt, failures, delay, willRetry, kind, closeReason }) => {
      notices.push([transport, attempt, failures, delay, willRetry, kind, closeReason]);
    });
    const error = await fails(component.start(), 'ConnectError', 'wamp.error.unavailable');
    ok(error.message.startsWith('gave up after 2 failed attempts'), error.message);
    is(error.cause.name, 'ConnectError');
    is(failures, ['ConnectError', 'ConnectError']);
    is(notices.length, 2);
    is(notices[0], ['ws://127.0.0.1:2/ws', 2, 1, 0, true, 'connect', null]);
    is(notices[1].slice(4), [false, 'connect', null]);
    is(component.state, 'done');
    // And again, from the beginning.
    component.on('retry', () => false);
    const vetoed = await fails(component.start(), 'ConnectError', 'wamp.error.unavailable');
    ok(vetoed.message.startsWith('no further attempt is wanted'), vetoed.message);
  },

  'URLs are asked for at each attempt, credentials when there is a connection': async ({ router, ours }) => {
    const { is, fails, lib } = kit;
    const { Component } = await lib();
    const asked = [];
    const reason = new RangeError('the ticket office is closed');
    const component = new Component({
      transports: { url: async () => (asked.push('url'), asked.length < 3 ? 'ws://127.0.0.1:2/ws' : new URL(router)), initial_retry_delay: 0 },
      authentication: () => (asked.push('who'), { anonymous: { authextra: { attempt: asked.length } } }),
      main: (session, self) => asked.push(session.authmethod, self === component),
    });
    await component.start();
    is(asked, ['url', 'url', 'url', 'who', 'anonymous', true]);
    for (const options of [
      { transports: { url: () => Promise.reject(reason), max_retries: 0 } },
      { transports: { url: router, max_retries: 0 }, authentication: () => Promise.reject(reason) },
    ]) {
      const error = await fails(new Component(options).start(), 'ConnectError');
      kit.ok(error.cause === reason, 'it is the error itself');
    }
  },

  'main, and what it throws': async ({ router }) => {
    const { is, ok, fails, lib } = kit;
    const { Component } = await lib();
    const reason = new RangeError('just once');
    let runs = 0;
    const component = new Component({
      transports: { url: router, initial_retry_delay: 0 },
      main: async (session) => {
        is(await session.call('wamp.session.get', [session.id]).then(({ session: id }) => id), session.id);
        if (++runs === 1) throw reason;
      },
    });
    const failures = [];
    component.on('connectfailure', (error) => failures.push(error));
    await component.start();
    is(runs, 2);
    ok(failures.length === 1 && failures[0] === reason, 'the error itself');
    const strict = new Component({ transports: { url: router, max_retries: 0 }, strict: true, onUserError: () => {} });
    strict.on('join', () => Promise.reject(reason));
    ok((await fails(strict.start(), 'ConnectError')).cause === reason, 'a join listener');
    const fatal = new Component({
      transports: router,
      main: () => Promise.reject(reason),
      isFatal: (error, byDefault) => byDefault || error === reason,
    });
    ok((await fails(fatal.start(), 'RangeError')) === reason, 'isFatal');
  },

  'a start can be aborted by a signal': async ({ router }) => {
    const { is, lib } = kit;
    const { Component } = await lib();
    const component = new Component({ transports: router });
    const aborted = async (run) => is(await run.catch(({ name }) => name), 'AbortError');
    await aborted(component.start({ signal: AbortSignal.abort() }));
    is(component.state, 'idle');
    const controller = new AbortController();
    const ready = new Promise((resolve) => component.on('ready', resolve));
    const run = aborted(component.start({ signal: controller.signal }));
    const session = await ready;
    controller.abort();
    await run;
    is([session.isOpen, session.closeReason.kind, component.state], [false, 'left', 'done']);
  },

  'the order of the stations': async ({ router }) => {
    const { is, lib } = kit;
    const { Component } = await lib();
    const component = new Component({ transports: router, extra: { any: 'thing' } });
    const seen = [];
    const sessions = new Set();
    for (const name of ['start', 'connect', 'join', 'ready', 'leave', 'disconnect']) {
      component.on(name, async (about) => {
        await undefined;
        seen.push(name);
        if (name === 'connect') is([about.type, about.url], ['websocket', router]);
        if (name === 'join' || name === 'ready') sessions.add(about).add(component.session);
        if (name === 'leave') is([about.kind, component.session.isOpen], ['left', false]);
        if (name === 'disconnect') is(about, true);
      });
    }
    const never = component.on('join', () => seen.push('never'));
    is([never(), never()], [true, false]);
    const listener = () => seen.push('never');
    component.on('ready', listener);
    is([component.off('ready', listener), component.off('ready', listener)], [true, false]);
    component.on('ready', () => component.stop());
    const first = component.start();
    await Promise.all([first, component.start()]);
    is(seen, ['start', 'connect', 'join', 'ready', 'leave', 'disconnect']);
    is([sessions.size, component.session, component.extra.any], [1, null, 'thing']);
  },

  'a component that nobody holds is collected, unless it runs': async ({ router }) => {
    const { is, lib } = kit;
    const { Component } = await lib();
    const used = async () => {
      const component = new Component({ transports: router, onUserError: () => void component });
      component.register('com.example.gc', () => component);
      component.subscribe('com.example.gc', () => component);
      component.on('ready', () => component.stop());
      await component.start();
      return new WeakRef(component);
    };
    is(await kit.isCollected(await used()), true, 'one that was used');
    const sessions = [];
    const running = () => {
      const component = new Component({ transports: router });
      component.on('ready', (session) => sessions.push(session));
      void component.start();
      return new WeakRef(component);
    };
    const ref = running();
    is(await kit.isCollected(ref), false, 'one that runs');
    await kit.until(() => sessions.length === 1, 'it joins');
    await ref.deref().stop();
    is(sessions[0].isOpen, false);
  },
};

/** With a router without anonymous sessions; `users` has one user for each method, as in tests/crossbar. */
export const withUsers = {
  'each method lets in, and a wrong secret ends it at once': async ({ auth, users, refusal }) => {
    const { is, ok, fails, lib, channel } = kit;
    const { Component, Connection } = await lib();
    const settings = (way, { authid, secret }) => {
      const method = way.split('-')[0];
      const key = { ticket: 'ticket', wampcra: 'secret', cryptosign: 'privkey', scram: 'password', wamp: 'password' }[method];
      return { [method === 'wamp' ? 'wamp-scram' : method]: { authid, [key]: secret } };
    };
    const wrong = { cryptosign: 'ab'.repeat(32) };
    for (const [way, user] of Object.entries(users)) {
      const seen = [];
      await new Component({
        transports: auth,
        authentication: settings(way, user),
        main: ({ authid, authrole, authmethod }) => seen.push(authid, authrole, authmethod),
      }).start();
      is(seen, [user.authid, 'authed', Object.keys(settings(way, user))[0]], way);
      const secret = wrong[way] ?? 'rosebud';
      const failing = new Component({ transports: auth, authentication: settings(way, { ...user, secret }) });
      let failures = 0;
      failing.on('connectfailure', () => failures++);
      const error = await fails(failing.start(), 'ConnectError', refusal);
      ok(!error.message.includes(secret), 'the secret is not in the text');
      is(failures, 1, 'said once');
    }
    const { authid } = users.ticket;
    const authentication = { ticket: { authid, ticket: 'wrong' } };
    const connection = new Connection({ url: auth, realm: 'realm1', authentication });
    const closed = channel();
    connection.onclose = (...given) => closed.put(given);
    connection.open();
    const [reason, details] = await closed.take();
    is([reason, details.reason, details.will_retry, details.retry_count], ['closed', refusal, false, null]);
  },

  'onchallenge, as in Autobahn|JS': async ({ auth, users, refusal }) => {
    const { is, ok, fails, lib, channel } = kit;
    const { auth_cra, auth_cryptosign, Connection, Component } = await lib();
    const joined = async (authid, method, onchallenge, more = {}) => {
      const connection = new Connection({ url: auth, realm: 'realm1', authmethods: [method], authid, onchallenge, ...more });
      const outcome = channel();
      connection.onopen = (session) => outcome.put(session.authmethod);
      connection.onclose = (reason, details) => void outcome.put([reason, details.reason, details.will_retry]);
      connection.open();
      const first = await outcome.take();
      if (typeof first === 'string') await connection.close();
      return first;
    };
    const { ticket, wampcra, cryptosign } = users;
    is(await joined(ticket.authid, 'ticket', () => ticket.secret), 'ticket');
    is(await joined(ticket.authid, 'ticket', async () => [ticket.secret, {}]), 'ticket');
    is(await joined(ticket.authid, 'ticket', () => 'wrong'), ['closed', refusal, false]);
    const refused = ['closed', 'wamp.error.cannot_authenticate', false];
    const reason = new RangeError('no idea');
    is(await joined(ticket.authid, 'ticket', () => Promise.reject(reason)), refused);
    is(await joined(ticket.authid, 'ticket', () => 7), refused);
    const sign = (_session, method, extra) => auth_cra.sign(wampcra.secret, extra.challenge);
    is(await joined(wampcra.authid, 'wampcra', sign), 'wampcra');
    const salted = users['wampcra-salted'];
    const derive = (_session, _method, { challenge, salt, iterations, keylen }) =>
      auth_cra.sign(auth_cra.derive_key(salted.secret, salt, iterations, keylen), challenge);
    is(await joined(salted.authid, 'wampcra', derive), 'wampcra');
    const pubkey = auth_cryptosign.public_key(cryptosign.secret);
    const seed = Uint8Array.from(cryptosign.secret.match(/../g), (octet) => parseInt(octet, 16));
    is([auth_cryptosign.public_key(seed), pubkey.length], [pubkey, 64]);
    for (const key of [cryptosign.secret, seed]) {
      const answer = (_session, _method, extra) => auth_cryptosign.sign_challenge(key, extra);
      is(await joined(cryptosign.authid, 'cryptosign', answer, { authextra: { pubkey } }), 'cryptosign');
    }
    const options = { transports: auth, authmethods: ['ticket'], authid: ticket.authid };
    const component = new Component({ ...options, onchallenge: () => Promise.reject(reason) });
    const error = await fails(component.start(), 'ConnectError', 'wamp.error.cannot_authenticate');
    ok(error.cause === reason, 'the error itself is the cause');
  },

  'the helpers compute what others do': async () => {
    const { is, fails, lib } = kit;
    const { auth_cra, auth_cryptosign, initAuth } = await lib();
    await initAuth();
    is(auth_cra.sign('L3L1YUE8Txlw', '[1, 2, 3]'), '1njQtmmeYO41N5EWEzD2kAjjEKRZ5kPZt/TzpYXOzR0=');
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('secret'), 'PBKDF2', false, ['deriveBits']);
    const wanted = { name: 'PBKDF2', hash: 'SHA-256', salt: new TextEncoder().encode('salt'), iterations: 100 };
    const bits = new Uint8Array(await crypto.subtle.deriveBits(wanted, key, 128));
    is(auth_cra.derive_key('secret', 'salt', 100, 16), btoa(String.fromCharCode(...bits)));
    is(auth_cra.derive_key('secret', 'salt'), auth_cra.derive_key('secret', 'salt', 1000, 32));
    const bad = (run, name, uri) => fails(Promise.resolve().then(run), name, uri);
    await bad(() => auth_cra.sign(7, 'x'), 'TypeError');
    await bad(() => auth_cra.derive_key('secret', 'salt', 0), 'TypeError');
    await bad(() => auth_cra.derive_key('secret', 'salt', 2 ** 31, 32), 'WampError', 'wamp.error.invalid_argument');
    await bad(() => auth_cryptosign.public_key('zz'), 'WampError', 'wamp.error.invalid_argument');
    await bad(() => auth_cryptosign.sign_challenge('ab'.repeat(32), { challenge: 'zz' }), 'WampError');
    await bad(() => auth_cryptosign.sign_challenge('ab'.repeat(32), {}), 'TypeError');
  },
};
