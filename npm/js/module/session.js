// A session of the module.

import { codecNow, codecOf } from './codec.js';
import { JoinedSubscription } from './subscription.js';
import { discard } from './provers.js';
import { JoinedRegistration } from './registration.js';
import * as port from './port.js';

/** Flags of a call. */
const DETAILS = 1;
const PROGRESS = 2;
const PARTS = 4;
const REVOCABLE = 8;

/** Place of a call's flags: behind its kind, the session and the ticket. */
const FLAGS = 9;

const modes = ['skip', 'kill', 'killnowait'];

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

  call(procedure, args, kwargs, options, timeout, mode, details, wishes) {
    return port.request((settle) => {
      const call = new RunningCall(settle, this, wishes);
      const write = (fields) => {
        fields.u32(call.number);
        fields.byte(details ? DETAILS : 0);
        fields.byte(1 + modes.indexOf(mode));
        fields.f64(timeout ?? NaN);
        fields.string(procedure);
        fields.json(options, 'options');
        fields.args(this.codec, args, kwargs);
        if (wishes.isAbandoned) {
          // By a function of a value that was encoded.
          throw new Error('the call is abandoned');
        }
      };
      // The page may loop over the call, or attach to it, until it is passed.
      const complete = (bytes, place) => {
        bytes[place + FLAGS] |= call.begin();
      };
      call.make(() => port.send(port.CALL, this.#number, write, complete));
    });
  }

  publish(topic, args, kwargs, options) {
    return this.#request(port.PUBLISH, (fields) => {
      fields.string(topic);
      fields.json(options, 'options');
      fields.args(this.codec, args, kwargs);
    });
  }

  subscribe(topic, options, queue = 0) {
    return port.request((settle) => {
      const subscription = new JoinedSubscription(settle, this, topic);
      subscription.make(() =>
        port.send(port.SUBSCRIBE, this.#number, (fields) => {
          fields.u32(subscription.number);
          fields.u32(queue);
          fields.string(topic);
          fields.json(options, 'options');
        }),
      );
    });
  }

  /** `answer` is created by `endpoint.js` from the user's function. */
  register(procedure, answer, options) {
    return port.request((settle) => {
      const registration = new JoinedRegistration(settle, this, answer);
      registration.make(() =>
        port.send(port.REGISTER, this.#number, (fields) => {
          fields.u32(registration.number);
          fields.string(procedure);
          fields.json(options, 'options');
        }),
      );
    });
  }

  leave(reason = '', message = undefined) {
    return this.#request(port.LEAVE, (fields) => {
      fields.string(reason);
      fields.json({ ...(message !== undefined && { message }) }, 'message');
    });
  }

  rejoin(realm) {
    return port.request((settle) => {
      const joining = new Joining(settle);
      joining.make(() =>
        port.send(port.REJOIN, this.#number, (fields) => {
          fields.u32(joining.number);
          fields.string(realm);
        }),
      );
    });
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
    return port.request((settle) => {
      const request = new port.Request(settle, this);
      request.make(() =>
        port.send(kind, this.#number, (fields) => {
          fields.u32(request.number);
          write(fields);
        }),
      );
    });
  }
}

/** A session that is being joined: `settings` are those of `npm/src/session.rs`. */
export function join(settings, signal) {
  return port.request((settle) => {
    const joining = new Joining(settle);
    joining.make(() => {
      try {
        signal?.throwIfAborted();
        port.send(port.CONNECT, joining.number, (fields) => fields.json(settings, 'options'));
      } catch (error) {
        discard(settings.methods);
        throw error;
      }
      joining.until(signal);
    });
  });
}

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

class RunningCall extends port.Request {
  #wishes;

  constructor(settle, session, wishes) {
    super(settle, session);
    this.#wishes = wishes;
    wishes.cancel = () => this.#abandon();
  }

  /** Returns the flags of what the page wishes. From here on it can wish nothing more. */
  begin() {
    const { step, part, revocable } = this.#wishes;
    this.#wishes.begun = true;
    return (step ? PROGRESS : 0) | (part ? PARTS : 0) | (revocable ? REVOCABLE : 0);
  }

  onResult(record) {
    const reply = this.#reply(record);
    port.close(this.number);
    return () => ('error' in reply ? this.reject(reply.error) : this.resolve(reply));
  }

  onProgress(record) {
    const reply = this.#reply(record);
    if ('error' in reply) {
      return () => {
        this.reject(reply.error);
        this.#abandon();
      };
    }
    return () => {
      if (!this.#wishes.isAbandoned) {
        // It throws nothing: `call.js` reports errors of the page.
        this.#wishes.step?.(reply);
      }
    };
  }

  onPartSent() {
    return () => void this.#sendPart();
  }

  async #sendPart() {
    const part = await this.#wishes.part?.();
    if (part === undefined || port.targetOf(this.number) !== this) {
      return;
    }
    const { args, kwargs, last } = part;
    if (last) {
      this.#wishes.part = undefined;
    }
    try {
      port.send(port.PART, this.number, (fields) => {
        fields.byte(last ? 1 : 0);
        fields.args(this.session.codec, args, kwargs);
      });
    } catch (error) {
      this.reject(error);
      this.#abandon();
    }
  }

  #reply(record) {
    const hasDetails = (record.u8() & DETAILS) !== 0;
    const missed = record.f64();
    try {
      const { codec } = this.session;
      const details = record.dict(codec);
      const reply = record.args(codec);
      if (hasDetails) {
        reply.details = renamed(details ?? {});
      }
      if (missed > 0) {
        reply.missed = missed;
      }
      return reply;
    } catch (error) {
      return { error };
    }
  }

  #abandon() {
    if (port.targetOf(this.number) === this) {
      port.close(this.number);
      port.send(port.ABANDON, this.number);
      // The user has the reason already; what waits for the end of the call goes on.
      this.resolve(undefined);
    }
  }
}

const names = {
  caller_authid: 'callerAuthid',
  caller_authrole: 'callerAuthrole',
  callee_authid: 'calleeAuthid',
  callee_authrole: 'calleeAuthrole',
  publisher_authid: 'publisherAuthid',
  publisher_authrole: 'publisherAuthrole',
};

/** Returns details with the names of `index.d.ts`. Unknown keys keep their names. */
export function renamed(details) {
  for (const key of Object.keys(names)) {
    if (Object.hasOwn(details, key)) {
      details[names[key]] = details[key];
      delete details[key];
    }
  }
  return details;
}
