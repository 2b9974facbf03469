// Components: sessions that reconnect. The wasm module contains the loop; this file calls the
// functions of the user for it.

import { authenticationOptions, Credentials } from './authentication.js';
import { attemptNow, finite, isObject, key, need, needDuration, needQueue, split, tell } from './check.js';
import { answering } from './endpoint.js';
import { describedNow, Errors } from './errors.js';
import { Extensions, extensionOptions } from './extensions.js';
import { init, isLoaded } from './loading.js';
import { ComponentLink } from './module/component.js';
import * as port from './module/port.js';
import { Dialer } from './module/socket.js';
import { registerOptions, Session, subscribeOptions } from './session.js';
import { readTransports } from './settings.js';
import { isReadable, tellLagged } from './subscription.js';
import { checkUrl } from './url.js';

/** Name in the module for transports with a URL function. */
const ASKED = 'url';
const DEFAULT_URL = 'ws://127.0.0.1:8080/ws';

const componentOptions = [
  'realm',
  'transports',
  ...authenticationOptions,
  'extra',
  'main',
  'isFatal',
  'strict',
  'timeout',
  'batched',
  'discloseMe',
  'onUserError',
  ...extensionOptions,
];

const stations = [
  'start',
  'connect',
  'join',
  'ready',
  'established',
  'leave',
  'disconnect',
  'connectfailure',
  'retry',
];

/** Running components are kept alive, even without another reference. */
const running = new Set();

export class Component {
  #settings;
  /** The URL functions of the transports. */
  #urls;
  /** Results of the URL functions. */
  #url;
  #credentials;
  #extensions;
  #main;
  #isFatal;
  #onUserError;
  #errors = new Errors();
  #shared;
  #listeners = new Map(stations.map((name) => [name, []]));
  #declared = new Set();
  #raw;
  /** The error that ends the run. */
  #failure;
  #session = null;
  /** The error mapping of the current session, until the next session. */
  #rawSession;
  /** Number of stops, so that a start that waits for the module notices them. */
  #stops = 0;
  #starts = 0;

  constructor(options = {}) {
    need('options', options, isObject(options));
    for (const name of Object.keys(options)) {
      need('an option', name, componentOptions.includes(name));
    }
    const { realm = 'realm1', transports = DEFAULT_URL, main, isFatal, strict = false } = options;
    const { timeout: given, batched = false, discloseMe, onUserError, extra } = options;
    need('realm', realm, typeof realm === 'string');
    need('main', main, main === undefined || typeof main === 'function');
    need('isFatal', isFatal, isFatal === undefined || typeof isFatal === 'function');
    need('strict', strict, typeof strict === 'boolean');
    needDuration('timeout', given);
    const timeout = finite(given);
    need('batched', batched, typeof batched === 'boolean');
    need('discloseMe', discloseMe, discloseMe === undefined || typeof discloseMe === 'boolean');
    need('onUserError', onUserError, onUserError === undefined || typeof onUserError === 'function');
    this.#credentials = new Credentials(options);
    this.#extensions = new Extensions(options);
    this.#main = main;
    this.#isFatal = isFatal;
    this.#onUserError = onUserError;
    const weak = new WeakRef(this);
    if (onUserError !== undefined) {
      this.#errors.onUserError = (error, text) => weak.deref()?.#onUserError.call(undefined, error, text);
    }
    this.#shared = { credentials: this.#credentials, errors: this.#errors, prefixes: new Map() };
    const read = readTransports(transports, { timeout, batched });
    this.#urls = read.map(({ urlFunction }) => urlFunction);
    const asked = main !== undefined;
    const { identity, hasMethods: fresh } = this.#credentials;
    this.#settings = { realm, transports: read.map(forModule), strict, timeout, discloseMe, ...identity, fresh, main: asked };
    this.extra = extra;
    this.realm = realm;
    Object.defineProperty(this, 'realm', { writable: false });
    if (isLoaded() && !this.#extensions.isNeeded) {
      this.#build();
    }
  }

  get session() {
    return this.#session;
  }

  get state() {
    return this.#raw?.state ?? 'idle';
  }

  on(name, listener) {
    const all = this.#listenersOf(name);
    need('listener', listener, typeof listener === 'function');
    const entry = { listener };
    all.push(entry);
    return () => remove(all, (other) => other === entry);
  }

