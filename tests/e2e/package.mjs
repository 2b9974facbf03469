// Tests of the package that run inside the page. Each is a function of its own that is sent there;
// all that it knows is `kit` and its argument.

/** Run once for each serializer. */
export const withEach = {
  'values survive the trip to the component and back': async (where) => {
    const { open, is } = kit;
    const session = await open(where);
    is(session.serializer, where.serializer);
    const big = [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n];
    const all = new Uint8Array(256).map((_, index) => index);
    const values = [
      null, true, false, 0, -1, 255, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -(2 ** 53), 1.5, -0.1, 1e300, 5e-324,
      '', 'plain', 'żółw 🐢 \u0000\u001f"\\', [], {}, [[], [null]], { a: { b: [1, { c: null }] }, '': 1 },
      new Uint8Array(), all, [new Uint8Array([0, 255])], { blob: all.subarray(100, 103) }, ...big,
      new Uint8Array(70_000).fill(7), 'x'.repeat(70_000),
    ];
    for (const value of values) {
      is(await session.call('demo.echo', [value]), value);
    }
    const result = await session.call('demo.echo', values, { bytes: all, big: big[0] });
    is(result.args, values);
    is(result.kwargs, { bytes: all, big: big[0] });
  },

  'what has another form here arrives in the one form there': async (where) => {
    const { open, is } = kit;
    const session = await open(where);
    const echo = (value) => session.call('demo.echo', [value]);
    const words = new Uint16Array([1, 2, 3, 4]);
    is(await echo(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]), 'ArrayBuffer');
    is(await echo(words.subarray(1, 3)), new Uint8Array(words.buffer.slice(2, 6)), 'Uint16Array');
    is(await echo(new DataView(words.buffer, 1, 2)), new Uint8Array(words.buffer.slice(1, 3)), 'DataView');
    is(await echo(new Map([['a', new Map()]])), { a: {} }, 'Map');
    is(await echo([undefined, , 1]), [null, null, 1], 'undefined');
    is(await echo({ a: undefined }), { a: null }, 'undefined in an object');
    is(await echo([1n, -5n]), [1, -5], 'small BigInt');
    is(await echo(new Date(0)), '1970-01-01T00:00:00.000Z', 'Date');
    is(await echo(new (class Point { x = 1; #y = 2; get z() { return 3; } })()), { x: 1 }, 'instance');
    is(await echo(Object.create(null, { a: { value: 1, enumerable: true } })), { a: 1 }, 'no prototype');
    const odd = await echo(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'));
    is(Object.keys(odd), ['__proto__', 'constructor'], '__proto__');
    is(odd.polluted, undefined, '__proto__');
  },

  'what cannot be sent is refused with its place': async (where) => {
    const { open, fails, is, ok } = kit;
    const session = await open(where);
    const cycle = { a: [] };
    cycle.a.push(cycle);
    let deep = null;
    for (let level = 0; level < 120; level++) deep = [deep];
    let wide = 'x';
    for (let level = 0; level < 60; level++) wide = [wide, wide];
    for (const [args, kwargs, text] of [
      [[1, { user: { name: () => {} } }], {}, 'args[1].user.name is a function'],
      [[Symbol('s')], {}, 'args[0] is a symbol'],
      [[], { 'a b': [new Set()] }, 'kwargs["a b"][0] is an object of the kind Set'],
      [[new Error('x')], {}, 'args[0] is an object of the kind Error'],
      [[Promise.resolve()], {}, 'args[0] is an object of the kind Promise'],
      [[2n ** 128n], {}, 'args[0] is an integer of more than 128 bits'],
      [[new Map([[1, 2]])], {}, 'args[0] is a map with a key that is not a string'],
      [[cycle], {}, 'or contains itself'],
      [[deep], {}, 'deeper than 100 levels'],
      [[wide], {}, '(4194304 may be altogether)'],
      [[new Array(2 ** 32 - 1)], {}, '(4194304 may be altogether)'],
      [[{ get x() { throw new Error('no way'); } }], {}, 'args[0] cannot be read: no way'],
      [[new Proxy([], { get() { throw new Error('closed'); } })], {}, 'args[0] cannot be read: closed'],
    ]) {
      const error = await fails(session.call('demo.echo', args, kwargs), 'EncodeError');
      ok(error.message.includes(text), `"${error.message}" tells "${text}"`);
    }
    await fails(session.publish('e2e.topic', [() => {}]), 'EncodeError');
    await fails(session.call('demo.add', [2, 3], {}, { disclose_me: 'yes' }), 'EncodeError');
    await fails(session.call('demo.add', 2), 'TypeError');
    await fails(session.call(17), 'TypeError');
    is(await session.call('demo.add', [2, 3]), 5, 'the session goes on');
  },

  'results have the shape that the callee gave them': async (where) => {
    const { open, is, lib } = kit;
    const { Result } = await lib();
    const session = await open(where);
    const shapes = {
      none: () => {},
      one: () => 1,
      later: async () => [1, 2],
      null: () => null,
      several: () => new Result([1, new Uint8Array([2])]),
      keywords: () => new Result([], { a: 2n ** 60n }),
      empty: () => new Result(),
    };
    const expected = {
      none: undefined,
      one: 1,
      later: [1, 2],
      null: null,
      several: new Result([1, new Uint8Array([2])]),
      keywords: new Result([], { a: 2n ** 60n }),
      empty: undefined,
    };
    const callee = await open(where);
    for (const [name, endpoint] of Object.entries(shapes)) {
      await callee.register(`e2e.shape.${name}`, endpoint);
      is(await session.call(`e2e.shape.${name}`), expected[name], name);
    }
  },

  'errors are Errors with URI, args and kwargs': async (where) => {
    const { open, is, ok, fails, lib } = kit;
    const { WampError } = await lib();
    const session = await open(where);
    const refused = await fails(session.call('demo.fail', ['so it is']), 'WampError', 'demo.error.refused');
    is(refused.args, ['so it is']);
    is(refused.kwargs, { retry: false });
    is(refused.message, 'demo.error.refused: so it is (retry: false)');
    // Firefox writes the places only.
    ok(refused.stack.includes('demo.error.refused') || /@\S+:\d+:\d+/.test(refused.stack), 'it has a stack');
    await fails(session.call('e2e.no.such'), 'WampError', 'wamp.error.no_such_procedure');
    await fails(session.call('demo.add', ['x', 'y']), 'WampError', 'wamp.error.invalid_argument');
    // Crossbar closes the connection at that.
    if (where.ours) await fails(session.call('not a uri'), 'WampError', 'wamp.error.invalid_uri');
    await session.register('e2e.taken', () => {});
    await fails(session.register('e2e.taken', () => {}), 'WampError', 'wamp.error.procedure_already_exists');
    await session.register('e2e.throw', async ([what]) => {
      const thrown = {
        wamp: new WampError('e2e.error.own', [new Uint8Array([1]), 2n ** 60n], { a: [1] }),
        error: new RangeError('out of range'),
        text: 'just a text',
        nothing: undefined,
        object: { toString: () => 'an object' },
        hostile: { toString() { throw new Error('no'); } },
        bare: new WampError('e2e.error.bare'),
      };
      throw thrown[what];
    });
    const caller = await open(where);
    const thrown = async (what, uri) => (await fails(caller.call('e2e.throw', [what]), 'WampError', uri));
    const own = await thrown('wamp', 'e2e.error.own');
    is(own.args, [new Uint8Array([1]), 2n ** 60n]);
    is(own.kwargs, { a: [1] });
    is((await thrown('bare', 'e2e.error.bare')).args, []);
    is((await thrown('error', 'wamp.error.runtime_error')).args, ['out of range']);
    is((await thrown('text', 'wamp.error.runtime_error')).args, ['just a text']);
    is((await thrown('nothing', 'wamp.error.runtime_error')).args, ['undefined']);
    is((await thrown('object', 'wamp.error.runtime_error')).args, ['an object']);
    is((await thrown('hostile', 'wamp.error.runtime_error')).args, ['an error without a text']);
    await session.register('e2e.unsendable', () => ({ f: () => {} }));
    const unsendable = await fails(caller.call('e2e.unsendable'), 'WampError');
    ok(unsendable.args[0].includes('args[0].f is a function'), `"${unsendable.args[0]}" names the place`);
  },

  'S25: the message of an Error that an endpoint throws arrives': async (where) => {
    const { open, is, fails } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    is(callee.serializer, where.serializer);
    await callee.register('e2e.s25', () => {
      throw new Error('what went wrong');
    });
    const error = await fails(caller.call('e2e.s25'), 'WampError', 'wamp.error.runtime_error');
    is([error.args, error.message], [['what went wrong'], 'wamp.error.runtime_error: what went wrong']);
  },

  'the component calls what the page registers': async (where) => {
    const { open, is, ok, fails } = kit;
    const session = await open(where);
    const seen = [];
    const registration = await session.register('e2e.page', async (args, kwargs, details) => {
      seen.push(kwargs, details.procedure);
      await null;
      return args.reverse();
    });
    is(registration.procedure, 'e2e.page');
    ok(registration.id > 0 && registration.isActive, 'it is registered');
    const args = [1, new Uint8Array([9, 8]), 2n ** 62n];
    is(await session.call('demo.callback', ['e2e.page', args]), [...args].reverse());
    is(seen, [{}, 'e2e.page']);
    await registration.unregister();
    await registration.unregister();
    ok(!registration.isActive, 'it is no longer registered');
    await fails(session.call('demo.callback', ['e2e.page', []]), 'WampError', 'wamp.error.no_such_procedure');
  },

  'events reach handlers in order, until it unsubscribes': async (where) => {
    const { open, is, ok, collector } = kit;
    const [publisher, session] = [await open(where), await open(where)];
    const first = collector(100);
    const subscription = await session.subscribe('e2e.order', (args, kwargs, details) =>
      first.add([...args, kwargs, details.topic]),
    );
    ok(subscription.isActive && subscription.id > 0, 'it is active');
    for (let n = 0; n < 100; n++) publisher.publish('e2e.order', [n, new Uint8Array([n])], { big: 2n ** 60n });
    const expected = Array.from({ length: 100 }, (_, n) => [n, new Uint8Array([n]), { big: 2n ** 60n }, 'e2e.order']);
    is(await first.all, expected);
    const publication = await publisher.publish('e2e.order', ['seen'], {}, { acknowledge: true });
    is(publication.constructor.name, 'Publication');
    ok(Number.isSafeInteger(publication.id) && publication.id > 0, `${publication.id} is an id`);
    await subscription.unsubscribe();
    await subscription.unsubscribe();
    ok(!subscription.isActive, 'it is no longer active');
    const count = first.items.length;
    // Another subscription of the same session gets what is sent after it: so that had its time.
    const last = collector(1);
    await session.subscribe('e2e.last', last.add);
    await publisher.publish('e2e.order', ['late'], {}, { acknowledge: true });
    await publisher.publish('e2e.last', ['end'], {}, { acknowledge: true });
    await last.all;
    is(first.items.length, count, 'number of events');
  },

  'the publisher itself gets an event only if it wants to': async (where) => {
    const { open, is, collector } = kit;
    const session = await open(where);
    const got = collector(2);
    await session.subscribe('e2e.self', ([what]) => got.add(what));
    await session.publish('e2e.self', ['not to me']);
    is(await session.publish('e2e.self', ['to me'], null, { exclude_me: false }), undefined);
    await session.publish('e2e.self', ['again'], {}, { exclude_me: false, acknowledge: true });
    is(await got.all, ['to me', 'again']);
  },

  'a loop over events unsubscribes when it is left, and ends with the session': async (where) => {
    const { open, is, ok } = kit;
    const [publisher, session] = [await open(where), await open(where)];
    const stream = await session.subscribe('e2e.loop');
    for (let n = 0; n < 10; n++) await publisher.publish('e2e.loop', [n], { k: n });
    const seen = [];
    for await (const { args, kwargs, details } of stream) {
      seen.push(args[0] + kwargs.k);
      if (details.topic !== 'e2e.loop' || args[0] === 4) break;
    }
    is(seen, [0, 2, 4, 6, 8]);
    ok(!stream.isActive, 'leaving the loop ended it');
    is(await stream.next(), { done: true, value: undefined });

    const loop = (async () => {
      let count = 0;
      for await (const { args } of session.subscribe('e2e.loop')) {
        count++;
        if (args[0] === 'leave') session.leave();
      }
      return count;
    })();
    const other = await session.subscribe('e2e.loop.ready', () => {});
    ok(other.isActive, 'the loop is subscribed before this');
    await publisher.publish('e2e.loop', ['stay']);
    await publisher.publish('e2e.loop', ['leave']);
    is(await loop, 2);
  },

  'leaving ends everything with its reason': async (where) => {
    const { open, is, ok, fails } = kit;
    const session = await open(where);
    const callee = await open(where);
    await callee.register('e2e.never', () => new Promise(() => {}));
    const pending = session.call('e2e.never');
    const reasons = [];
    session.onClose((reason) => reasons.push(reason.kind));
    session.onClose((reason) => reasons.push('not called'))();
    ok(session.isOpen, 'it is open');
    is(session.closeReason, null);
    const [reason, error] = await Promise.all([session.leave(), fails(pending, 'SessionClosedError')]);
    is(reason.kind, 'left');
    is(error.uri, reason.reason);
    is(await session.closed, reason);
    is(session.closeReason, reason);
    is(reasons, ['left']);
    ok(!session.isOpen, 'it is closed');
    await fails(session.call('demo.echo'), 'SessionClosedError', reason.reason);
    await fails(session.publish('e2e.x'), 'SessionClosedError');
    await fails(session.subscribe('e2e.x', () => {}), 'SessionClosedError');
    await fails(session.register('e2e.x', () => {}), 'SessionClosedError');
    is((await session.leave()).kind, 'left', 'leaving again');
    const late = new Promise((resolve) => session.onClose(resolve));
    is((await late).kind, 'left', 'a callback that came late');
  },

  'no event is lost while a handler has had no chance to run': async (where) => {
    const { open, is, channel } = kit;
    const session = await open(where);
    const [all, lagged] = [channel(), []];
    const topic = `e2e.burst.${where.serializer}`;
    let count = 0;
    const handler = async ([n], kwargs, { missed }) => {
      await undefined;
      is([n, missed], [count, undefined]);
      count += 1;
      if (count === 3000) all.put(count);
    };
    await session.subscribe(topic, handler, { onLagged: (missed) => lagged.push(missed) });
    for (let n = 0; n < 3000; n++) void session.publish(topic, [n], {}, { excludeMe: false });
    is([await all.take(), lagged], [3000, []]);
  },

  'a loss is told at once, and with the next event': async (where) => {
    const { open, is, channel } = kit;
    const session = await open(where);
    const [told, missing] = [channel(), channel()];
    const topic = `e2e.loss.${where.serializer}`;
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    const handler = async (args, kwargs, { missed }) => {
      await gate;
      if (missed !== undefined) missing.put(missed);
    };
    await session.subscribe(topic, handler, { queue: 10, onLagged: (missed) => told.put(missed) });
    for (let n = 0; n < 200; n++) {
      await session.publish(topic, [n], {}, { excludeMe: false, acknowledge: true });
    }
    // A round trip, so that all of them have come.
    await session.call('demo.add', [1, 2]);
    go();
    const missed = await told.take();
    is(missed > 0 && missed <= 190, true, `${missed} lost`);
    await session.publish(topic, ['next'], {}, { excludeMe: false });
    is(await missing.take(), missed);
  },

  'handlers are let go with subscription, registration and session': async (where) => {
    const { open, is, isCollected } = kit;
    const make = () => {
      const handler = (args) => args[0];
      return [handler, new WeakRef(handler)];
    };
    const refs = {};
    const session = await open(where);
    const ended = await open(where);
    await (async () => {
      let handler;
      [handler, refs.subscription] = make();
      const subscription = await session.subscribe('e2e.leak', handler);
      [handler, refs.registration] = make();
      const registration = await session.register('e2e.leak', handler);
      is(await session.call('demo.callback', ['e2e.leak', [1]]), 1);
      await subscription.unsubscribe();
      await registration.unregister();
      [handler, refs.subscriptionOfSession] = make();
      await ended.subscribe('e2e.leak', handler);
      [handler, refs.registrationOfSession] = make();
      await ended.register('e2e.leak', handler);
      [handler, refs.onClose] = make();
      ended.onClose(handler);
      await ended.leave();
      [handler, refs.kept] = make();
      await session.subscribe('e2e.leak', handler);
      handler = undefined;
    })();
    // What still waits for events is kept, or this test would say nothing.
    const { kept } = refs;
    delete refs.kept;
    is(await isCollected(kept), false, 'what is subscribed is collected');
    for (const [name, ref] of Object.entries(refs)) {
      is(await isCollected(ref), true, `${name} is collected`);
    }
  },
};

/** Run once. */
export const once = {
  'a call that takes too long fails with TimeoutError': async (where) => {
    const { open, fails, is } = kit;
    const session = await open(where);
    await session.register('e2e.never', () => new Promise(() => {}));
    await fails(session.call('e2e.never', [], {}, { timeout: 50 }), 'TimeoutError', 'wamp.error.timeout');
    await fails(session.call('e2e.never', [], {}, { timeout: -1 }), 'TypeError');
    is(await session.call('demo.add', [1, 1], {}, { timeout: 10_000 }), 2);
  },

  'wrong options of connect() are told': async (where) => {
    const { fails, lib } = kit;
    const { connect } = await lib();
    const url = where.router;
    await fails(connect(), 'TypeError');
    await fails(connect({ url }), 'TypeError');
    await fails(connect(url, 'realm1'), 'TypeError');
    await fails(connect({ url, realm: 'realm1', timeOut: 1 }), 'TypeError');
    await fails(connect({ url, realm: 'realm1', serializers: 'cbor' }), 'TypeError');
    await fails(connect({ url, realm: 'realm1', timeout: 'soon' }), 'TypeError');
    await fails(connect({ url, realm: 'realm1', serializers: ['yaml'] }), 'ConnectError', 'wamp.error.invalid_argument');
    await fails(connect({ url, realm: 'realm1', serializers: [] }), 'ConnectError', 'wamp.error.invalid_argument');
    await fails(connect({ url: 'no url', realm: 'realm1' }), 'ConnectError', 'wamp.error.invalid_argument');
    await fails(connect({ url, realm: 'no.such.realm' }), 'ConnectError', 'wamp.error.no_such_realm');
    await fails(connect({ url, realm: 'realm1', discloseMe: 'yes' }), 'TypeError');
    await fails(connect({ url, realm: 'realm1', onWelcome: true }), 'TypeError');
  },

  'onWelcome has a look at WELCOME, and may refuse the session': async (where) => {
    const { open, is, ok, fails, lib } = kit;
    const { connect } = await lib();
    const [url, realm] = [where.router, 'realm1'];
    const left = kit.channel();
    const watcher = await open(where);
    await watcher.meta.onSessionLeave(() => left.put());
    const refusal = new RangeError('not this one');
    const refuse = async () => {
      throw refusal;
    };
    for (const [onWelcome, message, cause] of [
      [() => false, 'the session was refused by onWelcome', undefined],
      [refuse, 'not this one', refusal],
      [() => void refusal.no.such.thing, undefined, undefined],
    ]) {
      const error = await fails(connect({ url, realm, onWelcome }), 'ConnectError', 'wamp.error.cannot_authenticate');
      await left.take();
      if (message !== undefined) is([error.message, error.args], [message, [message]]);
      ok(message === undefined ? error.cause instanceof TypeError : error.cause === cause, `${error.cause} is the cause`);
    }
    const seen = [];
    const onWelcome = (welcome) => {
      seen.push(welcome);
      return seen.length < 2;
    };
    const session = await connect({ url, realm, onWelcome });
    ok(seen[0] === session.welcome && typeof seen[0].authid === 'string', 'it gets what the session has');
    await fails(session.rejoin(), 'ConnectError', 'wamp.error.cannot_authenticate');
    is(seen.length, 2, 'it is asked for each session');
  },

  'sessions of different serializers understand each other': async (where) => {
    const { open, is } = kit;
    const sessions = [];
    for (const serializer of ['cbor', 'msgpack', 'json']) {
      const session = await open({ ...where, serializer });
      await session.register(`e2e.mixed.${serializer}`, ([value]) => value);
      sessions.push(session);
    }
    const value = { bytes: new Uint8Array([0, 1, 255]), big: 2n ** 63n, list: [1.5, null, 'ż'] };
    for (const session of sessions) {
      for (const serializer of ['cbor', 'msgpack', 'json']) {
        is(await session.call(`e2e.mixed.${serializer}`, [value]), value, `${session.serializer} → ${serializer}`);
      }
    }
  },

  'many calls at a time': async (where) => {
    const { open, is } = kit;
    const session = await open(where);
    const sums = await Promise.all(Array.from({ length: 1000 }, (_, n) => session.call('demo.add', [n, 1])));
    is(sums, Array.from({ length: 1000 }, (_, n) => n + 1));
  },
};

/** Run once, in a page that may complain in its console. */
export const noisy = {
  'a router that is not there': async () => {
    const { fails, lib } = kit;
    const { connect } = await lib();
    // Port 1 is no port that browsers refuse, and nothing listens there.
    const error = await fails(connect({ url: 'ws://127.0.0.1:2/ws', realm: 'realm1' }), 'ConnectError');
    kit.ok(error.message.length > 10, `"${error.message}" says something`);
  },

  'a handler that throws is reported, and gets the next event': async (where) => {
    const { open, is, collector } = kit;
    const session = await open(where);
    const got = collector(2);
    const reported = new Promise((resolve) => addEventListener('error', (event) => resolve(event.error), { once: true }));
    await session.subscribe('e2e.throwing', ([n]) => {
      got.add(n);
      throw new Error(`handler ${n}`);
    });
    await session.publish('e2e.throwing', [1], {}, { exclude_me: false });
    await session.publish('e2e.throwing', [2], {}, { exclude_me: false });
    is(await got.all, [1, 2]);
    is((await reported).message, 'handler 1');
  },
};

/** Prepares a session that will see the end of the router. */
export async function expectEnd(where) {
  const session = await kit.open(where);
  await session.register('e2e.end', () => new Promise(() => {}));
  const pending = session.call('e2e.end').catch((error) => error.name);
  const reasons = [];
  session.onClose((reason) => reasons.push(reason));
  globalThis.ending = session.closed.then(async () => ({ reasons, pending: await pending }));
}
