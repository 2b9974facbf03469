// Calls: a promise of the result that can also be looped over, for progressive results.

import { log } from './log.js';
import { attempt, finite, isFlag, isObject, isSignal, need, needDuration, request, split } from './check.js';
import { WampError } from './errors.js';

/** Maximum number of progressive results that wait for a loop. */
const KEPT = 1024;

const here = ['timeout', 'routerTimeout', 'signal', 'cancelMode', 'details', 'onProgress'];
const there = { discloseMe: isFlag };

export class Result {
  constructor(args = [], kwargs = {}, details = undefined) {
    this.args = args;
    this.kwargs = kwargs;
    if (details !== undefined) {
      this.details = details;
    }
  }
}

/** Progress, parts and cancelling of a call, which are read when the call is sent. */
class Wishes {
  begun = false;
  /** Receives progressive results. */
  step;
  /** Source of further arguments. */
  part;
  /** True if the call can be abandoned. */
  revocable = false;
  isAbandoned = false;
  /** Cancels the call if it is still there. */
  cancel = nothing;
  #waiting = [];

  /** Resolves to the value of the promise, or to undefined if the call ends first. Never rejects. */
  orOver(promise) {
    return new Promise((resolve) => {
      const settle = (value) => {
        this.#waiting = this.#waiting.filter((other) => other !== settle);
        resolve(value);
      };
      this.#waiting.push(settle);
      promise.then(settle, settle);
      if (this.isAbandoned) {
        settle();
      }
    });
  }

  /** Ends the call locally: no part of it is needed any more. */
  abandon() {
    this.isAbandoned = true;
    this.#waiting.forEach((settle) => settle());
    this.cancel();
  }
}

export class Call extends Promise {
  #wishes;
  #settle;
  /** Ends what the call uses: the signal, and the source of its arguments. */
  #release = nothing;
  #details;
  /** Number of progressive results lost since the last one that a loop can read. */
  #missed = 0;

