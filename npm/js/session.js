// Sessions.

import { Call } from './call.js';
import {
  attempt,
  isCount,
  isFlag,
  isListOf,
  isObject,
  isOneOf,
  isText,
  key,
  need,
  needQueue,
  own,
  request,
  split,
} from './check.js';
import { answering, endpointsOf } from './endpoint.js';
import { ConnectError, described, Errors, textOf, WampError } from './errors.js';
import { log } from './log.js';
import { Meta } from './meta.js';
import { EventStream, pump, Registration, Subscription } from './subscription.js';
import { CANNOT_AUTHENTICATE, INVALID_URI } from './uris.js';

const publishOptions = {
  acknowledge: isFlag,
  excludeMe: isFlag,
  exclude: isListOf(isCount),
  excludeAuthid: isListOf(isText),
  excludeAuthrole: isListOf(isText),
  eligible: isListOf(isCount),
  eligibleAuthid: isListOf(isText),
  eligibleAuthrole: isListOf(isText),
  retain: isFlag,
  discloseMe: isFlag,
};

const isMatch = isOneOf('exact', 'prefix', 'wildcard');

export const subscribeOptions = { match: isMatch, getRetained: isFlag };

export const registerOptions = {
  match: isMatch,
  invoke: isOneOf('single', 'first', 'last', 'random', 'roundrobin'),
  concurrency: isCount,
  forceReregister: isFlag,
  discloseCaller: isFlag,
  forwardTimeout: isFlag,
};

const scopes = ['destroyed', 'detached'];

export class Publication {
  constructor(token, id) {
    own(token, 'publish()');
    this.id = id;
    Object.freeze(this);
  }
}

export class Session {
  #raw;
  #reason = null;
  #callbacks = new Set();
  /** State that the next session on the connection takes over. */
  #shared;
  #errors;
  #prefixes;
  #welcome;
  #meta;
  #subscriptions = new Set();
  #registrations = new Set();

