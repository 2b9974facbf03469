// A Connection with the interface of Autobahn|JS, implemented by a component.

import { authenticationOptions } from './authentication.js';
import { attempt, isObject, need, tell } from './check.js';
import { Component } from './component.js';
import { extensionOptions } from './extensions.js';
import { WampError } from './errors.js';

/** Retry settings with Autobahn's names, in seconds. */
const retryOptions = [
  'max_retries',
  'initial_retry_delay',
  'max_retry_delay',
  'retry_delay_growth',
  'retry_delay_jitter',
];

const connectionOptions = [
  'url',
  'transports',
  'realm',
  'serializers',
  ...authenticationOptions,
  ...retryOptions,
  'retry_if_unreachable',
  'on_user_error',
  'on_internal_error',
  'isFatal',
  'timeout',
  'batched',
  'discloseMe',
  ...extensionOptions,
];

/** Options of Autobahn|JS that have no effect here. */
const elsewhere = {
  use_es6_promises: "all promises are the language's own; leave it out",
  use_deferred: "all promises are the language's own; leave it out",
  protocols: 'the subprotocols follow from "serializers"',
  tlsConfiguration: "TLS is the browser's matter; in Node, set NODE_EXTRA_CA_CERTS",
  autoping_interval: 'no browser lets a page send pings; set the option heartbeat',
  autoping_timeout: 'no browser lets a page send pings; set the option heartbeat',
  autoping_size: 'no browser lets a page send pings; set the option heartbeat',
  onopen: 'set it as a property: connection.onopen = …',
  onclose: 'set it as a property: connection.onclose = …',
};

/** Ends of sessions that are not an orderly close. */
const losses = ['transport-lost', 'timed-out'];

export class Connection {
  onopen;
  onclose;
  #component;
  #retryIfUnreachable;
  #onUserError;
  #onInternalError;
  #session = null;
  #transport = null;
  /** From open() until the last onclose(). */
  #run = null;

  constructor(options) {
    need('options', options, isObject(options));
    for (const name of Object.keys(options)) {
      if (Object.hasOwn(elsewhere, name)) {
        throw new TypeError(`the option "${name}": ${elsewhere[name]}`);
      }
      need('an option', name, connectionOptions.includes(name));
    }
    const { url, realm, on_user_error, on_internal_error, retry_if_unreachable = true } = options;
    need('realm', realm, typeof realm === 'string');
    need('retry_if_unreachable', retry_if_unreachable, typeof retry_if_unreachable === 'boolean');
    for (const [name, value] of Object.entries({ on_user_error, on_internal_error })) {
      need(name, value, value === undefined || typeof value === 'function');
    }
    this.#retryIfUnreachable = retry_if_unreachable;
    this.#onUserError = { onUserError: on_user_error };
    this.#onInternalError = { onUserError: on_internal_error };
    const { transports = [url] } = options;
    need('transports beside url', 'both', url === undefined || options.transports === undefined);
    need('transports', transports, Array.isArray(transports) && transports.length > 0);
    const { isFatal, timeout, batched, discloseMe } = options;
    const given = { realm, isFatal, timeout, batched, discloseMe, onUserError: on_user_error };
    for (const name of [...authenticationOptions, ...extensionOptions]) {
      given[name] = options[name];
    }
    given.transports = transports.map((transport, place) => transportOf(transport, place, options));
    this.#component = new Component(given);
    this.#listen();
  }

  get session() {
    return this.#session;
  }

  /** True while a realm is joined. */
  get isOpen() {
    return this.#session?.isOpen === true;
  }

  get isConnected() {
    return this.#transport !== null;
  }

