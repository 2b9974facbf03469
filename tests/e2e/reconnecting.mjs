// Tests of components and connections whose router goes away; they run inside the page, as those in package.mjs do.
// `control` is the router's process, which they kill and start again:
// `kill()`, `stop()` (with GOODBYE), `start()` on the same port, all with promises.

/** With a router that can be killed, where all sessions may do everything. */
export const withRouter = {
  'a Connection outlives its router': async ({ router }) => {
    const { is, ok, fails, lib, channel } = kit;
    const { Connection, Session } = await lib();
    const quick = { initial_retry_delay: 0.02, max_retry_delay: 0.1, retry_delay_jitter: 0, max_retries: -1 };
    const connection = new Connection({ url: router, realm: 'realm1', ...quick });
    const [opened, closed] = [channel(), channel()];
    connection.onopen = (...given) => opened.put(given);
    connection.onclose = (...given) => void closed.put(given);
    const state = () => [connection.isOpen, connection.isConnected, connection.isRetrying];
    is([...state(), connection.session, connection.transport], [false, false, false, null, null]);
    connection.open();
    const [first, details] = await opened.take();
    ok(first instanceof Session && connection.session === first, 'the session is there');
    is(state(), [true, true, false]);
    is(details.transport, { type: 'websocket', url: router, protocol: 'wamp.2.cbor' });
    is(details.authid, first.authid);
    is(connection.transport.info, details.transport);
    await fails(Promise.resolve().then(() => connection.open()), 'Error');
    await first.register('com.example.never', () => new Promise(() => {}));
    const pending = fails(first.call('com.example.never'), 'SessionClosedError', 'wamp.close.transport_lost');
    await kit.control('kill');
    await pending;
    const [reason, lost] = await closed.take();
    is([reason, lost.will_retry, lost.retry_count, lost.retry_delay], ['lost', true, 1, 0.02]);
    is(lost.reason, 'wamp.close.transport_lost');
    is([connection.session, connection.transport, first.isOpen], [null, null, false]);
    const [again, more] = await closed.take();
    is([again, more.will_retry, more.retry_count], ['lost', true, 2]);
    await kit.control('start');
    const [second] = await opened.take();
    ok(second !== first && second.isOpen, 'another session');
    await kit.control('stop');
    let [how, why] = await closed.take();
    while (how === 'lost' && why.retry_count > 1) [how, why] = await closed.take();
    is([how, why.reason, why.will_retry, why.retry_count], ['closed', 'wamp.close.system_shutdown', true, 1], 'S21');
    await kit.control('start');
    const [third] = await opened.take();
    connection.close('wamp.close.logout', 'bye');
    let [end, ending] = await closed.take();
    while (ending.will_retry) [end, ending] = await closed.take();
    is([end, ending.reason], ['closed', 'wamp.close.goodbye_and_out']);
    is([ending.retry_delay, ending.retry_count, third.closeReason.kind], [null, null, 'left']);
    is(state(), [false, false, false]);
    // And again.
    connection.open();
    const [fourth] = await opened.take();
    ok(fourth.isOpen, 'it opens again');
    await connection.close();
    is((await closed.take())[0], 'closed');
  },

  'S22: close() is final, also while it waits for a retry': async ({ router }) => {
    const { is, lib, channel } = kit;
    const { Connection } = await lib();
    await kit.control('kill');
    const connection = new Connection({ url: router, realm: 'realm1', initial_retry_delay: 0.05, max_retries: -1 });
    const [opened, closed] = [channel(), channel()];
    connection.onopen = (...given) => opened.put(given);
    connection.onclose = (...given) => void closed.put(given);
    connection.open();
    is((await closed.take())[1].will_retry, true);
    await kit.until(() => connection.isRetrying, 'it waits');
    const over = connection.close();
    await over;
    is(await closed.take(), ['closed', { reason: null, message: null, retry_delay: null, retry_count: null, will_retry: false }]);
    await kit.control('start');
    is(connection.isRetrying, false);
    const other = new Connection({ url: router, realm: 'realm1' });
    const joined = new Promise((resolve) => (other.onopen = resolve));
    other.open();
    await joined;
    const count = await other.session.meta.sessionCount();
    is([count, connection.isConnected, connection.session], [1, false, null], 'only the other one is there');
    // open() while it closes opens it again.
    connection.open();
    const [session] = await opened.take();
    void connection.close();
    connection.open();
    await opened.take();
    is(session.isOpen, false);
    await Promise.all([connection.close(), other.close()]);
  },

  'open() does not wait for the end of a delay': async ({ router }) => {
    const { is, lib, channel } = kit;
    const { Connection } = await lib();
    await kit.control('kill');
    const connection = new Connection({ url: router, realm: 'realm1', initial_retry_delay: 300 });
    const [opened, closed] = [channel(), channel()];
    connection.onopen = (...given) => opened.put(given);
    connection.onclose = (...given) => void closed.put(given);
    connection.open();
    await closed.take();
    await kit.until(() => connection.isRetrying, 'it waits');
    await kit.control('start');
    connection.open();
    await opened.take();
    is(connection.isOpen, true);
    await connection.close();
  },

  'what a component declares stands after each join': async ({ router }) => {
    const { is, fails, lib, channel } = kit;
    const { Component } = await lib();
    const quick = { initial_retry_delay: 0.02, max_retry_delay: 0.1 };
    const component = new Component({ transports: { url: router, ...quick } });
    const [events, ready] = [channel(), channel()];
    component.register('com.example.add', ([a, b], _kwargs, { procedure }) => `${procedure}: ${a + b}`);
    component.register('com.example.any', () => 'any', { match: 'prefix' });
    const off = component.register('com.example.gone', () => 'gone');
    component.subscribe('com.example.news', ([text], kwargs, { topic }) => events.put([text, kwargs, topic]), { queue: 10 });
    component.on('ready', (session) => ready.put(session));
    const run = component.start();
    const check = async (session) => {
      is(await session.call('com.example.add', [2, 3]), 'com.example.add: 5');
      is(await session.call('com.example.any.thing'), 'any');
      await session.publish('com.example.news', ['new'], { n: 1 }, { excludeMe: false, acknowledge: true });
      is(await events.take(), ['new', { n: 1 }, 'com.example.news']);
    };
    const first = await ready.take();
    await check(first);
    is(await first.call('com.example.gone'), 'gone');
    is([off(), off()], [true, false]);
    await kit.control('kill');
    await kit.control('start');
    const second = await ready.take();
    await check(second);
    await fails(second.call('com.example.gone'), 'WampError', 'wamp.error.no_such_procedure');
    await component.stop();
    await run;
  },

  'what cannot be told to the module fails the attempt': async ({ router }) => {
    const { is, fails, lib } = kit;
    const { Component } = await lib();
    const transports = { url: router, max_retries: 0 };
    const odd = new Component({ transports, main: () => Promise.reject(new Error('\0abc')) });
    is((await fails(odd.start(), 'ConnectError')).message.endsWith('main failed: abc'), true);
    const authextra = { a: Symbol('s') };
    const secret = new Component({ transports, authentication: () => ({ ticket: { ticket: 'x', authid: 'y', authextra } }) });
    is((await fails(secret.start(), 'ConnectError')).message.includes('authextra.a is a symbol'), true);
  },

  'retryNow() and the delay that a listener gives': async ({ router }) => {
    const { is, lib, channel } = kit;
    const { Component } = await lib();
    await kit.control('kill');
    const component = new Component({ transports: { url: router, initial_retry_delay: 300 } });
    const notices = channel();
    let answer = 1;
    component.on('retry', async ({ failures, retryAfter }) => {
      notices.put(failures);
      retryAfter(answer);
      // Only false is an answer.
      return 5;
    });
    const ready = new Promise((resolve) => component.on('ready', resolve));
    const run = component.start();
    is([await notices.take(), await notices.take()], [1, 2], 'after 1 ms');
    answer = 300_000;
    while (component.state !== 'waiting') await new Promise((resolve) => setTimeout(resolve));
    await kit.control('start');
    component.retryNow();
    await ready;
    await component.stop();
    await run;
  },

  'it rests while the browser is offline': async ({ router }) => {
    const { is, lib, channel } = kit;
    const { Component } = await lib();
    const component = new Component({ transports: { url: router, initial_retry_delay: 0, max_retries: 5 } });
    const [ready, notices] = [channel(), channel()];
    component.on('ready', (session) => ready.put(session));
    component.on('retry', ({ failures }) => notices.put(failures));
    const run = component.start();
    await ready.take();
    await kit.control('offline');
    is(navigator.onLine, false);
    await kit.control('kill');
    is(await notices.take(), 1);
    await kit.until(() => component.state === 'offline', 'it rests');
    await kit.control('start');
    is(component.state, 'offline');
    await kit.control('online');
    await ready.take();
    await component.stop();
    await run;
  },

  'a hundred sessions leave nothing behind': async ({ router }) => {
    const { is, lib, channel } = kit;
    const { Component } = await lib();
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    let listeners = 0;
    EventTarget.prototype.addEventListener = function (...given) {
      listeners++;
      return addEventListener.apply(this, given);
    };
    EventTarget.prototype.removeEventListener = function (...given) {
      listeners--;
      return removeEventListener.apply(this, given);
    };
    try {
      const killer = await kit.open({ router });
      const component = new Component({ transports: { url: router, initial_retry_delay: 0 } });
      component.register('com.example.cycle', () => 'there');
      component.subscribe('com.example.cycle', () => {});
      const ready = channel();
      component.on('ready', ({ id }) => ready.put(id));
      const run = component.start();
      let first;
      let after;
      for (let cycle = 1; cycle <= 100; cycle++) {
        const id = await ready.take();
        is(await killer.call('com.example.cycle'), 'there');
        if (cycle === 1) first = new WeakRef(component.session);
        if (cycle === 10) after = listeners;
        await killer.meta.kill(id);
      }
      await ready.take();
      is([await killer.meta.sessionCount(), listeners - after], [2, 0], 'sessions and listeners');
      is(await kit.isCollected(first), true, 'an old session is collected');
      await component.stop();
      await run;
    } finally {
      Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
    }
  },
};
