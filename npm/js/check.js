// Checks of arguments and options, and running callbacks.

const nothing = Object.freeze({});

/**
 * Separates local options (`here`) from those for the wire (`there`, with the checks of their values),
 * and renames the latter. Names in the
 * form of the wire are kept, so that options of a particular router can be sent.
 */
export function split(options, here, there) {
  if (options === undefined || options === null) {
    return [nothing, nothing];
  }
  need('options', options, isObject(options));
  const [local, wire] = [{}, {}];
  for (const [name, value] of Object.entries(options)) {
    if (here.includes(name)) {
      local[name] = value;
    } else if (Object.hasOwn(there, name)) {
      if (value !== undefined && value !== null) {
        need(name, value, there[name](value));
      }
      wire[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
    } else if (/^_?[a-z][a-z0-9]*_[a-z0-9_]*$/.test(name)) {
      wire[name] = value;
    } else {
      throw new TypeError(`unknown option "${name}"`);
    }
  }
  return [local, wire];
}

/** Checks of the values of options. */
export const isFlag = (value) => typeof value === 'boolean';
export const isCount = (value) => Number.isInteger(value) && value >= 0;
export const isOneOf =
  (...words) =>
  (value) =>
    words.includes(value);
export const isListOf = (isElement) => (value) => Array.isArray(value) && value.every(isElement);
export const isText = (value) => typeof value === 'string';

/** Checks the common parameters of calls and publications. */
export function request(what, uri, args, kwargs) {
  need(what, uri, typeof uri === 'string');
  need('args', args, args === undefined || args === null || Array.isArray(args));
  need('kwargs', kwargs, kwargs === undefined || kwargs === null || isObject(kwargs));
  return [uri, args ?? [], kwargs ?? {}];
}

export function need(what, value, fits) {
  if (!fits) {
    throw new TypeError(`${what} cannot be ${typeof value === 'string' ? `"${value}"` : kindOf(value)}`);
  }
}

function kindOf(value) {
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSignal(signal) {
  return isObject(signal) && typeof signal.aborted === 'boolean' && 'addEventListener' in signal;
}

/** Checks an optional number of milliseconds. */
export function needDuration(what, value) {
  need(what, value, value === undefined || (typeof value === 'number' && value > 0));
}

/** Maximum number of milliseconds of a time limit for the module; a longer one counts as none there. */
export const LONGEST = 365 * 86_400_000;

/** Returns a time limit as a finite number. */
export function finite(millis) {
  return millis === undefined ? undefined : Math.min(millis, LONGEST);
}

/** Checks an optional number of events. */
export function needQueue(queue) {
  need('queue', queue, queue === undefined || (Number.isInteger(queue) && queue > 0 && queue < 2 ** 32));
}

/** Prevents users from calling constructors that only the library may call. */
export const key = Symbol('wampwerk');

export function own(token, maker) {
  if (token !== key) {
    throw new TypeError(`made by ${maker} only`);
  }
}

/**
 * Runs a callback of the user. Errors are passed to `errors.onUserError` if it is set, otherwise to
 * `reportError()`. `where` is a text for people.
 */
export async function attempt(callback, errors, where = 'a callback') {
  try {
    await callback();
  } catch (error) {
    tell(error, errors, where);
  }
}

/**
 * Runs a callback as `attempt()` does, but at once. Returns a promise only if the callback does; it is
 * never rejected.
 */
export function attemptNow(callback, errors, where) {
  try {
    const done = callback();
    if (typeof done?.then === 'function') {
      return Promise.resolve(done).then(nothingElse, (error) => tell(error, errors, where));
    }
  } catch (error) {
    tell(error, errors, where);
  }
  return undefined;
}

function nothingElse() {}

/** Reports an error that the user's code has thrown. */
export function tell(error, errors, where) {
  if (errors?.onUserError === undefined) {
    return report(error);
  }
  try {
    errors.onUserError(error, `error in ${where}`);
  } catch (another) {
    report(another);
  }
}

function report(error) {
  if (typeof reportError === 'function') {
    reportError(error);
  } else {
    queueMicrotask(() => {
      throw error;
    });
  }
}
