// Error classes, and the conversion from and to the reports of the wasm module.

import { isObject, need } from './check.js';
import { renamed } from './module/details.js';
import { RUNTIME_ERROR } from './uris.js';

export class WampError extends Error {
  constructor(uri, args = [], kwargs = {}, message = undefined, options = undefined) {
    need('uri', uri, typeof uri === 'string');
    need('args', args, Array.isArray(args));
    need('kwargs', kwargs, isObject(kwargs));
    super(message ?? (typeof args[0] === 'string' ? `${uri}: ${args[0]}` : uri), options);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

export class ConnectError extends WampError {}

export class SessionClosedError extends WampError {}

export class TimeoutError extends WampError {}

export class EncodeError extends WampError {}

export class DecodeError extends WampError {}

const classes = {
  WampError,
  ConnectError,
  SessionClosedError,
  TimeoutError,
  EncodeError,
  DecodeError,
};

for (const [name, { prototype }] of Object.entries(classes)) {
  // Not taken from the class, which minifiers rename.
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** Mapping between URIs and the user's error classes, per session. */
export class Errors {
  #classes = new Map();
  #uris = new Map();
  /** Receives errors of callbacks; without it the browser reports them. */
  onUserError;
  /** Returns the lines of an error for callers that may see them. */
  traceback;

  define(uri, errorClass) {
    const known = this.#classes.get(uri);
    if (known !== undefined && known !== errorClass) {
      throw new TypeError(`${uri} is defined already`);
    }
    this.#classes.set(uri, errorClass);
    this.#uris.set(errorClass, uri);
  }

  /** Creates an error from a report of the wasm module. */
  from(report) {
    if (report?.kind === 'thrown') {
      return report.value;
    }
    const kind = Object.hasOwn(classes, report?.kind ?? '') ? classes[report.kind] : undefined;
    if (kind === undefined) {
      // A trap of the wasm module, and already an Error.
      return report;
    }
    const own = kind === WampError ? this.#classes.get(report.uri) : undefined;
    return construct(own ?? kind, report);
  }

  /** Returns the ERROR to send for a value that an endpoint threw. `role` is that of the caller, if it is known. */
  describe(thrown, role) {
    try {
      const described = this.#described(thrown);
      const kwargs = { ...described.kwargs };
      // What this caller of another callee may see is not for others.
      if (kwargs.traceback === thrown?.traceback) {
        delete kwargs.traceback;
      }
      const traceback = this.traceback?.(thrown, role);
      return { isError: true, ...described, kwargs: traceback === undefined ? kwargs : { traceback, ...kwargs } };
    } catch (error) {
      // A property of the error throws.
      return { isError: true, uri: RUNTIME_ERROR, args: [textOf(error)], kwargs: {} };
    }
  }

  #described(thrown) {
    const uri = this.#uriOf(thrown);
    if (uri !== undefined) {
      const { args, kwargs } = thrown;
      return {
        uri,
        args: Array.isArray(args) ? args : [textOf(thrown)],
        kwargs: isObject(kwargs) ? kwargs : {},
      };
    }
    // A subclass may have left them out.
    if (thrown instanceof WampError && typeof thrown.uri === 'string') {
      return { uri: thrown.uri, args: thrown.args ?? [], kwargs: thrown.kwargs ?? {} };
    }
    return { uri: RUNTIME_ERROR, args: [textOf(thrown)], kwargs: {} };
  }

  /** Returns the URI of the nearest mapped class; a WampError has its own URI. */
  #uriOf(thrown) {
    if (this.#uris.size === 0 || !(thrown instanceof Error) || thrown instanceof WampError) {
      return undefined;
    }
    for (let cls = thrown.constructor; typeof cls === 'function'; cls = Object.getPrototypeOf(cls)) {
      if (this.#uris.has(cls)) {
        return this.#uris.get(cls);
      }
    }
    return undefined;
  }
}

const none = new Errors();

/** Waits for the wasm module, and converts its error reports. */
export async function described(promise, errors = none) {
  try {
    return await promise;
  } catch (report) {
    throw errors.from(report);
  }
}

/** Runs a synchronous function with the same conversion of errors. */
export function describedNow(run, errors = none) {
  try {
    return run();
  } catch (report) {
    throw errors.from(report);
  }
}

const told = ['uri', 'args', 'kwargs', 'details', 'traceback'];

const disclosed = ['callee', 'calleeAuthid', 'calleeAuthrole'];

function construct(cls, report) {
  const { uri, args, kwargs, message } = report;
  try {
    const isOurs = cls === WampError || cls.prototype instanceof WampError;
    return complete(isOurs ? new cls(uri, args, kwargs, message) : new cls(...args), report);
  } catch (cause) {
    return complete(new WampError(uri, args, kwargs, message, { cause }), report);
  }
}

/** Adds the reported properties to an error, except those that its class defines. */
function complete(error, report) {
  const details = renamed(report.details ?? {});
  const lines = report.kwargs?.traceback;
  if (Array.isArray(lines)) {
    report.traceback = lines;
  }
  for (const [keys, values] of [[told, report], [disclosed, details]]) {
    for (const key of keys) {
      if (values[key] !== undefined && !(key in error)) {
        error[key] = values[key];
      }
    }
  }
  if (report.cause !== undefined) {
    error.cause = none.from(report.cause);
  }
  return error;
}

/**
 * Returns a text for any thrown value; never the empty `{}` of a serialized error. It can be sent: in
 * JSON, a text that begins with U+0000 would be binary data.
 */
export function textOf(thrown) {
  try {
    return String((thrown instanceof Error && thrown.message) || thrown).replace(/^\0+/, '');
  } catch {
    return 'an error without a text';
  }
}
