// What the decoders of the binary formats share. The module has scanned the bytes of a message
// before; a decoder relies on that for nothing but the time that malformed bytes may take.

import { decodeError, MAX_RECEIVED_DEPTH, put } from './rules.js';

// A byte order mark is text like any other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Maximum length of a text that is built here; the text decoder has its price per call. */
const SHORT = 28;

/** Keys that were decoded lately: the same few occur again and again. */
const keys = new Array(512).fill('');

const MAX_SAFE_HIGH = 0x1f_ffff;

/** A format adds `value()`, which reads the value at `at` and moves behind it. */
export class Decoder {
  at = 0;
  /** Whether the number that was read last is a float on the wire. */
  isFloat = false;
  #depth = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  whole() {
    const value = this.value();
    if (this.at !== this.end) {
      throw this.flaw('bytes after the end of the message', this.at);
    }
    return value;
  }

  flaw(what, at) {
    return decodeError(`${what} at byte ${at}`);
  }

  ended() {
    return this.flaw('the message ends within a value', this.end);
  }

  /** Moves past `length` bytes and returns their start. */
  take(length) {
    const start = this.at;
    if (length > this.end - start) {
      throw this.ended();
    }
    this.at = start + length;
    return start;
  }

  /** Reads a big-endian number of 1, 2 or 4 bytes. */
  unsigned(width) {
    const start = this.take(width);
    if (width === 1) {
      return this.bytes[start];
    }
    return width === 2 ? this.view.getUint16(start) : this.view.getUint32(start);
  }

  float32() {
    this.isFloat = true;
    return this.view.getFloat32(this.take(4));
  }

  float64() {
    this.isFloat = true;
    return this.view.getFloat64(this.take(8));
  }

  /** Returns a copy: the bytes end with the call that brought them. */
  octets(length) {
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  text(length) {
    const start = this.take(length);
    if (length <= SHORT) {
      const text = short(this.bytes, start, length);
      if (text !== undefined) {
        return text;
      }
    }
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw this.flaw('invalid UTF-8', start);
    }
  }

  /** Reads the key of a dict if it is a text of `length` bytes. */
  keyText(length) {
    if (length > SHORT || length === 0 || length > this.end - this.at) {
      return this.text(length);
    }
    const { bytes, at } = this;
    const slot = (length * 31 + bytes[at] * 7 + bytes[at + (length >> 1)] * 3 + bytes[at + length - 1] * 17) & 511;
    const known = keys[slot];
    if (known.length === length && isAt(bytes, at, known)) {
      this.at = at + length;
      return known;
    }
    return (keys[slot] = this.text(length));
  }

  /** Reads the key of a dict, whatever it is. Integers and booleans become their text. */
  anyKey() {
    const start = this.at;
    this.isFloat = false;
    const key = this.value();
    switch (typeof key) {
      case 'string':
        return key;
      case 'bigint':
      case 'boolean':
        return String(key);
      case 'number':
        if (!this.isFloat) {
          return String(key);
        }
    }
    throw this.flaw('a key that is not a string, an integer or a boolean', start);
  }

  deeper(start) {
    if (++this.#depth > MAX_RECEIVED_DEPTH) {
      throw this.flaw(`nested deeper than ${MAX_RECEIVED_DEPTH + 1}`, start);
    }
  }

  list(length, start) {
    this.deeper(start);
    const list = [];
    for (let index = 0; index < length; index++) {
      list.push(this.value());
    }
    this.#depth--;
    return list;
  }

  dict(length, start) {
    this.deeper(start);
    const dict = {};
    for (let index = 0; index < length; index++) {
      const key = this.key();
      put(dict, key, this.value());
    }
    this.#depth--;
    return dict;
  }

  shallower() {
    this.#depth--;
  }
}

/** Joins the halves of an unsigned integer of 64 bits. */
export function unsigned64(high, low) {
  if (high <= MAX_SAFE_HIGH) {
    return high * 2 ** 32 + low;
  }
  const value = (BigInt(high) << 32n) | BigInt(low);
  return value === 2n ** 53n ? Number(value) : value;
}

/** Returns a text of ASCII, or undefined if it is not. */
function short(bytes, start, length) {
  let text = '';
  let at = start;
  const end = start + length;
  for (; at + 4 <= end; at += 4) {
    const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if ((a | b | c | d) > 0x7f) {
      return undefined;
    }
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    if (bytes[at] > 0x7f) {
      return undefined;
    }
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}

/** Returns whether the bytes of a text of ASCII are there. */
function isAt(bytes, at, text) {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[at + index]) {
      return false;
    }
  }
  return true;
}
