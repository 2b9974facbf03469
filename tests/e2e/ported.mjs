// Tests of what code for other WAMP clients expects, and of options that few programs set. They run
// where those of package.mjs do.

export const once = {
  'a session lists its subscriptions and registrations, and ends them': async ({ router }) => {
    const { is, fails, open } = kit;
    const session = await open({ router });
    const subscription = await session.subscribe('page.ported.topic', () => {});
    const stream = await session.subscribe('page.ported.stream');
    const registration = await session.register('page.ported.proc', () => 1);
    is(session.subscriptions.map(({ topic }) => topic), ['page.ported.topic', 'page.ported.stream']);
    is(session.registrations.map(({ procedure }) => procedure), ['page.ported.proc']);
    await session.unsubscribe(subscription);
    await stream.unsubscribe();
    await session.unregister(registration);
    is([session.subscriptions.length, session.registrations.length], [0, 0]);
    // As the methods of the objects, once more is no error.
    await session.unsubscribe(subscription);
    for (const wrong of [undefined, null, {}, registration]) {
      await fails(session.unsubscribe(wrong === registration ? 'page.ported.topic' : wrong), 'TypeError');
    }
    const other = await open({ router });
    const theirs = await other.subscribe('page.ported.topic', () => {});
    await fails(session.unsubscribe(theirs), 'TypeError');
  },

  'features, log and defer have the forms of Autobahn|JS': async ({ router }) => {
    const { is, ok, fails, open, lib } = kit;
    const { setLogLevel } = await lib();
    const session = await open({ router });
    is(Object.keys(session.features), ['publisher', 'subscriber', 'caller', 'callee']);
    ok(session.features.caller.call_canceling === true, 'a feature of the dealer');
    const { promise, resolve } = session.defer();
    resolve(7);
    is(await promise, 7);
    const { info } = console;
    const lines = [];
    console.info = (...words) => lines.push(words.join(' '));
    try {
      session.log('unheard');
      setLogLevel('info');
      session.log('heard', 1);
    } finally {
      console.info = info;
      setLogLevel('warn');
    }
    is(lines, [`WAMP session ${session.id} in realm1: heard 1`]);
    await fails(Promise.resolve().then(() => setLogLevel('loud')), 'TypeError');
  },

  'a trace tells each message with its size': async ({ router }) => {
    const { is, ok, lib, fails } = kit;
    const { connect } = await lib();
    for (const [serializer, batched] of [['cbor', false], ['msgpack', true], ['json', false], ['json', true]]) {
      const entries = [];
      const session = await connect({
        url: router,
        realm: 'realm1',
        serializers: [serializer],
        batched,
        trace: (entry) => entries.push(entry),
      });
      await Promise.all([session.publish('page.traced', [1, 'a']), session.call('wamp.session.count')]);
      await session.leave();
      await kit.until(() => entries.at(-1)?.type === 'GOODBYE' && entries.length >= 7, 'the trace is complete');
      const types = entries.map(({ direction, type }) => `${direction} ${type}`);
      is(types.slice(0, 4), ['send HELLO', 'receive WELCOME', 'send PUBLISH', 'send CALL'], `${serializer}`);
      const [publish] = entries.filter(({ type }) => type === 'PUBLISH');
      is(publish.message.slice(3), ['page.traced', [1, 'a']], 'the message');
      ok(entries.every(({ size, time }) => size > 0 && time > 0), 'with sizes');
    }
    const { debug } = console;
    const lines = [];
    console.debug = (...words) => lines.push(words[0]);
    try {
      await (await connect({ url: router, realm: 'realm1', trace: true })).leave();
      await kit.until(() => lines.length >= 4, 'lines on the console');
    } finally {
      console.debug = debug;
    }
    ok(/^wampwerk: → HELLO, \d+ bytes$/.test(lines[0]), lines[0]);
    await fails(connect({ url: router, realm: 'realm1', trace: 'all' }), 'TypeError');
  },

  'a WebSocket of one\'s own is used': async ({ router }) => {
    const { is, ok, lib, fails } = kit;
    const { connect, Component } = await lib();
    const made = [];
    class Own extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols);
        made.push([url, protocols.length]);
      }
    }
    const session = await connect({ url: router, realm: 'realm1', WebSocket: Own });
    is(await session.call('wamp.session.get', [session.id]).then(({ session: id }) => id), session.id);
    await session.leave();
    const component = new Component({ transports: [router], WebSocket: Own, main: (joined) => joined.call('wamp.session.count') });
    await component.start();
    is(made, [[router, 3], [router, 3]]);
    const refusing = function () {
      throw new RangeError('no socket today');
    };
    const error = await fails(connect({ url: router, realm: 'realm1', WebSocket: refusing }), 'ConnectError');
    ok(error.message.includes('no socket today'), error.message);
    await fails(connect({ url: router, realm: 'realm1', WebSocket: 'ws' }), 'TypeError');
  },

  'further details of HELLO are sent, and those with options are refused': async ({ router }) => {
    const { is, lib, fails } = kit;
    const { connect } = await lib();
    let hello;
    const trace = ({ type, message }) => type === 'HELLO' && (hello = message);
    const session = await connect({ url: router, realm: 'realm1', helloDetails: { x_app: { version: 3 } }, trace });
    await session.leave();
    is(hello[2].x_app, { version: 3 });
    await fails(connect({ url: router, realm: 'realm1', helloDetails: { authid: 'joe' } }), 'TypeError');
  },

  'limits are applied, and wrong ones are refused': async ({ router }) => {
    const { is, lib, fails, open } = kit;
    const { connect } = await lib();
    const plain = await open({ router });
    const session = await connect({ url: router, realm: 'realm1', limits: { running: 2000, details: 3000, queue: 2000 } });
    // Two calls of 1500 bytes are at work: one of them alone is accepted.
    let go;
    const started = new Promise((started) => {
      void session.register('com.limits.slow', () => {
        started();
        return new Promise((answer) => (go = answer));
      });
    });
    while (!(await plain.call('wamp.registration.lookup', ['com.limits.slow']))) {}
    const first = plain.call('com.limits.slow', ['x'.repeat(1500)]);
    await started;
    const error = await fails(plain.call('com.limits.slow', ['x'.repeat(1500)]), 'WampError');
    is(error.uri, 'wamp.error.unavailable');
    go(7);
    is(await first, 7);
    await session.leave();
    for (const limits of [{ detail: 1 }, { queue: 0 }, { queue: 1.5 }, { running: 2 ** 31 }, 7]) {
      await fails(connect({ url: router, realm: 'realm1', limits }), 'TypeError');
    }
  },

  'a silent router is asked for a sign of life, and given up if it does not answer': async ({ router }) => {
    const { is, ok, lib, fails } = kit;
    const { connect, Component } = await lib();
    const asked = [];
    let isMuted = false;
    const Base = globalThis.WebSocket;
    class WebSocket extends Base {
      set onmessage(take) {
        super.onmessage = take && ((event) => isMuted || take(event));
      }
    }
    const trace = ({ direction, type }) => type === 'UNREGISTER' && asked.push(direction);
    const heartbeat = { interval: 60, timeout: 700 };
    const session = await connect({ url: router, realm: 'realm1', heartbeat, trace, WebSocket });
    while (asked.length < 3) {
      await new Promise((done) => setTimeout(done, 20));
    }
    ok(session.isOpen, 'it is answered');
    is(await session.call('wamp.session.count') > 0, true);
    isMuted = true;
    const begin = performance.now();
    const pending = session.call('wamp.session.count');
    const { kind, reason, message } = await session.closed;
    is([kind, reason], ['timed-out', 'wamp.error.timeout']);
    ok(message.includes('the router was silent for 60ms, and did not answer within 700ms'), message);
    ok(performance.now() - begin > 600, 'it had its time');
    await fails(pending, 'SessionClosedError');

    // A component is there again.
    let joins = 0;
    const component = new Component({
      transports: { url: router, initial_retry_delay: 0.01 },
      heartbeat: { interval: 40, timeout: 200 },
      WebSocket,
    });
    isMuted = false;
    const twice = new Promise((done) => component.on('join', () => {
      joins++;
      isMuted = joins === 1;
      if (joins === 2) done();
    }));
    component.on('retry', () => void (isMuted = false));
    const running = component.start();
    await twice;
    await component.stop();
    await running;
    for (const wrong of [5, {}, { interval: 0 }, { interval: 1, timeout: '1' }, { interval: 1, time: 1 }]) {
      await fails(connect({ url: router, realm: 'realm1', heartbeat: wrong }), 'TypeError');
    }
  },

  'options are sent to a router that announces nothing if the risk is taken': async ({ router }) => {
    const { is, lib, fails } = kit;
    const { connect } = await lib();
    const Base = globalThis.WebSocket;
    // The router's WELCOME, without what it announces.
    class WebSocket extends Base {
      set onmessage(take) {
        super.onmessage = take && ((event) => {
          const message = JSON.parse(event.data);
          if (message[0] !== 2) return take(event);
          message[2].roles = { broker: {}, dealer: {} };
          return take({ data: JSON.stringify(message) });
        });
      }
    }
    const options = { url: router, realm: 'realm1', serializers: ['json'], WebSocket };
    for (const riskUnannounced of [undefined, false, true]) {
      const session = await connect({ ...options, riskUnannounced });
      const events = [];
      await session.subscribe('page.unannounced', (args) => void events.push(args));
      const published = session.publish('page.unannounced', [1], {}, { excludeMe: false, acknowledge: true });
      if (riskUnannounced) {
        await published;
        await session.call('wamp.session.count');
        is(events, [[1]]);
      } else {
        await fails(published, 'WampError', 'wamp.error.feature_not_supported');
      }
      await session.leave();
    }
    await fails(connect({ ...options, riskUnannounced: 'yes' }), 'TypeError');
  },

  'stacks are sent to callers of a role, and to nobody else': async ({ router }) => {
    const { is, ok, lib, fails, open } = kit;
    const { connect, WampError } = await lib();
    const caller = await open({ router });
    const role = caller.authrole;
    const disclosed = { discloseCaller: true };
    const failing = () => {
      throw new RangeError('out of cheese', { cause: new Error('the shop is closed') });
    };
    const callee = await connect({ url: router, realm: 'realm1', tracebacks: ['other', role] });
    await callee.register('com.traces.fails', failing, disclosed);
    await callee.register('com.traces.undisclosed', failing);
    const error = await fails(caller.call('com.traces.fails'), 'WampError', 'wamp.error.runtime_error');
    is([error.args, error.message], [['out of cheese'], 'wamp.error.runtime_error: out of cheese']);
    is(error.kwargs, { traceback: error.traceback });
    ok(error.traceback.every((line) => typeof line === 'string' && line.length <= 400), 'lines');
    const all = error.traceback.join('\n');
    // Firefox and Safari leave the message out of the stack.
    ok(all.includes('failing') && all.includes('caused by: '), all);
    is('traceback' in (await fails(caller.call('com.traces.undisclosed'), 'WampError')), false);

    // Thrown again, for others.
    const middle = await connect({ url: router, realm: 'realm1' });
    const passing = async () => middle.call('com.traces.fails');
    await middle.register('com.traces.passes', passing, disclosed);
    const passed = await fails(caller.call('com.traces.passes'), 'WampError', 'wamp.error.runtime_error');
    is([passed.args, passed.kwargs, 'traceback' in passed], [['out of cheese'], {}, false]);
    await callee.register('com.traces.passes.on', async () => callee.call('com.traces.fails'), disclosed);
    const lines = (await fails(caller.call('com.traces.passes.on'), 'WampError')).traceback;
    ok(lines.join('\n').includes('failing'), 'for the same role it passes');

    // Others, and values of the same name.
    const other = await connect({ url: router, realm: 'realm1', tracebacks: ['other'] });
    await other.register('com.traces.other', failing, disclosed);
    is((await fails(caller.call('com.traces.other'), 'WampError')).kwargs, {});
    await callee.register('com.traces.own', () => {
      throw new WampError('com.error.own', [], { traceback: 'my own' });
    }, disclosed);
    const own = await fails(caller.call('com.traces.own'), 'WampError', 'com.error.own');
    is([own.kwargs, 'traceback' in own], [{ traceback: 'my own' }, false]);
    for (const session of [callee, middle, other]) await session.leave();
    await fails(connect({ url: router, realm: 'realm1', tracebacks: 'other' }), 'TypeError');
  },

  'payloads are encoded by a codec of one\'s own, in both forms': async ({ router }) => {
    const { is, ok, lib, fails, open } = kit;
    const { connect, WampError } = await lib();
    const turned = (bytes) => bytes.map((byte) => byte ^ 13);
    const plain = await open({ router });
    for (const form of ['ppt', 'enc']) {
      const sides = new Set();
      const payloadCodec = {
        encode(uri, args, kwargs, side) {
          sides.add(side);
          if (uri === 'page.codec.plain') return undefined;
          if (args[0] === 'unencodable') throw new WampError('page.error.codec', ['it cannot be encoded']);
          const payload = turned(new TextEncoder().encode(JSON.stringify([args, kwargs])));
          return { form, scheme: 'x_turned', serializer: 'json', payload };
        },
        decode(uri, { scheme, form: theirs, payload }) {
          is([scheme, theirs], ['x_turned', form]);
          const [args, kwargs] = JSON.parse(new TextDecoder().decode(turned(payload)));
          return { args, kwargs };
        },
      };
      const session = await connect({ url: router, realm: 'realm1', payloadCodec });
      const registration = await session.register('page.codec.add', ([a], { b }) => {
        if (a === 0) throw new WampError('page.error.zero', ['zero', b]);
        return a + b;
      });
      is(await session.call('page.codec.add', [40], { b: 2 }), 42);
      const error = await fails(session.call('page.codec.add', [0], { b: 2 }), 'WampError', 'page.error.zero');
      is(error.args, ['zero', 2]);
      const { promise, resolve } = session.defer();
      await session.subscribe('page.codec.topic', (args, kwargs) => resolve([args, kwargs]));
      await session.publish('page.codec.topic', ['é', [1.5]], { k: null }, { excludeMe: false });
      is(await promise, [['é', [1.5]], { k: null }]);
      // What is not encoded passes, and who has no codec is told so.
      is(await plain.call('page.codec.add', [1], { b: 1 }), 2);
      const theirs = await plain.register('page.codec.theirs', () => 1);
      await fails(session.call('page.codec.theirs'), 'WampError', 'wamp.error.feature_not_supported');
      await theirs.unregister();
      const refused = await fails(session.call('page.codec.add', ['unencodable']), 'WampError', 'page.error.codec');
      ok(refused.args[0] === 'it cannot be encoded', refused.args[0]);
      is([...sides].toSorted(), ['originator', 'responder']);
      await registration.unregister();
      await session.leave();
    }
    await fails(connect({ url: router, realm: 'realm1', payloadCodec: { encode() {} } }), 'TypeError');
  },

  'cryptobox: calls, events and errors are sealed between those who have the keys': async ({ router }) => {
    const { is, lib, fails, channel } = kit;
    const { connect, WampError } = await lib();
    const { Key, KeyRing } = await kit.cryptobox();
    const [callers, callees] = await Promise.all([KeyRing.generateKey(), KeyRing.generateKey()]);
    const open = (payloadCodec, trace) => connect({ url: router, realm: 'realm1', payloadCodec, trace });
    const seen = [];
    const trace = ({ type, message }) => ['CALL', 'RESULT', 'EVENT'].includes(type) && seen.push(message);
    const callee = await open(new KeyRing().setKey('page.box.', Key.responder(callees.private, callers.public)), undefined);
    const caller = await open(new KeyRing().setKey('page.box.', Key.originator(callers.private, callees.public)), trace);
    await callee.register('page.box.add', ([a, b], { what }) => {
      if (what === 'fail') throw new WampError('page.box.error', ['sealed, too']);
      return a + b;
    });
    is(await caller.call('page.box.add', [2, 40]), 42);
    is((await fails(caller.call('page.box.add', [], { what: 'fail' }), 'WampError', 'page.box.error')).args, ['sealed, too']);
    const events = channel();
    await callee.subscribe('page.box.topic', (args) => events.put(args));
    await caller.publish('page.box.topic', ['for friends'], {}, { acknowledge: true });
    is(await events.take(), ['for friends']);
    const [code, , options, uri, payload] = seen.find(([first]) => first === 48);
    is([code, options.enc_algo, options.enc_serializer, uri, payload instanceof Uint8Array], [48, 'cryptobox', 'json', 'page.box.add', true]);
    const stranger = await open(new KeyRing().setKey('page.box.', Key.shared(callers.private)));
    await fails(stranger.call('page.box.add', [1, 2]), 'WampError', 'wamp.error.encryption.decrypt_error');
    for (const session of [callee, caller, stranger]) await session.leave();
  },

  'strict URIs are checked before they are sent': async ({ router }) => {
    const { is, lib, fails } = kit;
    const { connect } = await lib();
    const { isUri } = await kit.patterns();
    const session = await connect({ url: router, realm: 'realm1', strictUris: true });
    for (const request of [
      () => session.call('com.Example'),
      () => session.publish('com.exa mple', []),
      () => session.subscribe('com..x', () => {}),
      () => session.register('com.example-x', () => {}),
    ]) {
      await fails(request(), 'WampError', 'wamp.error.invalid_uri');
    }
    const wild = await session.subscribe('com..x', () => {}, { match: 'wildcard' });
    await wild.unsubscribe();
    await session.leave();
    const checks = [
      ['com.example', {}, true], ['com.Exa', {}, true], ['com.Exa', { strict: true }, false], ['com..x', {}, false],
      ['com..x', { match: 'wildcard' }, true], ['com.', { match: 'prefix' }, true], ['a b', {}, false], ['a#', {}, false], ['', {}, false],
      ['', { match: 'prefix' }, true], [7, {}, false],
    ];
    for (const [text, options, expected] of checks) {
      is(isUri(text, options), expected, `${text} ${JSON.stringify(options)}`);
    }
  },

  'patterns with named components': async () => {
    const { is, lib, fails } = kit;
    const { UriPattern } = await kit.patterns();
    const cases = [
      ['com.example.<id:int>.<name>', 'com.example..', 'wildcard', 'com.example.7.joe', { id: 7, name: 'joe' }],
      ['com.example.<id:int>.<name>', 'com.example..', 'wildcard', 'com.example.x.joe', null],
      ['com.<rest:suffix>', 'com.', 'prefix', 'com.a.b', { rest: 'a.b' }],
      ['com..x', 'com..x', 'wildcard', 'com.q.x', {}],
      ['com.plain', 'com.plain', 'exact', 'com.plain', {}],
      ['com.plain', 'com.plain', 'exact', 'com.plane', null],
    ];
    for (const [text, uri, match, given, found] of cases) {
      const pattern = new UriPattern(text);
      is([pattern.uri, pattern.match, pattern.extract(given)], [uri, match, found], text);
    }
    for (const text of ['a.<x>.<x>', 'a.<x:suffix>.b', '<a>.<b:suffix>', 'a.<x:float>', 'a b', 7]) {
      await fails(Promise.resolve().then(() => new UriPattern(text)), 'TypeError');
    }
  },

  'starred URIs': async () => {
    const { is, fails } = kit;
    const { fromStarred } = await kit.patterns();
    for (const [text, uri, match] of [
      ['com.example.add', 'com.example.add', 'exact'],
      ['com.example.*', 'com.example.', 'prefix'],
      ['com.ex*', 'com.ex', 'prefix'],
      ['*', '', 'prefix'],
      ['com.*.add', 'com..add', 'wildcard'],
      ['*.add', '.add', 'wildcard'],
      ['com.*.*', 'com..', 'wildcard'],
      ['*.*', '.', 'wildcard'],
    ]) {
      is(fromStarred(text), { uri, match }, text);
    }
    for (const text of ['', 'com..add', 'com.a*b.c', 'com.*.add*', 'com..*.add', 'com.a b.*', 'com..*', 7]) {
      await fails(Promise.resolve().then(() => fromStarred(text)), 'TypeError');
    }
  },

  'a request of more than 512 MiB is refused before it is copied, and the session goes on': async ({ router }) => {
    const { is, lib, fails } = kit;
    const { connect } = await lib();
    const large = new Uint8Array(2 ** 29);
    for (const serializer of ['cbor', 'msgpack']) {
      const session = await connect({ url: router, realm: 'realm1', serializers: [serializer] });
      for (const request of [
        () => session.publish('page.large', [large]),
        () => session.call('page.large', [], { large }),
      ]) {
        const { message } = await fails(request(), 'EncodeError', 'wamp.error.payload_size_exceeded');
        is(message, 'the request has more than 536870912 bytes, the most that the wasm module can take');
      }
      await session.register('page.small', ([n]) => n);
      is(await session.call('page.small', [7]), 7);
      await session.leave();
    }
  },

  'an error of a handler goes to onUserError of the session': async ({ router }) => {
    const { is, lib } = kit;
    const { connect } = await lib();
    const told = kit.channel();
    const onUserError = (error, where) => told.put([error.message, where]);
    const session = await connect({ url: router, realm: 'realm1', onUserError });
    await session.subscribe('page.user.error', () => {
      throw new Error('of the handler');
    });
    await session.publish('page.user.error', [], {}, { excludeMe: false });
    is(await told.take(), ['of the handler', 'error in an event handler']);
    await session.leave();
  },

  'the signal of connect works while onWelcome runs': async ({ router }) => {
    const { is, ok, lib } = kit;
    const { connect } = await lib();
    const abort = new AbortController();
    const reason = new RangeError('enough');
    let seen;
    const connecting = connect({
      url: router,
      realm: 'realm1',
      signal: abort.signal,
      onWelcome: (welcome) => {
        seen = welcome;
        queueMicrotask(() => abort.abort(reason));
        return new Promise(() => {});
      },
    });
    is(await connecting.catch((error) => error === reason), true, 'the reason itself');
    ok(seen.roles !== undefined, 'it had begun');
  },

  'return() of a loop over a call cancels it, also before it has begun': async ({ router }) => {
    const { is, open, fails } = kit;
    const session = await open({ router });
    const aborted = kit.channel();
    await session.register('page.returned', (args, kwargs, { signal }) => {
      signal.addEventListener('abort', () => aborted.put(true));
      return new Promise(() => {});
    });
    const call = session.call('page.returned');
    const loop = call[Symbol.asyncIterator]();
    await new Promise((resolve) => setTimeout(resolve, 50));
    is(await loop.return(3), { value: 3, done: true });
    await fails(call, 'WampError', 'wamp.error.canceled');
    is(await aborted.take(), true);
  },

  'lost events of a component are told to onLagged, with the topic to onUserError': async ({ router }) => {
    const { is, ok, open, lib } = kit;
    const { Component } = await lib();
    const publisher = await open({ router });
    const losses = { told: 0, missed: 0, where: undefined };
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    const seen = { a: 0, b: 0 };
    const component = new Component({
      transports: router,
      onUserError: (error, where) => (losses.where = [error.message, where]),
    });
    component.subscribe('page.lagged.a', (args, kwargs, { missed = 0 }) => ((losses.missed += missed), seen.a++, gate), {
      queue: 4,
      onLagged: (missed) => (losses.told += missed),
    });
    component.subscribe('page.lagged.b', () => (seen.b++, gate), { queue: 4 });
    const ready = new Promise((resolve) => component.on('ready', resolve));
    const running = component.start();
    await ready;
    for (let n = 0; n < 400; n++) {
      for (const topic of ['page.lagged.a', 'page.lagged.b']) void publisher.publish(topic, [n]);
    }
    await publisher.publish('page.lagged.a', ['last'], {}, { acknowledge: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    go();
    await kit.until(() => losses.told > 0 && losses.where !== undefined && seen.a + losses.told >= 401, 'all are seen or told');
    // All that came before may be lost together, and then this is the next.
    await publisher.publish('page.lagged.a', ['next'], {}, { acknowledge: true });
    await kit.until(() => seen.a + losses.told >= 402, 'the next one is seen');
    ok(losses.missed > 0 && losses.missed <= losses.told, 'the next event tells it, too');
    is(losses.where[1], 'error in the subscription of page.lagged.b');
    ok(/^wamp\.error\.unavailable: \d+ events of page\.lagged\.b were dropped/.test(losses.where[0]), losses.where[0]);
    await component.stop();
    await running;
  },
};

/** For routers that know users. */
export const withUsers = {
  'onchallenge gets a session that is not joined yet': async ({ auth, users }) => {
    const { is, lib } = kit;
    const { connect, auth_cra } = await lib();
    const { authid, secret } = users.wampcra;
    let seen;
    const onchallenge = (session, method, { challenge }) => {
      const { promise, resolve } = session.defer();
      seen = [session.realm, session.isOpen, session.id, typeof session.log, method];
      resolve(auth_cra.sign(secret, challenge));
      return promise;
    };
    const session = await connect({ url: auth, realm: 'realm1', authmethods: ['wampcra'], authid, onchallenge });
    is(seen, ['realm1', false, null, 'function', 'wampcra']);
    await session.leave();
  },
};
