// A session of the module.

import { call } from './call.js';
import { codecNow, codecOf } from './codec.js';
import * as port from './port.js';
import { discard } from './provers.js';
import { JoinedRegistration } from './registration.js';
import { JoinedSubscription } from './subscription.js';

/** Drops the module's part of a session that nobody uses any more. */
const unused = new FinalizationRegistry((number) => {
  if (port.isUsable()) {
    port.send(port.DROP, number);
  }
});

/** A joined session. */
export class JoinedSession {
  /** Why it has ended; null before. */
  closeReason = null;
  #number;
  #welcome;
  #closed;
  #resolveClosed;

  constructor(number, record) {
    this.#number = number;
    this.id = record.f64();
    this.realm = record.text();
    this.serializer = record.text();
    /** Undefined until it is loaded. */
    this.codec = codecNow(this.serializer);
    this.#welcome = record.dictBytes();
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    port.open(this, number);
    unused.register(this, number);
  }

  async load() {
    this.codec = await codecOf(this.serializer);
    return this;
  }

  welcome() {
    return this.#welcome.length === 0 ? {} : this.codec.decode(this.#welcome)[0];
  }

  /** `given` and `settle` are those of `call.js`. */
  call(given, settle) {
    call(this, this.#number, settle, given);
  }

  publish(topic, args, kwargs, options) {
    return this.#request(port.PUBLISH, (fields) => {
      fields.string(topic);
      fields.json(options, 'options');
      fields.args(this.codec, args, kwargs);
    });
  }

  subscribe(topic, options, queue = 0) {
    const make = (settle) => new JoinedSubscription(settle, this, topic);
    return port.request(port.SUBSCRIBE, this.#number, make, (fields) => {
      fields.u32(queue);
      fields.string(topic);
      fields.json(options, 'options');
    });
  }

  /** `answer` is created by `endpoint.js` from the user's function. */
  register(procedure, answer, options) {
    const make = (settle) => new JoinedRegistration(settle, this, answer);
    return port.request(port.REGISTER, this.#number, make, (fields) => {
      fields.string(procedure);
      fields.json(options, 'options');
    });
  }

  leave(reason = '', message = undefined) {
    return this.#request(port.LEAVE, (fields) => {
      fields.string(reason);
      fields.json({ ...(message !== undefined && { message }) }, 'message');
    });
  }

  rejoin(realm) {
    const make = (settle) => new Joining(settle);
    return port.request(port.REJOIN, this.#number, make, (fields) => fields.string(realm));
  }

  /** Resolves to the close reason. */
  closed() {
    return this.#closed;
  }

  // Records

  onClosed(record) {
    const reason = record.dict();
    // Before all other records of the batch: what ends with the session tells this reason.
    this.closeReason = reason;
    port.close(this.#number);
    return () => this.#resolveClosed(reason);
  }

  lost(error) {
    this.closeReason ??= { kind: 'transport-lost', reason: error.uri, message: error.message };
    this.#resolveClosed(this.closeReason);
  }

  #request(kind, write) {
    return port.request(kind, this.#number, (settle) => new port.Request(settle, this), write);
  }
}

/** Connects and joins: `settings` are those of `npm/src/session.rs`. */
export function join(settings, signal) {
  return new Promise((resolve, reject) => {
    const joining = new Joining({ resolve, reject });
    try {
      signal?.throwIfAborted();
      port.send(port.CONNECT, joining.number, (fields) => fields.json(settings, 'options'));
    } catch (error) {
      port.close(joining.number);
      discard(settings.methods, settings.codec);
      throw error;
    }
    joining.until(signal);
  });
}

/** A session that is being joined. */
class Joining extends port.Request {
  #signal;
  #abort;

  /** Gives up when a signal aborts. */
  until(signal) {
    if (signal === undefined) {
      return;
    }
    this.#signal = signal;
    this.#abort = () => {
      this.#finish();
      port.send(port.DROP, this.number);
      this.reject(signal.reason);
    };
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  onJoined(record, number) {
    this.#finish();
    const session = new JoinedSession(number, record);
    return () => void session.load().then(this.resolve, (error) => {
      void session.leave();
      this.reject(error);
    });
  }

  onFailed(record) {
    this.#finish();
    return super.onFailed(record);
  }

  lost(error) {
    this.#finish();
    super.lost(error);
  }

  #finish() {
    this.#signal?.removeEventListener('abort', this.#abort);
    port.close(this.number);
  }
}
