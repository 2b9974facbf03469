// Walks a value of the page by the rules of `index.d.ts`, and calls the format for each part. All
// codecs share it, so that a value is the same in each of them.
//
// The page may throw anywhere (getters, proxies, `toJSON()`), and may call a codec again from there.
// So an encoder serves one value only.

import { EncodeError } from '../errors.js';
import { bytesOf, encodeError, isBinary, isInteger, isLong, isWide, MAX_DEPTH, MAX_NUMBER, MAX_VALUES } from './rules.js';
import { PAYLOAD_SIZE_EXCEEDED } from '../uris.js';

/** Maximum number of path segments in an error text. */
const SHOWN_SEGMENTS = 8;

const { toString } = Object.prototype;

/**
 * A format adds `nothing()`, `bool(value)`, `integer(number)`, `float(number)`, `big(bigint)`,
 * `wide(bigint)` for more than 64 bits, `text(string)`, `octets(Uint8Array)`, `list(length)`, `dict(length)`, `key(string, isFirst)`,
 * `next(isFirst)` before each element, and `end(isDict)`.
 */
export class Encoder {
  /** Number of further values that are allowed. */
  #rest = MAX_VALUES;
  /** Number of containers around the current value. */
  #depth = 0;
  /** Index or key within each of them; undefined for the result of a `toJSON()`. */
  #path = [];

  constructor(sink) {
    this.sink = sink;
  }

  /** Encodes a value. `kind` is `list` or `dict` if nothing else will do. */
  whole(value, place, kind) {
    let found;
    try {
      found = this.value(value);
    } catch (error) {
      throw refused(error, place, this.#path, this.#depth - 1);
    }
    if (kind !== undefined && kind !== found) {
      throw encodeError(`${place} must be ${kind === 'dict' ? 'an object' : 'a list'}, is ${found}`);
    }
  }

  /** Encodes a value and returns its kind. */
  value(value) {
    if (--this.#rest < 0) {
      throw this.#refusal(TOO_MANY);
    }
    switch (typeof value) {
      case 'string':
        this.text(value);
        return 'string';
      case 'number':
        if (isInteger(value)) {
          this.integer(value);
          return 'integer';
        }
        this.float(value);
        return 'float';
      case 'object':
        if (value !== null) {
          return this.#object(value);
        }
        break;
      case 'boolean':
        this.bool(value);
        return 'bool';
      case 'bigint':
        this.#bigint(value);
        return 'integer';
      case 'undefined':
        break;
      default:
        throw this.#refusal(`is a ${typeof value}`);
    }
    this.nothing();
    return 'null';
  }

  /** Creates the error for the current value, which is no container. */
  #refusal(message) {
    return new Refusal(message, this.#depth);
  }

  /** Creates the error for the container that was entered last. */
  #refusalOf(message) {
    return new Refusal(message, this.#depth - 1);
  }

  /** Refuses a text or number that the format does not have. */
  refuse(message) {
    throw this.#refusal(message);
  }

  #bigint(value) {
    if (value >= -MAX_NUMBER && value <= MAX_NUMBER) {
      this.integer(Number(value));
    } else if (isLong(value)) {
      this.big(value);
    } else if (isWide(value)) {
      this.wide(value);
    } else {
      throw this.#refusal('is an integer of more than 128 bits');
    }
  }

  #object(value) {
    const isArray = Array.isArray(value);
    if (this.#depth === MAX_DEPTH && (isArray || !isBinary(value))) {
      throw this.#refusal(`is deeper than ${MAX_DEPTH + 1} levels, or contains itself`);
    }
    // From here on whatever is thrown concerns this object.
    const level = this.#depth++;
    let kind;
    if (isArray) {
      kind = this.#array(value, level);
    } else if (isBinary(value)) {
      this.octets(bytesOf(value));
      kind = 'bytes';
    } else if (value instanceof Map) {
      kind = this.#map(value, level);
    } else if (typeof value.toJSON === 'function') {
      const plain = value.toJSON('');
      this.#path[level] = undefined;
      kind = this.value(plain);
    } else {
      kind = this.#properties(value, level);
    }
    this.#depth = level;
    return kind;
  }

  #array(value, level) {
    const { length } = value;
    if (length > this.#rest) {
      throw this.#refusalOf(TOO_MANY);
    }
    this.list(length);
    for (let index = 0; index < length; index++) {
      const element = value[index];
      this.#path[level] = index;
      this.next(index === 0);
      this.value(element);
    }
    this.end(false);
    return 'list';
  }

  #properties(value, level) {
    // Sets, promises, errors and the like do not store their values in properties, and would
    // become `{}`.
    const tag = toString.call(value);
    if (tag !== '[object Object]') {
      throw this.#refusalOf(`is an object of the kind ${tag.slice('[object '.length, -1)}`);
    }
    const keys = Object.keys(value);
    this.dict(keys.length);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      const item = value[key];
      this.#path[level] = key;
      this.key(key, index === 0);
      this.value(item);
    }
    this.end(true);
    return 'dict';
  }

  #map(value, level) {
    const entries = [];
    for (const entry of value) {
      if (entries.push(entry) > this.#rest) {
        throw this.#refusalOf(TOO_MANY);
      }
    }
    this.dict(entries.length);
    for (let index = 0; index < entries.length; index++) {
      const { 0: key, 1: item } = entries[index];
      if (typeof key !== 'string') {
        throw this.#refusalOf('is a map with a key that is not a string');
      }
      this.#path[level] = key;
      this.key(key, index === 0);
      this.value(item);
    }
    this.end(true);
    return 'dict';
  }
}

const TOO_MANY = `holds too many values (${MAX_VALUES} may be altogether)`;

/** A value that cannot be sent; `depth` is the number of path segments to it. */
class Refusal {
  constructor(message, depth) {
    this.message = message;
    this.depth = depth;
  }
}

/** Creates the error for what a walk has thrown; the path to an object that throws ends at `level`. */
function refused(error, place, path, level) {
  if (error instanceof EncodeError && error.uri === PAYLOAD_SIZE_EXCEEDED) {
    // Of the sink: the whole is too large, not one of its values.
    return error;
  }
  const known = error instanceof Refusal;
  const segments = path.slice(0, known ? error.depth : level).filter((one) => one !== undefined);
  const shown = segments.slice(0, SHOWN_SEGMENTS).map(segmentText).join('');
  const more = segments.length > SHOWN_SEGMENTS ? '…' : '';
  const message = known ? error.message : `cannot be read: ${thrownText(error)}`;
  return encodeError(`${place}${shown}${more} ${message}`);
}

function segmentText(segment) {
  if (typeof segment === 'number') {
    return `[${segment}]`;
  }
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
}

function thrownText(error) {
  try {
    const text = error?.message ?? error;
    return typeof text === 'string' ? text : 'it throws';
  } catch {
    return 'it throws';
  }
}