  off(name, listener) {
    return remove(this.#listenersOf(name), (entry) => entry.listener === listener);
  }

  register(procedure, endpoint, options) {
    need('procedure', procedure, typeof procedure === 'string');
    need('endpoint', endpoint, typeof endpoint === 'function');
    const [, wire] = split(options, [], registerOptions);
    const entry = { endpoint };
    const [weak, errors] = [new WeakRef(entry), this.#errors];
    return this.#declare(entry, (raw, component) =>
      raw.register(procedure, Component.#serving(weak, component, errors), wire),
    );
  }

  subscribe(topic, handler, options) {
    need('topic', topic, typeof topic === 'string');
    need('handler', handler, typeof handler === 'function');
    const [{ queue, onLagged }, wire] = split(options, ['queue', 'onLagged'], subscribeOptions);
    needQueue(queue);
    need('onLagged', onLagged, onLagged === undefined || typeof onLagged === 'function');
    const entry = { handler, onLagged };
    const [weak, errors] = [new WeakRef(entry), this.#errors];
    const handle = (event) => {
      const { args, kwargs, details } = event;
      return isReadable(event, errors)
        ? attemptNow(() => weak.deref()?.handler(args, kwargs, details), errors, 'an event handler')
        : undefined;
    };
    const lagged = (missed) => {
      // Of a declaration that was not withdrawn.
      const declared = weak.deref();
      if (declared !== undefined) {
        tellLagged(missed, topic, declared.onLagged, errors);
      }
    };
    return this.#declare(entry, (raw) => raw.subscribe(topic, handle, lagged, wire, queue));
  }

  async start(options = {}) {
    need('options', options, isObject(options));
    for (const name of Object.keys(options)) {
      need('an option', name, name === 'signal');
    }
    const { signal } = options;
    need('signal', signal, signal === undefined || typeof signal?.addEventListener === 'function');
    signal?.throwIfAborted();
    const stop = () => void this.stop();
    signal?.addEventListener('abort', stop, { once: true });
    this.#starts++;
    running.add(this);
    try {
      await this.#run();
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#starts--;
      if (this.#starts === 0) {
        running.delete(this);
      }
    }
    signal?.throwIfAborted();
  }

  async stop() {
    this.#stops++;
    await this.#raw?.stop();
  }

  retryNow() {
    this.#raw?.retryNow();
  }

  async #run() {
    const stops = this.#stops;
    await Promise.all([init(), this.#extensions.load()]);
    this.#shared.isUri = this.#extensions.isUri;
    this.#errors.traceback = this.#extensions.traceback;
    if (stops !== this.#stops) {
      return;
    }
    this.#build();
    this.#failure = undefined;
    try {
      await this.#raw.start();
    } catch (report) {
      throw this.#errorOf(report);
    }
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  /** Ends the run with an error. */
  #fail(error) {
    this.#failure = error;
    void this.stop();
  }

  #build() {
    if (this.#raw !== undefined) {
      return;
    }
    const hooks = hooksOf(new WeakRef(this), {
      ask: (component, what, about) => component.#ask(what, about),
      isFatal: (component, error, byDefault) => component.#decide(error, byDefault),
      tell: (component, error) => tell(component.#errors.from(error), component.#errors, 'the component'),
      fail: (component, error) => component.#fail(error),
    });
    // A function of this scope that uses `this` would keep it alive, as the hooks have the same scope.
    const { make } = this.#extensions;
    const transports = this.#settings.transports.map(({ dialed, ...transport }) => ({
      ...transport,
      dialer: port.open(new Dialer({ ...dialed, make })),
    }));
    const settings = { ...this.#settings, transports, ...this.#extensions.settings() };
    const raw = describedNow(() => new ComponentLink(settings, hooks));
    for (const declared of this.#declared) {
      declared.establish(raw);
    }
    this.#raw = raw;
  }

  /** A weak reference to an endpoint, for the module. */
  static #serving(weak, component, errors) {
    const session = {
      get closeReason() {
        return component.deref()?.#rawSession?.closeReason ?? null;
      },
    };
    return answering((...given) => weak.deref()?.endpoint(...given), session, errors);
  }

  #declare(entry, establish) {
    const component = new WeakRef(this);
    entry.establish = (raw) => {
      entry.listener = describedNow(() => establish(raw, component));
    };
    if (this.#raw !== undefined) {
      entry.establish(this.#raw);
    }
    this.#declared.add(entry);
    return () => {
      const found = this.#declared.delete(entry);
      if (found && this.#raw !== undefined) {
        this.#raw.off(entry.listener);
      }
      return found;
    };
  }

  #listenersOf(name) {
    need('an event', name, stations.includes(name));
    return this.#listeners.get(name);
  }