  static make(raw, errors, procedure, args, kwargs, options) {
    const wishes = new Wishes();
    let settle;
    const call = new Call((resolve, reject) => (settle = { resolve, reject }));
    call.#wishes = wishes;
    call.#settle = settle;
    try {
      call.#perform(raw, errors, procedure, args, kwargs, options);
    } catch (error) {
      // Later, so that a loop over the call can begin, and gets the error.
      queueMicrotask(() => call.#fail(error));
    }
    return call;
  }

  [Symbol.asyncIterator]() {
    const wishes = this.#wishes;
    if (wishes === undefined || wishes.begun || wishes.step !== undefined) {
      throw new TypeError('loop over a call where it is made, once, and without onProgress');
    }
    wishes.revocable = true;
    const steps = [];
    let wake = nothing;
    let end;
    wishes.step = (reply) => {
      if (steps.length < KEPT) {
        steps.push(this.#shape(reply));
      } else {
        this.#missed += 1 + (reply.missed ?? 0);
      }
      wake();
    };
    this.then(
      () => (end = {}),
      (error) => (end = { error }),
    ).then(() => wake());
    const giveUp = () => this.#giveUp(new WampError('wamp.error.canceled', ['the loop was left']));
    const results = (async function* () {
      for (;;) {
        while (steps.length > 0) {
          yield steps.shift();
        }
        if (end !== undefined) {
          if ('error' in end) {
            throw end.error;
          }
          return;
        }
        await new Promise((resolve) => (wake = resolve));
      }
    })();
    return {
      next: () => results.next(),
      // Also before the first `next()`, where a generator would run nothing.
      return(value) {
        giveUp();
        return results.return(value);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #perform(raw, errors, procedure, args, kwargs, options) {
    const inParts = isSource(args);
    const words = request('procedure', procedure, inParts ? [] : args, kwargs);
    const [local, wire] = split(options, here, there);
    const { timeout, routerTimeout, signal, cancelMode, details, onProgress } = local;
    needDuration('timeout', timeout);
    needDuration('routerTimeout', routerTimeout);
    need('signal', signal, signal === undefined || isSignal(signal));
    need('cancelMode', cancelMode, cancelMode === undefined || modes.includes(cancelMode));
    need('details', details, details === undefined || typeof details === 'boolean');
    need('onProgress', onProgress, onProgress === undefined || typeof onProgress === 'function');
    this.#details = details === true;
    if (routerTimeout !== undefined) {
      wire.timeout = Math.ceil(finite(routerTimeout));
    }
    if (onProgress !== undefined) {
      this.#wishes.step = (reply) =>
        void attempt(() => onProgress(this.#shape(reply)), errors, 'onProgress');
    }
    if (signal?.aborted) {
      throw signal.reason;
    }
    if (signal !== undefined) {
      const abort = () => this.#giveUp(signal.reason);
      this.#wishes.revocable = true;
      signal.addEventListener('abort', abort, { once: true });
      this.#release = () => signal.removeEventListener('abort', abort);
    }
    const send = () => {
      if (this.#wishes.isAbandoned) {
        return this.#end(undefined);
      }
      return raw.call(
        {
          procedure: words[0],
          args: words[1],
          kwargs: words[2],
          options: wire,
          timeout,
          mode: cancelMode,
          details: this.#details,
          wishes: this.#wishes,
        },
        { resolve: (reply) => this.#end(reply), reject: (report) => this.#fail(errors.from(report)) },
      );
    };
    if (inParts) {
      // After all other checks: from here on the source is closed by this code.
      const parts = iteratorOf(args);
      const release = this.#release;
      this.#release = () => {
        release();
        // Its source may still be open if the call has ended before it.
        attempt(() => parts.return?.());
      };
      this.#stream(parts, words).then(send).catch((error) => this.#fail(errors.from(error)));
    } else {
      try {
        send();
      } catch (error) {
        throw errors.from(error);
      }
    }
  }

  // Settled first: what is released may settle the call, too.

  #end(reply) {
    this.#settle.resolve(this.#shape(reply));
    this.#finish();
  }

  #fail(error) {
    this.#settle.reject(error);
    this.#finish();
  }

  #finish() {
    this.#wishes.begun = true;
    this.#wishes.abandon();
    this.#release();
    this.#release = nothing;
  }

  /** Reads the first part into `words`; the others are requested one by one, as they are sent. */
  async #stream(parts, words) {
    const take = async () => {
      const { value, done } = await parts.next();
      return partOf(value, done);
    };
    this.#wishes.revocable = true;
    const first = await this.#wishes.orOver(take().catch((error) => this.#giveUp(error)));
    if (this.#wishes.isAbandoned) {
      return;
    }
    [words[1], words[2]] = [first.args, both(words[2], first.kwargs)];
    if (!first.last) {
      const next = () => take().catch((error) => this.#giveUp(error));
      this.#wishes.part = () => this.#wishes.orOver(next());
    }
  }

  #giveUp(reason) {
    this.#settle.reject(reason);
    this.#wishes.abandon();
  }

  #shape(reply) {
    if (reply === undefined) {
      return undefined;
    }
    const { args, kwargs, details } = reply;
    const missed = this.#missed + (reply.missed ?? 0);
    this.#missed = 0;
    if (this.#details) {
      if (missed > 0) {
        details.missed = missed;
      }
      return new Result(args, kwargs, details);
    }
    if (missed > 0) {
      log('warn', `wampwerk: ${missed} progressive results were dropped: they are taken too slowly`);
    }
    if (args.length <= 1 && Object.keys(kwargs).length === 0) {
      return args[0];
    }
    return new Result(args, kwargs);
  }
}

// `then` returns an ordinary promise, and `await` waits for the call itself.
Object.defineProperty(Call.prototype, 'constructor', { value: Promise });

const modes = ['skip', 'kill', 'killnowait'];

/** Returns whether arguments come in parts. */
function isSource(args) {
  return isObject(args) && (isIterable(args) || typeof args.getReader === 'function');
}

function isIterable(args) {
  return typeof args[Symbol.asyncIterator] === 'function';
}

function iteratorOf(source) {
  return isIterable(source) ? source[Symbol.asyncIterator]() : readerOf(source);
}

/** Iterates over a ReadableStream in browsers without its async iterator. */
function readerOf(stream) {
  const reader = stream.getReader();
  let isOpen = true;
  return {
    async next() {
      try {
        const step = await reader.read();
        isOpen = !step.done;
        return step;
      } catch (error) {
        isOpen = false;
        throw error;
      }
    },
    async return() {
      try {
        if (isOpen) {
          await reader.cancel();
        }
      } finally {
        reader.releaseLock();
      }
    },
  };
}

/** Merges keyword values; the second value of a key counts. */
function both(one, other) {
  const [left, right] = [one, other].map((kwargs) =>
    kwargs instanceof Map ? [...kwargs] : Object.entries(kwargs),
  );
  // A map, so that a key that is not a string is still refused.
  return left.length === 0 ? other : right.length === 0 ? one : new Map([...left, ...right]);
}

function partOf(value, done) {
  if (value instanceof Result) {
    const [, args, kwargs] = request('a part', '', value.args, value.kwargs);
    return { args, kwargs, last: done === true };
  }
  need('a part of the arguments', value, Array.isArray(value) || (done && value === undefined));
  return { args: value ?? [], kwargs: {}, last: done === true };
}

function nothing() {}
