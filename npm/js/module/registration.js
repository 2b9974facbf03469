// Procedures of the page, and the calls that they answer.

import { textOf } from '../errors.js';
import { INVALID_ARGUMENT, INVALID_PAYLOAD } from '../uris.js';
import { renamed } from './details.js';
import { established } from './established.js';
import * as port from './port.js';

/** Flags of an invocation. */
const WANTS_PROGRESS = 1;
const HAS_MORE = 2;

/** Flag of the end of the parts. */
const LAST = 1;

/** A function of the page that answers calls: `answer` is created by `endpoint.js` from it. */
export class Procedure {
  #answer;

  /** `codec` returns the codec of the calls. */
  constructor(answer, codec) {
    this.#answer = answer;
    this.codec = codec;
    this.number = port.open(this);
  }

  onInvocation(record) {
    const number = record.u32();
    const flags = record.u8();
    const procedure = record.text();
    const codec = this.codec();
    const invocation = new Invocation(number, codec, flags);
    let given;
    try {
      const details = renamed(record.dict(codec) ?? {});
      // `InvocationDetails` takes them as its own properties.
      delete details['__proto__'];
      details.procedure = procedure;
      given = { details, ...record.args(codec) };
    } catch (error) {
      return () => invocation.fail(INVALID_ARGUMENT, [textOf(error)], {});
    }
    return () => invocation.begin(this.#answer, given);
  }
}

/** A registration. */
export class JoinedRegistration extends established(Procedure) {
  constructor(settle, session, answer) {
    super(settle, session, answer, () => session.codec);
  }

  unregister() {
    return this.withdrawn(port.UNREGISTER);
  }
}

/** A call that the page answers. */
class Invocation {
  #number;
  #codec;
  #flags;
  #abort;

  constructor(number, codec, flags) {
    this.#number = number;
    this.#codec = codec;
    this.#flags = flags;
    port.open(this, number);
  }

  /** Whether the caller requested progressive results. */
  get wantsProgress() {
    return (this.#flags & WANTS_PROGRESS) !== 0;
  }

  begin(answer, { args, kwargs, details }) {
    const hasMore = (this.#flags & (WANTS_PROGRESS | HAS_MORE)) !== 0;
    const { settled, abort } = answer(args, kwargs, details, hasMore ? this : undefined);
    this.#abort = abort;
    // It is never rejected.
    void settled.then((answered) => this.#settle(answered));
  }

  fail(uri, args, kwargs) {
    this.#end(() =>
      port.send(port.FAIL, this.#number, (fields) => {
        fields.string(uri);
        fields.args(this.#codec, args, kwargs);
      }),
    );
  }

  /** Sends a progressive result. */
  progress(args, kwargs) {
    return port.request(port.PROGRESS, this.#number, this.#ticket(port.Request), (fields) =>
      fields.args(this.#codec, args, kwargs),
    );
  }

  /**
   * Resolves to the next part of the arguments, `{args, kwargs}` or `{missed}`, and to null after the
   * last one. Must not be called while a call is pending.
   */
  next() {
    return port.request(port.NEXT, this.#number, this.#ticket(Chunk));
  }

  onInterrupt() {
    port.close(this.#number);
    return () => this.#abort?.();
  }

  lost() {
    this.#abort?.();
  }

  #settle(answered) {
    // Undefined if it was aborted.
    if (answered === undefined) {
      return;
    }
    const { isError, uri, args, kwargs } = answered;
    if (isError !== true) {
      try {
        this.#end(() =>
          port.send(port.ANSWER, this.#number, (fields) => fields.args(this.#codec, args, kwargs)),
        );
      } catch (error) {
        this.fail(INVALID_PAYLOAD, [textOf(error)], {});
      }
      return;
    }
    try {
      this.fail(uri, args, kwargs);
    } catch (error) {
      // The URI is kept even if the arguments cannot be sent.
      this.fail(uri, [textOf(error)], {});
    }
  }

  #ticket(Request) {
    return (settle) => new Request(settle, { codec: this.#codec });
  }

  /** Runs what answers, unless it is no longer needed. */
  #end(run) {
    if (port.isUsable() && port.targetOf(this.#number) === this) {
      run();
      port.close(this.#number);
    }
  }
}

class Chunk extends port.Request {
  onChunk(record) {
    const isOver = (record.u8() & LAST) !== 0;
    const missed = record.f64();
    let part = null;
    let failure;
    try {
      part = isOver ? null : missed > 0 ? { missed } : record.args(this.session.codec);
    } catch (error) {
      failure = error;
    }
    port.close(this.number);
    return () => (failure === undefined ? this.resolve(part) : this.reject(failure));
  }
}
