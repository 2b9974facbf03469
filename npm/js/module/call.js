// Calls of the module.

import { renamed } from './details.js';
import * as port from './port.js';

/** Flags of a call. */
const DETAILS = 1;
const PROGRESS = 2;
const PARTS = 4;
const REVOCABLE = 8;

/** Place of a call's flags: behind its kind, the session and the ticket. */
const FLAGS = 9;

const modes = ['skip', 'kill', 'killnowait'];

/**
 * Calls a procedure in a session of this number. `wishes` are those of the public `call.js`, and `settle`
 * has the functions that receive the reply or the reason of a failure.
 */
export function call(session, number, settle, { procedure, args, kwargs, options, timeout, mode, details, wishes }) {
  const running = new RunningCall(settle, session, wishes);
  const write = (fields) => {
    fields.byte(details ? DETAILS : 0);
    fields.byte(1 + modes.indexOf(mode));
    fields.f64(timeout ?? NaN);
    fields.string(procedure);
    fields.json(options, 'options');
    fields.args(session.codec, args, kwargs);
    if (wishes.isAbandoned) {
      // By a function of a value that was encoded.
      throw new Error('the call is abandoned');
    }
  };
  // The page may loop over the call, or attach to it, until it is passed.
  const complete = (bytes, place) => {
    bytes[place + FLAGS] |= running.begin();
  };
  port.sendFor(running, port.CALL, number, write, complete);
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
