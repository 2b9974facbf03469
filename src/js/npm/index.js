// The public face of the package: sessions, subscriptions and errors as JavaScript knows them.
//
// Owns the shapes that users see. What WAMP is lives in the wasm module; it takes and gives plain
// values, and reports errors as plain descriptions that `toError` turns into the classes below.

import load, { connect as join } from './wampwerk.js';

let loading;

export function init(source) {
  loading ??= load(source === undefined ? undefined : { module_or_path: source }).then(
    () => undefined,
    (cause) => {
      // So that the next attempt can load it again.
      loading = undefined;
      const text = `cannot load the wasm module: ${cause?.message ?? cause}`;
      throw new ConnectError('wamp.error.unavailable', [text], {}, text, { cause });
    },
  );
  return loading;
}

export async function connect(options) {
  const { url, realm, serializers, timeout } = options ?? {};
  need('url', String(url), typeof url === 'string' || url instanceof URL);
  need('realm', realm, typeof realm === 'string');
  need('serializers', serializers, serializers === undefined || Array.isArray(serializers));
  need('timeout', timeout, timeout === undefined || isDuration(timeout));
  await init();
  return new Session(key, await described(join(String(url), realm, serializers, timeout)));
}

/** Keeps the constructors of what only the library can make to this file. */
const key = Symbol('wampwerk');

export class Session {
  #raw;
  #reason = null;
  #callbacks = new Set();

  constructor(token, raw) {
    own(token, 'connect()');
    this.#raw = raw;
    this.closed = raw.closed().then((reason) => {
      this.#reason = Object.freeze(reason);
      const callbacks = [...this.#callbacks];
      this.#callbacks.clear();
      for (const callback of callbacks) {
        attempt(() => callback(reason));
      }
      return reason;
    });
    Object.defineProperty(this, 'closed', { writable: false });
  }

  get id() {
    return this.#raw.id;
  }

  get realm() {
    return this.#raw.realm;
  }

  get serializer() {
    return this.#raw.serializer;
  }

  get isOpen() {
    return this.#reason === null;
  }

  get closeReason() {
    return this.#reason;
  }

  async call(procedure, args, kwargs, options) {
    const [uri, list, dict, how] = request('procedure', procedure, args, kwargs, options);
    const { timeout, ...rest } = how;
    need('timeout', timeout, timeout === undefined || isDuration(timeout));
    const reply = await described(this.#raw.call(uri, list, dict, timeout, rest));
    if (reply.args.length <= 1 && Object.keys(reply.kwargs).length === 0) {
      return reply.args[0];
    }
    return new Result(reply.args, reply.kwargs);
  }

  async publish(topic, args, kwargs, options) {
    const words = request('topic', topic, args, kwargs, options);
    const id = await described(this.#raw.publish(...words));
    return id === undefined ? undefined : new Publication(key, id);
  }

  subscribe(topic, handler, options) {
    if (typeof handler === 'function') {
      return this.#subscribe(topic, options).then((raw) => {
        const subscription = new Subscription(key, raw, topic);
        subscription[pump](handler);
        return subscription;
      });
    }
    // Without a handler the second argument is the options, unless it was left out.
    const stream = this.#subscribe(topic, handler ?? options).then(
      (raw) => new EventStream(key, raw, topic),
    );
    return Object.assign(stream, { [Symbol.asyncIterator]: () => pending(stream) });
  }

