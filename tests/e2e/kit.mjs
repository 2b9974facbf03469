// `kit`: what the tests share that run inside a page.

/** Put into every page before it loads. */
export function install() {
  const sessions = [];

  const kit = {
    lib: () => import('/pkg/index.js'),
    patterns: () => import('/pkg/patterns.js'),
    cryptobox: () => import('/pkg/cryptobox.js'),

    async open({ router, serializer }) {
      const { connect } = await kit.lib();
      const serializers = serializer ? [serializer] : undefined;
      const session = await connect({ url: router, realm: 'realm1', serializers });
      sessions.push(session);
      return session;
    },

    async leaveAll() {
      await Promise.all(sessions.splice(0).map((session) => session.leave()));
    },

    /** Writes a value so that what is different looks different. */
    write(value) {
      if (typeof value === 'bigint') return `${value}n`;
      if (Object.is(value, undefined)) return 'undefined';
      if (typeof value === 'string' || value === null) return JSON.stringify(value);
      if (typeof value !== 'object') return String(value);
      if (value instanceof Uint8Array) return `bytes(${Array.from(value)})`;
      if (Array.isArray(value)) return `[${value.map(kit.write)}]`;
      const name = Object.getPrototypeOf(value) === Object.prototype ? '' : value.constructor.name;
      return `${name}{${Object.entries(value).map(([key, item]) => `${key}:${kit.write(item)}`)}}`;
    },

    is(actual, expected, what = 'value') {
      const [left, right] = [kit.write(actual), kit.write(expected)];
      if (left !== right) throw new Error(`${what} is ${left}, should be ${right}`);
    },

    ok(truth, what) {
      if (!truth) throw new Error(`not so: ${what}`);
    },

    /** The error that a promise is rejected with; its class must be exactly this one. */
    async fails(promise, name, uri) {
      const error = await promise.then(
        (value) => {
          throw new Error(`should have failed, gave ${kit.write(value)}`);
        },
        (error) => error,
      );
      const lib = await kit.lib();
      kit.is(error?.name, name, `name of the error (${error})`);
      const cls = lib[name] ?? globalThis[name];
      kit.ok(error.constructor === cls && error instanceof Error, `${error} is an Error and a ${name}`);
      if (uri !== undefined) kit.is(error.uri, uri, 'uri');
      return error;
    },

    /** Collects `count` items, then resolves with them. */
    collector(count) {
      const items = [];
      let done;
      const all = new Promise((resolve) => (done = resolve));
      return { items, all, add: (item) => items.push(item) === count && done(items) };
    },

    /** Hands things over, in order. */
    channel() {
      const items = [];
      const takers = [];
      return {
        put: (item) => void (takers.length > 0 ? takers.shift()(item) : items.push(item)),
        take: () => new Promise((resolve) => (items.length > 0 ? resolve(items.shift()) : takers.push(resolve))),
      };
    },

    /**
     * Runs `body` while new sockets lead to a router that `serve({ recv, send })` plays, in JSON: for
     * what a real one cannot be made to say.
     */
    async scripted(serve, body) {
      const { WebSocket } = globalThis;
      globalThis.WebSocket = class {
        static OPEN = 1;
        readyState = 0;
        bufferedAmount = 0;
        protocol = 'wamp.2.json';
        #said = kit.channel();

        constructor() {
          queueMicrotask(() => {
            this.readyState = 1;
            this.onopen?.({});
            serve({
              recv: () => this.#said.take(),
              send: (message) => this.onmessage?.({ data: JSON.stringify(message) }),
            });
          });
        }

        send(text) {
          this.#said.put(JSON.parse(text));
        }

        close(code = 1000) {
          if (this.readyState === 3) return;
          this.readyState = 3;
          queueMicrotask(() => this.onclose?.({ code, reason: '' }));
        }
      };
      try {
        return await body();
      } finally {
        globalThis.WebSocket = WebSocket;
      }
    },

    /** Waits until it is so, a few hundred turns at most. */
    async until(isSo, what) {
      for (let turn = 0; turn < 500 && !isSo(); turn++) await new Promise((resolve) => setTimeout(resolve));
      kit.ok(isSo(), what);
    },

    /** Does something to the router or the network: see reconnecting.mjs. */
    control: (what) => globalThis.control(what),

    /** What this router cannot; the report of the test says it. */
    skip: (what) => void kit.skipped.push(what),
    skipped: [],

    /** Whether something is collected in the end; gives the collector some turns for it. */
    async isCollected(ref) {
      for (let turn = 0; turn < 50; turn++) {
        // What was looked at stays alive until the end of the turn: so look last.
        await new Promise((resolve) => setTimeout(resolve));
        globalThis.gc();
        if (ref.deref() === undefined) return true;
      }
      return false;
    },
  };

  globalThis.kit = kit;
}
