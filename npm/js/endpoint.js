// Endpoints: functions of the user that answer calls.

import { need, request } from './check.js';
import { Result } from './call.js';
import { described, SessionClosedError, WampError } from './errors.js';
import { CANCELED } from './uris.js';

const abort = Symbol('abort');
const settled = Symbol('settled');

/** Details of an invocation; the details of the router are its properties. */
export class InvocationDetails {
  #call;
  #first;
  #controller;
  #reason;
  #chunks;
  #progress;
  #sent;

  constructor(details, call, first) {
    Object.assign(this, details);
    this.#call = call;
    this.#first = first;
  }

  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  get progress() {
    if (this.#progress === undefined && this.#call?.wantsProgress) {
      this.#progress = (args, kwargs) => {
        const sent = this.#send(args, kwargs);
        this.#sent = Promise.allSettled([this.#sent, sent]);
        // A promise of its own: the first counts as handled, and unobserved errors must be reported.
        const shown = sent.catch((error) => {
          // Only the end of the call may be ignored: `signal` reports it.
          if (error?.uri === CANCELED) {
            shown.catch(() => {});
          }
          throw error;
        });
        return shown;
      };
    }
    return this.#progress;
  }

  get chunks() {
    this.#chunks ??= this.#call === undefined ? once(this.#first) : this.#parts();
    return this.#chunks;
  }

  /** Waits until all progressive results are sent: the final result must not overtake them. */
  [settled]() {
    return this.#sent;
  }

  [abort](reason) {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  async *#parts() {
    let isFirst = true;
    for (;;) {
      const part = await described(this.#call.next());
      if (part === null) {
        // Interrupted arguments must not look complete.
        if (this.#reason !== undefined) {
          throw this.#reason;
        }
        return;
      }
      const { args, kwargs, missed } = part;
      if (missed !== undefined) {
        const text = `${missed} parts of the arguments were dropped: they are taken too slowly`;
        throw new WampError('wamp.error.runtime_error', [text]);
      }
      // A last part without values only marks the end.
      if (isFirst || args.length > 0 || Object.keys(kwargs).length > 0) {
        yield new Result(args, kwargs);
      }
      isFirst = false;
    }
  }

  async #send(args, kwargs) {
    const [, list, dict] = request('procedure', '', args, kwargs);
    await described(this.#call.progress(list, dict));
  }
}

/** Wraps an endpoint, so that every outcome settles in the same form. */
export function answering(endpoint, raw, errors) {
  return (args, kwargs, plain, call) => {
    const details = new InvocationDetails(plain, call, { args, kwargs });
    let settle;
    return {
      settled: new Promise((resolve) => {
        settle = resolve;
        answer(endpoint, args, kwargs, details, errors).then(resolve);
      }),
      abort() {
        // The caller does not wait for an endpoint that never ends.
        settle();
        details[abort](reasonOf(raw));
      },
    };
  };
}

/** Returns the endpoints of an object: its functions, and those of its class and superclasses. */
export function endpointsOf(object) {
  need('endpoints', object, typeof object === 'object' && object !== null);
  const endpoints = new Map();
  for (let at = object; at !== null; at = Object.getPrototypeOf(at)) {
    if (at !== object && isBuiltIn(at)) {
      break;
    }
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor' && !endpoints.has(name)) {
        endpoints.set(name, value.bind(object));
      }
    }
  }
  return endpoints;
}

/** Returns whether a prototype belongs to the language or browser, such as `EventTarget.prototype`. */
function isBuiltIn(prototype) {
  const constructor = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function') {
    return false;
  }
  // Node writes some classes of the browser in JavaScript.
  const isGlobal = globalThis[constructor.name] === constructor;
  return isGlobal || /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
}

async function answer(endpoint, args, kwargs, details, errors) {
  try {
    const value = await endpoint(args, kwargs, details);
    await details[settled]();
    if (value instanceof Result) {
      return { args: value.args ?? [], kwargs: value.kwargs ?? {} };
    }
    return { args: value === undefined ? [] : [value], kwargs: {} };
  } catch (error) {
    await details[settled]();
    return errors.describe(error, details.callerAuthrole);
  }
}

function reasonOf(raw) {
  const closed = raw.closeReason;
  return closed === null
    ? new WampError(CANCELED, ['the call was cancelled'])
    : new SessionClosedError(closed.reason, [], {}, `session closed: ${closed.message ?? closed.reason}`);
}

async function* once({ args, kwargs }) {
  yield new Result(args, kwargs);
}