  async register(procedure, endpoint, options = {}) {
    need('procedure', procedure, typeof procedure === 'string');
    need('endpoint', endpoint, typeof endpoint === 'function');
    need('options', options, isObject(options));
    const raw = await described(this.#raw.register(procedure, answering(endpoint), options));
    return new Registration(key, raw, procedure, this);
  }

  async leave(reason, message) {
    need('reason', reason, reason === undefined || typeof reason === 'string');
    need('message', message, message === undefined || typeof message === 'string');
    await described(this.#raw.leave(reason, message));
    return this.closed;
  }

  onClose(callback) {
    need('callback', callback, typeof callback === 'function');
    if (this.#reason !== null) {
      // Never before onClose() has returned, so that callers see one order only.
      queueMicrotask(() => attempt(() => callback(this.#reason)));
      return () => {};
    }
    // A wrapper of its own, so that the same function can be given twice.
    const entry = (reason) => callback(reason);
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  async #subscribe(topic, options = {}) {
    need('topic', topic, typeof topic === 'string');
    need('options', options, isObject(options));
    return described(this.#raw.subscribe(topic, options));
  }
}

export class Result {
  constructor(args = [], kwargs = {}) {
    this.args = args;
    this.kwargs = kwargs;
  }
}

export class Publication {
  constructor(token, id) {
    own(token, 'publish()');
    this.id = id;
    Object.freeze(this);
  }
}

const pump = Symbol('pump');
const take = Symbol('take');

export class Subscription {
  #raw;
  #active = true;
  #ending;

  constructor(token, raw, topic) {
    own(token, 'subscribe()');
    this.#raw = raw;
    this.topic = topic;
  }

  get id() {
    return this.#raw.id;
  }

  get isActive() {
    return this.#active;
  }

  unsubscribe() {
    this.#active = false;
    this.#ending ??= described(this.#raw.unsubscribe());
    return this.#ending;
  }

  /** The next events as a list; nothing when there will be no more. */
  async [take]() {
    const batch = this.#active ? await described(this.#raw.next()) : null;
    if (batch === null) {
      this.#active = false;
    }
    return this.#active ? batch.filter(isReadable) : null;
  }

  /** Hands the events to a handler, one after the other, until there are no more. */
  async [pump](handler) {
    for (let batch = await this[take](); batch !== null; batch = await this[take]()) {
      for (const { args, kwargs, details } of batch) {
        if (!this.#active) {
          return;
        }
        await attempt(() => handler(args, kwargs, details));
      }
    }
  }
}

export class EventStream extends Subscription {
  #batch = [];
  #turn = Promise.resolve();

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    // One after the other: two that wait at a time would both want the same event.
    const item = this.#turn.then(() => this.#next());
    this.#turn = item.then(nothing, nothing);
    return item;
  }

  async return(value) {
    this.#batch = [];
    await this.unsubscribe();
    return { done: true, value };
  }

  async #next() {
    while (this.isActive && this.#batch.length === 0) {
      this.#batch = ((await this[take]()) ?? []).reverse();
    }
    const value = this.isActive ? this.#batch.pop() : undefined;
    return value === undefined ? { done: true, value } : { done: false, value };
  }
}

export class Registration {
  #raw;
  #session;
  #ending;

  constructor(token, raw, procedure, session) {
    own(token, 'register()');
    this.#raw = raw;
    this.#session = session;
    this.procedure = procedure;
  }

  get id() {
    return this.#raw.id;
  }

  get isActive() {
    return this.#ending === undefined && this.#session.isOpen;
  }

  unregister() {
    this.#ending ??= described(this.#raw.unregister());
    return this.#ending;
  }
}

export class WampError extends Error {
  constructor(uri, args = [], kwargs = {}, message = undefined, options = undefined) {
    need('uri', uri, typeof uri === 'string');
    need('args', args, Array.isArray(args));
    need('kwargs', kwargs, isObject(kwargs));
    super(message ?? (typeof args[0] === 'string' ? `${uri}: ${args[0]}` : uri), options);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

export class ConnectError extends WampError {}

export class SessionClosedError extends WampError {}

export class TimeoutError extends WampError {}

export class EncodeError extends WampError {}

export class DecodeError extends WampError {}

const classes = {
  WampError,
  ConnectError,
  SessionClosedError,
  TimeoutError,
  EncodeError,
  DecodeError,
};

for (const [name, { prototype }] of Object.entries(classes)) {
  // Not taken from the class, which minifiers rename.
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** Waits for the wasm side, and makes an error of what it reports as one. */
async function described(promise) {
  try {
    return await promise;
  } catch (report) {
    throw toError(report);
  }
}

function toError(report) {
  const kind = Object.hasOwn(classes, report?.kind ?? '') ? classes[report.kind] : undefined;
  // What is no report is a trap of the wasm module, and already an Error.
  return kind ? new kind(report.uri, report.args, report.kwargs, report.message) : report;
}

/** Wraps an endpoint so that it always resolves, to a result or to an error, in one form. */
function answering(endpoint) {
  return async (args, kwargs, details) => {
    try {
      const value = await endpoint(args, kwargs, details);
      if (value instanceof Result) {
        return { args: value.args, kwargs: value.kwargs };
      }
      return { args: value === undefined ? [] : [value], kwargs: {} };
    } catch (error) {
      if (error instanceof WampError) {
        return { uri: error.uri, args: error.args, kwargs: error.kwargs };
      }
      return { uri: 'wamp.error.runtime_error', args: [textOf(error)], kwargs: {} };
    }
  };
}

/** A text for whatever was thrown; never the empty `{}` of an error that was serialized. */
function textOf(thrown) {
  try {
    return String((thrown instanceof Error && thrown.message) || thrown);
  } catch {
    return 'an error without a text';
  }
}

/** The iterator of a subscription that is still on its way. */
function pending(stream) {
  return {
    next: async () => (await stream).next(),
    return: async (value) => (await stream).return(value),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Whether an event could be read; what could not is reported, so that the next one still comes. */
function isReadable({ error }) {
  if (error !== undefined) {
    attempt(() => {
      throw toError(error);
    });
  }
  return error === undefined;
}

/** Runs a callback of the user; what it throws is reported as the browser does for listeners. */
async function attempt(callback) {
  try {
    await callback();
  } catch (error) {
    if (typeof reportError === 'function') {
      reportError(error);
    } else {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function request(what, uri, args, kwargs, options) {
  need(what, uri, typeof uri === 'string');
  need('args', args, args === undefined || args === null || Array.isArray(args));
  need('kwargs', kwargs, kwargs === undefined || kwargs === null || isObject(kwargs));
  need('options', options, options === undefined || options === null || isObject(options));
  return [uri, args ?? [], kwargs ?? {}, options ?? {}];
}

function need(what, value, fits) {
  if (!fits) {
    throw new TypeError(`${what} cannot be ${typeof value === 'string' ? `"${value}"` : kindOf(value)}`);
  }
}

function kindOf(value) {
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDuration(value) {
  return typeof value === 'number' && value > 0;
}

function own(token, maker) {
  if (token !== key) {
    throw new TypeError(`made by ${maker} only`);
  }
}

function nothing() {}