  get isRetrying() {
    return ['waiting', 'offline'].includes(this.#component.state);
  }

  get transport() {
    return this.#transport;
  }

  open() {
    if (this.#run === null) {
      this.#begin();
    } else if (this.#run.isClosing) {
      this.#run.reopen = true;
    } else if (this.isRetrying) {
      this.#component.retryNow();
    } else {
      throw new Error('the connection is open already, or opening');
    }
  }

  close(reason, message) {
    need('reason', reason, reason === undefined || typeof reason === 'string');
    need('message', message, message === undefined || typeof message === 'string');
    const run = this.#run;
    if (run === null) {
      throw new Error('the connection is closed already');
    }
    run.reopen = false;
    if (!run.isClosing) {
      run.isClosing = true;
      if (this.isOpen) {
        // A session that was left on purpose ends the component. It cannot fail.
        void this.#session.leave(reason, message);
      } else {
        void this.#component.stop();
      }
    }
    return run.over;
  }

  #begin() {
    const run = {
      isClosing: false,
      reopen: false,
      wasConnected: false,
      /** True if onclose() was called with `will_retry` false. */
      wasTold: false,
      closeReason: null,
    };
    this.#run = run;
    run.over = this.#component.start().then(
      () => this.#end(run, 'closed'),
      (error) => this.#failed(run, error),
    );
  }

  #listen() {
    const component = this.#component;
    component.on('connect', ({ type, url, protocol }) => {
      this.#run.wasConnected = true;
      this.#transport = Object.freeze({ info: Object.freeze({ type, url, protocol }) });
    });
    component.on('join', (session) => {
      this.#session = session;
      const details = { ...session.welcome, transport: this.#transport?.info };
      // The session is usable even if it fails or is slow.
      void attempt(() => this.onopen?.(session, details), this.#onUserError, 'onopen');
    });
    component.on('leave', (reason) => {
      this.#run.closeReason = reason;
    });
    component.on('disconnect', () => {
      this.#transport = null;
    });
    component.on('retry', (notice) => this.#lost(notice));
  }

  /** Handles a failed attempt or a lost session. Returns the answer for the component. */
  async #lost({ error, closeReason, willRetry, failures, delay }) {
    const run = this.#run;
    const reason = reasonOf(run, closeReason);
    const retries = willRetry && (reason !== 'unreachable' || this.#retryIfUnreachable);
    run.wasTold = !retries;
    this.#session = null;
    run.closeReason = null;
    const details = {
      reason: closeReason?.reason ?? error?.uri ?? null,
      message: closeReason === null ? (error?.message ?? String(error)) : closeReason.message,
      retry_delay: retries ? delay / 1000 : null,
      retry_count: retries ? failures : null,
      will_retry: retries,
    };
    const stops = Boolean(await this.#close(reason, details));
    run.wasTold ||= stops;
    return !stops && retries;
  }

  #failed(run, error) {
    if (run.wasTold) {
      return this.#end(run);
    }
    if (error instanceof WampError) {
      // The component could not start.
      return this.#end(run, 'unsupported', error);
    }
    tell(error, this.#onInternalError, 'the library');
    return this.#end(run, 'lost', error);
  }

  async #end(run, reason, error) {
    this.#run = null;
    this.#session = null;
    this.#transport = null;
    if (reason !== undefined) {
      const why = error === undefined ? run.closeReason : { reason: error.uri, message: error.message };
      const { reason: uri = null, message = null } = why ?? {};
      const details = { reason: uri, message, retry_delay: null, retry_count: null, will_retry: false };
      await this.#close(reason, details);
    }
    if (run.reopen && this.#run === null) {
      this.#begin();
    }
  }

  /** Calls onclose() and returns its result. */
  async #close(reason, details) {
    let answer;
    await attempt(
      async () => {
        answer = await this.onclose?.(reason, details);
      },
      this.#onUserError,
      'onclose',
    );
    return answer;
  }
}

function reasonOf({ wasConnected }, closeReason) {
  if (!wasConnected) {
    return 'unreachable';
  }
  return closeReason === null || losses.includes(closeReason.kind) ? 'lost' : 'closed';
}

/** Returns a transport for the component, with defaults from the connection. */
function transportOf(transport, place, options) {
  const isWhole = isObject(transport) && !(transport instanceof URL);
  const given = isWhole ? transport : { url: transport };
  const dict = { max_retries: 15 };
  for (const name of ['serializers', ...retryOptions]) {
    if (options[name] !== undefined) {
      dict[name] = options[name];
    }
  }
  Object.assign(dict, given);
  need(`transports[${place}].protocols`, 'serializers', dict.protocols === undefined);
  for (const name of retryOptions) {
    need(name, dict[name], dict[name] === undefined || Number.isFinite(dict[name]));
  }
  if (dict.retry_delay_growth === 0) {
    // No growth, as in Autobahn|JS.
    dict.retry_delay_growth = 1;
  }
  return dict;
}