  /** Answers questions and reports of the module; thrown values are reported. */
  async #ask(what, about) {
    switch (what) {
      case 'url': {
        const url = await (0, this.#urls[about.place])();
        need('the URL', url, typeof url === 'string' || url instanceof URL);
        this.#url = String(url);
        checkUrl(this.#url);
        return { url: this.#url };
      }
      case 'authentication':
        return { methods: await this.#credentials.methods() };
      case 'main':
        await (0, this.#main)(this.#sessionOf(about), this);
        return undefined;
      case 'retry':
        return this.#decision({ ...about, error: this.#errorOf(about.error) });
      case 'connectfailure':
        await this.#fire(what, this.#errorOf(about));
        return undefined;
      case 'join':
      case 'ready': {
        const [failure] = await this.#fire(what, this.#sessionOf(about));
        if (failure !== undefined) {
          throw failure.error;
        }
        return undefined;
      }
      case 'connect':
        this.#rawSession = undefined;
        await this.#fire(what, Object.freeze({ ...about, url: this.#urlNow() }));
        return undefined;
      case 'established':
        await this.#fire(what, about.uri);
        return undefined;
      case 'disconnect':
        await this.#fire(what, about.clean);
        return undefined;
      case 'leave':
        await this.#fire(what, Object.freeze(about));
        this.#session = null;
        return undefined;
      default:
        await this.#fire(what);
        return undefined;
    }
  }

  /** Calls all listeners concurrently and returns their errors. */
  async #fire(name, about) {
    const failures = [];
    const call = async ({ listener }) => {
      try {
        return await listener(about);
      } catch (error) {
        failures.push({ error });
        tell(error, this.#errors, `a listener of "${name}"`);
        return undefined;
      }
    };
    failures.answers = await Promise.all(this.#listeners.get(name).map(call));
    return failures;
  }

  /** `false` takes precedence over any delay; of several delays the last one counts. */
  async #decision(about) {
    let delay;
    const retryAfter = (millis) => {
      need('the delay', millis, Number.isFinite(millis) && millis >= 0);
      delay = millis;
    };
    const { answers } = await this.#fire('retry', Object.freeze({ ...about, retryAfter }));
    if (answers.includes(false)) {
      return { stop: true };
    }
    return delay === undefined ? undefined : { delay };
  }

  #decide(report, byDefault) {
    if (this.#isFatal === undefined) {
      return byDefault;
    }
    try {
      return Boolean((0, this.#isFatal)(this.#errorOf(report), byDefault));
    } catch (error) {
      tell(error, this.#errors, 'isFatal');
      return byDefault;
    }
  }

  #urlNow() {
    const name = this.#raw.transport;
    return name === ASKED ? this.#url : name;
  }

  #errorOf(report) {
    return this.#credentials.explained(this.#errors.from(report));
  }

  /** There is one object per session. */
  #sessionOf(raw) {
    if (this.#session?.id !== raw.id) {
      this.#rawSession = raw;
      this.#session = new Session(key, raw, this.#shared);
    }
    return this.#session;
  }
}

/** A weak reference to a component, for the module. */
function hooksOf(weak, { ask, isFatal, tell, fail }) {
  return {
    async ask(what, about) {
      const component = weak.deref();
      return component && ask(component, what, about);
    },
    isFatal(error, byDefault) {
      const component = weak.deref();
      return component === undefined ? byDefault : isFatal(component, error, byDefault);
    },
    tell(error) {
      const component = weak.deref();
      return component && tell(component, error);
    },
    fail(error) {
      const component = weak.deref();
      return component && fail(component, error);
    },
  };
}

/**
 * Returns the settings of a transport for the module, which asks for the URL if a function returns it, and
 * those of its dialer.
 */
function forModule({ url = '', urlFunction, name, retry, ...dialed }) {
  const { maxRetries, ...delays } = retry ?? {};
  const unlimited = maxRetries === Infinity ? -1 : maxRetries;
  return { url, name, asked: urlFunction !== undefined, ...delays, maxRetries: unlimited, dialed };
}

function remove(list, fits) {
  const place = list.findIndex(fits);
  if (place >= 0) {
    list.splice(place, 1);
  }
  return place >= 0;
}
