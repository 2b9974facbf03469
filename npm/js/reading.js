// Reading settings strictly: kinds, ranges, unknown keys. Each error has the path of the setting.

import { bytesOf, isBinary, isInteger } from './codecs/rules.js';
import { ConnectError } from './errors.js';
import { INVALID_ARGUMENT } from './uris.js';

/** Maximum length of an unknown key in an error. */
const MAX_KEY = 60;

/** A setting that is not valid. */
class Invalid extends Error {
  constructor(path, text) {
    super(text);
    this.path = path;
  }
}

/** Returns the error of the setting at this path. */
export function invalid(path, text) {
  return new Invalid(path, text);
}

/** Reads the settings below `outer`, whose name is put in front of the path of an error. */
export function within(outer, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Invalid) {
      const { path } = error;
      const separator = path === '' || path.startsWith('[') ? '' : '.';
      error.path = outer + separator + path;
    }
    throw error;
  }
}

/** Returns the error for users. */
export function refusal(error) {
  if (!(error instanceof Invalid)) {
    return error;
  }
  const text = `invalid ${error.path || 'settings'}: ${error.message}`;
  return new ConnectError(INVALID_ARGUMENT, [text], {}, text);
}

/** Reads settings; an error is one for users. */
export function checked(read) {
  try {
    return read();
  } catch (error) {
    throw refusal(error);
  }
}

/** Returns the name of the kind of a value, for error texts. */
export function kindOf(value) {
  switch (typeof value) {
    case 'undefined':
      return 'null';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'integer';
    case 'number':
      return isInteger(value) ? 'integer' : 'float';
    case 'object':
      break;
    default:
      return typeof value;
  }
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'list';
  }
  if (isBinary(value)) {
    return 'bytes';
  }
  const json = plain(value);
  if (json !== value) {
    return kindOf(json);
  }
  return entriesOf(value) === undefined ? tagOf(value) : 'dict';
}

/** Returns the entries of a dict as a map, otherwise undefined. */
export function entriesOf(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  if (value instanceof Map) {
    return [...value.keys()].every((key) => typeof key === 'string') ? value : undefined;
  }
  if (typeof value.toJSON === 'function') {
    return entriesOf(value.toJSON(''));
  }
  // Sets, promises, errors and the like do not store their values in properties.
  return tagOf(value) === 'Object' ? new Map(Object.entries(value)) : undefined;
}

function tagOf(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

export function isSet(value) {
  return value !== undefined && value !== null;
}

/** Returns whether two values are the same on the wire. */
export function isSame(first, second) {
  const [one, other] = [plain(first), plain(second)];
  const kind = kindOf(one);
  if (kind !== kindOf(other)) {
    return false;
  }
  const all = (list, others) =>
    list.length === others.length && list.every((value, place) => isSame(value, others[place]));
  switch (kind) {
    case 'null':
      return true;
    case 'list':
      return all(one, other);
    case 'bytes':
      return all([...bytesOf(one)], [...bytesOf(other)]);
    case 'dict': {
      const [entries, others] = [entriesOf(one), entriesOf(other)];
      const has = ([key, value]) => others.has(key) && isSame(value, others.get(key));
      return entries.size === others.size && [...entries].every(has);
    }
    case 'integer':
      // A number and a BigInt may be equal.
      return one == other; // eslint-disable-line eqeqeq
    default:
      return one === other;
  }
}

function plain(value) {
  const isPlain = typeof value !== 'object' || value === null || value instanceof Map;
  return isPlain || typeof value.toJSON !== 'function' ? value : value.toJSON('');
}

/** Returns the error about the kind of a value. The value itself may be secret. */
export function mustBe(wanted, value) {
  return invalid('', `it must be ${wanted}, not ${kindOf(value)}`);
}

export function dict(value) {
  const entries = entriesOf(value);
  if (entries === undefined) {
    throw mustBe('a dict', value);
  }
  return entries;
}

export function list(value) {
  if (!Array.isArray(value)) {
    throw mustBe('a list', value);
  }
  return value;
}

export function text(value) {
  if (typeof value !== 'string') {
    throw mustBe('a string', value);
  }
  return value;
}

export function boolean(value) {
  if (typeof value !== 'boolean') {
    throw mustBe('true or false', value);
  }
  return value;
}

/** `most` may be larger than all numbers that are given. */
export function integer(value, least, most, unit = '') {
  if (kindOf(value) !== 'integer') {
    throw invalid('', `it must be an integer, not ${kindOf(value)}${unit}`);
  }
  if (value < least || value > most) {
    throw invalid('', `it must be ${least} to ${most}${unit}`);
  }
  return Number(value);
}

export function number(value, least, most, unit = '') {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw invalid('', `it must be a number, not ${kindOf(value)}${unit}`);
  }
  // Also rejects NaN.
  if (!(value >= least && value <= most)) {
    throw invalid('', `it must be ${least} to ${most}${unit}`);
  }
  return Number(value);
}

/** A dict whose keys are all known. A key that is null counts as not set. */
export class Fields {
  #entries;

  constructor(value, known) {
    this.#entries = dict(value);
    for (const key of this.#entries.keys()) {
      if (!known.includes(key)) {
        throw unknown(key, `known are ${known.join(', ')}`);
      }
    }
  }

  get(key) {
    const value = this.#entries.get(key);
    return isSet(value) ? value : undefined;
  }

  /** Converts the value with `read`, if it is set; errors have the path of the key. */
  map(key, read) {
    const value = this.get(key);
    return value === undefined ? undefined : within(key, () => read(value));
  }

  text(key) {
    return this.map(key, text);
  }

  /** Converts the value as `map` does, and rejects a missing one. */
  required(key, read) {
    const value = this.map(key, read);
    if (value === undefined) {
      throw missing(key);
    }
    return value;
  }
}

export function missing(key) {
  return invalid(key, 'it is missing');
}

export function unknown(key, known) {
  return invalid(shortened(key), `unknown key; ${known}`);
}

/** Escapes and shortens a key for error texts. */
export function shortened(key) {
  const shown = [...escaped(key)].slice(0, MAX_KEY).join('');
  return shown.length < key.length ? `${shown}…` : shown;
}

const escapes = { '\0': '\\0', '\t': '\\t', '\n': '\\n', '\r': '\\r', "'": "\\'", '"': '\\"', '\\': '\\\\' };

/** Escapes as Rust's `escape_debug` does. */
export function escaped(value) {
  return value.replace(/['"\\]|[^\P{C}]|[^\P{Z} ]|[\p{Mn}\p{Me}]/gu, (char) => {
    return escapes[char] ?? `\\u{${char.codePointAt(0).toString(16)}}`;
  });
}

/** Returns a text in quotation marks, escaped. */
export function quoted(value) {
  return `"${escaped(value).replaceAll("\\'", "'")}"`;
}
