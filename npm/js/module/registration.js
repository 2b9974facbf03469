// Procedures of the page, and the calls that they answer.

import * as port from './port.js';
import { renamed } from './session.js';
import { textOf } from '../errors.js';
import { INVALID_ARGUMENT, INVALID_PAYLOAD } from '../uris.js';

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
export class JoinedRegistration extends Procedure {
  #isActive = true;
  #settle;
  #ended;
  #resolveEnded;

  constructor(settle, session, answer) {
    super(answer, () => session.codec);
    this.session = session;
    this.#settle = settle;
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Runs what makes it; an error fails it. */
  make(run) {
    port.made(this, run, this.#settle.reject);
  }

  get isActive() {
    return this.#isActive && this.session.closeReason === null;
  }

  /** Resolves to its ending. */
  ended() {
    return this.#ended;
  }

  /** Resolves when the procedure is unregistered, also by the end of the session. */
  unregister() {
    return port.request((settle) => {
      const request = new port.Request(settle, this.session);
      request.make(() => port.send(port.UNREGISTER, this.number, (fields) => fields.u32(request.number)));
    });
  }

  // Records

  onEstablished(record) {
    this.id = record.f64();
    return () => this.#settle.resolve(this);
  }

  onFailed(record) {
    const report = record.report(this.session.codec);
    port.close(this.number);
    return () => this.#settle.reject(report);
  }

  onEnded(record) {
    const ending = record.dict();
    this.#isActive = false;
    port.close(this.number);
    return () => this.#resolveEnded(ending);
  }

  lost(error) {
    this.#isActive = false;
    this.#settle.reject(error);
    this.#resolveEnded({ kind: 'closed', reason: error.uri, message: error.message });
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
    return port.request((settle) => {
      const request = new port.Request(settle, { codec: this.#codec });
      request.make(() =>
        port.send(port.PROGRESS, this.#number, (fields) => {
          fields.u32(request.number);
          fields.args(this.#codec, args, kwargs);
        }),
      );
    });
  }

  /**
   * Resolves to the next part of the arguments, `{args, kwargs}` or `{missed}`, and to null after the
   * last one. Must not be called while a call is pending.
   */
  next() {
    return port.request((settle) => {
      const request = new Chunk(settle, { codec: this.#codec });
      request.make(() => port.send(port.NEXT, this.#number, (fields) => fields.u32(request.number)));
    });
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
        this.fail(INVALID_PAYLOAD, [sendable(textOf(error))], {});
      }
      return;
    }
    try {
      this.fail(uri, args, kwargs);
    } catch (error) {
      // The URI is kept even if the arguments cannot be sent; its text may not be, either.
      this.fail(uri, [sendable(textOf(error))], {});
    }
  }

  /** Runs what answers, unless it is no longer needed. */
  #end(run) {
    if (port.isUsable() && port.targetOf(this.#number) === this) {
      run();
      port.close(this.#number);
    }
  }
}

/** Returns a text that each serializer can write. */
function sendable(text) {
  return text.replace(/^\0+/, '');
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
