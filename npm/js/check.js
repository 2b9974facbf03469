// Checks of arguments and options, and running callbacks.

const nothing = Object.freeze({});

/**
 * Separates local options (`here`) from those for the wire, and renames the latter. Names in the
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
    } else if (there.includes(name)) {
      wire[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
    } else if (/^_?[a-z][a-z0-9]*_[a-z0-9_]*$/.test(name)) {
      wire[name] = value;
    } else {
      throw new TypeError(`unknown option "${name}"`);
    }
  }
  return [local, wire];
}

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

/** Checks an optional number of milliseconds. */
export function needDuration(what, value) {
  need(what, value, value === undefined || (typeof value === 'number' && value > 0));
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