  constructor(token, raw, shared) {
    own(token, 'connect()');
    this.#raw = raw;
    this.#shared = shared;
    this.#errors = shared.errors;
    this.#prefixes = shared.prefixes;
    this.closed = raw.closed().then((reason) => {
      this.#reason = Object.freeze(reason);
      const callbacks = [...this.#callbacks];
      this.#callbacks.clear();
      for (const callback of callbacks) {
        attempt(() => callback(reason), shared.errors, 'onClose');
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

  get welcome() {
    this.#welcome ??= frozen(this.#raw.welcome());
    return this.#welcome;
  }

  get authid() {
    return this.welcome.authid;
  }

  get authrole() {
    return this.welcome.authrole;
  }

  get authmethod() {
    return this.welcome.authmethod;
  }

  get authprovider() {
    return this.welcome.authprovider;
  }

  get authextra() {
    return this.welcome.authextra;
  }

  get isOpen() {
    return this.#reason === null;
  }

  get closeReason() {
    return this.#reason;
  }

  get meta() {
    this.#meta ??= new Meta(key, this);
    return this.#meta;
  }

  get features() {
    const { broker, dealer } = this.welcome.roles ?? {};
    const [events, calls] = [broker?.features ?? {}, dealer?.features ?? {}];
    return { publisher: events, subscriber: events, caller: calls, callee: calls };
  }

  get subscriptions() {
    return [...this.#subscriptions].filter(({ isActive }) => isActive);
  }

  get registrations() {
    return [...this.#registrations].filter(({ isActive }) => isActive);
  }

  async unsubscribe(subscription) {
    need('subscription', subscription, this.#subscriptions.has(subscription) || subscription?.isActive === false);
    await subscription.unsubscribe();
  }

  async unregister(registration) {
    need('registration', registration, this.#registrations.has(registration) || registration?.isActive === false);
    await registration.unregister();
  }

  log(...words) {
    log('info', `WAMP session ${this.id} in ${this.realm}:`, ...words);
  }

  defer() {
    return deferred();
  }

  supports(role, feature) {
    return this.welcome.roles?.[role]?.features?.[feature] === true;
  }

  define(uri, errorClass) {
    need('uri', uri, typeof uri === 'string');
    const fits = typeof errorClass === 'function' && errorClass.prototype instanceof Error;
    need('errorClass', errorClass, fits);
    this.#errors.define(uri, errorClass);
    return this;
  }

  prefix(name, uri) {
    need('name', name, typeof name === 'string' && /^[^\s.:#]+$/.test(name));
    need('uri', uri, uri === null || typeof uri === 'string');
    if (uri === null) {
      this.#prefixes.delete(name);
    } else {
      this.#prefixes.set(name, uri.replace(/\.$/, ''));
    }
    return this;
  }

  resolve(curie) {
    if (typeof curie !== 'string') {
      // It is refused where it is used.
      return curie;
    }
    const [, name, rest] = /^([^:]+):(.*)$/s.exec(curie) ?? [];
    return this.#prefixes.has(name) ? `${this.#prefixes.get(name)}.${rest}` : curie;
  }

  call(procedure, args, kwargs, options) {
    const uri = this.resolve(procedure);
    const wrong = this.#refusal('procedure', uri);
    if (wrong !== undefined) {
      return Promise.reject(wrong);
    }
    return Call.make(this.#raw, this.#errors, uri, args, kwargs, options);
  }

  async publish(topic, args, kwargs, options) {
    const words = request('topic', this.resolve(topic), args, kwargs);
    this.#check('topic', words[0]);
    const [, wire] = split(options, [], publishOptions);
    const id = await described(this.#raw.publish(...words, wire), this.#errors);
    return id === undefined ? undefined : new Publication(key, id);
  }

  subscribe(name, ...rest) {
    const [handler, options] = rest;
    const topic = this.resolve(name);
    if (typeof handler === 'function') {
      return this.#subscribe(topic, options).then((raw) => {
        const subscription = new Subscription(key, raw, topic, this.#errors, options?.onLagged);
        subscription[pump](handler);
        return kept(this.#subscriptions, subscription);
      });
    }
    const stream = this.#stream(topic, rest).then(
      (raw) => kept(this.#subscriptions, new EventStream(key, raw, topic, this.#errors, handler?.onLagged)),
    );
    return Object.assign(stream, { [Symbol.asyncIterator]: () => pending(stream) });
  }

  async register(name, endpoint, options) {
    const procedure = this.resolve(name);
    need('procedure', procedure, typeof procedure === 'string');
    need('endpoint', endpoint, typeof endpoint === 'function');
    const [, wire] = split(options, [], registerOptions);
    this.#check('procedure', procedure, wire.match);
    const raw = this.#raw;
    const answer = answering(endpoint, raw, this.#errors);
    const registration = await described(raw.register(procedure, answer, wire), this.#errors);
    return kept(this.#registrations, new Registration(key, registration, procedure, this.#errors));
  }

  async registerAll(prefix, object, options) {
    need('prefix', prefix, typeof prefix === 'string');
    const start = prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
    const endpoints = [...endpointsOf(object)];
    const outcomes = await Promise.allSettled(
      endpoints.map(([name, endpoint]) => this.register(start + name, endpoint, options)),
    );
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed !== undefined) {
      const done = outcomes.filter(({ status }) => status === 'fulfilled');
      await Promise.allSettled(done.map(({ value }) => value.unregister()));
      throw failed.reason;
    }
    return Object.fromEntries(endpoints.map(([name], index) => [name, outcomes[index].value]));
  }

  async addTestament(topic, args, kwargs, options) {
    const words = request('topic', this.resolve(topic), args, kwargs);
    const [{ scope = 'destroyed' }, wire] = split(options, ['scope'], publishOptions);
    need('scope', scope, scopes.includes(scope));
    await this.call('wamp.session.add_testament', words, { scope, publish_options: wire });
  }

  async flushTestaments(scope = 'destroyed') {
    need('scope', scope, scopes.includes(scope));
    await this.call('wamp.session.flush_testaments', [], { scope });
  }

  async leave(reason, message) {
    need('reason', reason, reason === undefined || typeof reason === 'string');
    need('message', message, message === undefined || typeof message === 'string');
    await described(this.#raw.leave(reason, message));
    return this.closed;
  }

  async rejoin(realm = this.realm) {
    need('realm', realm, typeof realm === 'string');
    const { credentials } = this.#shared;
    return admitted(await credentials.joined(this.#raw.rejoin(realm), realm), this.#shared);
  }

  onClose(callback) {
    need('callback', callback, typeof callback === 'function');
    if (this.#reason !== null) {
      // Never before onClose() has returned, so that callers see one order only.
      queueMicrotask(() => attempt(() => callback(this.#reason), this.#errors, 'onClose'));
      return () => {};
    }
    // A wrapper of its own, so that the same function can be given twice.
    const entry = (reason) => callback(reason);
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  #check(what, uri, match) {
    const wrong = this.#refusal(what, uri, match);
    if (wrong !== undefined) {
      throw wrong;
    }
  }

  /** Returns the error of a URI that is not valid by the strict rule, if that is wanted. */
  #refusal(what, uri, match = 'exact') {
    const { isUri } = this.#shared;
    if (isUri === undefined || typeof uri !== 'string' || isUri(uri, { strict: true, match })) {
      return undefined;
    }
    const text = `the ${what} "${uri}" is not a valid URI: components are lower case letters, digits and _`;
    return new WampError(INVALID_URI, [text], {}, text);
  }

  /** Without a handler the second argument is the options. */
  async #stream(topic, rest) {
    const [options, surplus] = rest;
    // One that is undefined was meant to be a handler: nothing would read the stream.
    need('handler', options, rest.length === 0 || isObject(options));
    need('options', surplus, surplus === undefined);
    return this.#subscribe(topic, options);
  }

  async #subscribe(topic, options) {
    need('topic', topic, typeof topic === 'string');
    const [{ queue, onLagged }, wire] = split(options, ['queue', 'onLagged'], subscribeOptions);
    this.#check('topic', topic, wire.match);
    needQueue(queue);
    need('onLagged', onLagged, onLagged === undefined || typeof onLagged === 'function');
    return described(this.#raw.subscribe(topic, wire, queue), this.#errors);
  }
}

/** Creates a session from a joined one, if `onWelcome` accepts it. */
export async function admitted(raw, given, signal = undefined) {
  const { onWelcome, onUserError, credentials, errors = new Errors(), prefixes = new Map(), isUri, traceback } = given;
  errors.onUserError ??= onUserError;
  errors.traceback ??= traceback;
  const session = new Session(key, raw, { onWelcome, credentials, errors, prefixes, isUri });
  if (onWelcome === undefined && !signal?.aborted) {
    return session;
  }
  const aborted = abortOf(signal);
  let [text, cause] = ['the session was refused by onWelcome'];
  try {
    const verdict = (async () => onWelcome?.(session.welcome))();
    // The answer may never come; then the end of the session or the signal decides.
    const ended = session.closed.then(({ reason, message }) => {
      throw new ConnectError(reason, message === null ? [] : [message]);
    });
    if ((await Promise.race([aborted.promise, verdict, ended])) !== false) {
      return session;
    }
  } catch (error) {
    if (signal?.aborted) {
      void session.leave();
      throw signal.reason;
    }
    if (error instanceof ConnectError && !session.isOpen) {
      throw error;
    }
    [text, cause] = [textOf(error), error];
  } finally {
    aborted.forget();
  }
  await session.leave(CANNOT_AUTHENTICATE, text);
  throw new ConnectError(CANNOT_AUTHENTICATE, [text], {}, text, { cause });
}

/** Returns a promise that a signal rejects, until `forget()`. */
function abortOf(signal) {
  let forget = () => {};
  const promise = new Promise((_, reject) => {
    if (signal !== undefined) {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      forget = () => signal.removeEventListener('abort', abort);
      if (signal.aborted) {
        abort();
      }
    }
  });
  return { promise, forget };
}

/** What `onchallenge` gets in the place of a session: it is not joined yet. */
export class JoiningSession {
  id = null;
  isOpen = false;

  constructor(realm) {
    this.realm = realm;
    Object.freeze(this);
  }

  log(...words) {
    log('info', `WAMP session that joins ${this.realm}:`, ...words);
  }

  defer() {
    return deferred();
  }
}

/** Returns a promise with its functions, as Autobahn|JS does. */
function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

/** Lists a subscription or registration until its end. */
function kept(list, item) {
  list.add(item);
  void item.ended.then(() => list.delete(item));
  return item;
}

/** Iterator of a subscription that is not yet confirmed. */
function pending(stream) {
  return {
    next: async () => (await stream).next(),
    return: async (value) => (await stream).return(value),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function frozen(value) {
  if (isObject(value) || Array.isArray(value)) {
    Object.values(value).forEach(frozen);
    // Typed arrays cannot be.
    return ArrayBuffer.isView(value) ? value : Object.freeze(value);
  }
  return value;
}
