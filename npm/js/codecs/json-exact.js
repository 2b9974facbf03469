// The exact writer and reader of JSON, for what the page's own `JSON` would change: binary data,
// integers beyond ±2^53, -0, large whole floats, lone surrogates, `undefined`, maps, `toJSON()`.

import { Encoder } from './encoder.js';
import { decodeError, isWide, MAX_RECEIVED_DEPTH, put } from './rules.js';

const NUMBER = /-?(?:0|[1-9]\d*)(?!\d)((?:\.\d+)?(?:[eE][+-]?\d+)?)/y;

const LONE = /\p{Surrogate}/u;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Number of bytes that are converted at a time; divisible by 3. */
const PORTION = 0x6000;

/** Writes into `out`. */
export class JsonEncoder extends Encoder {
  out = '';

  nothing() {
    this.out += 'null';
  }

  bool(value) {
    this.out += value ? 'true' : 'false';
  }

  integer(value) {
    this.out += value;
  }

  big(value) {
    this.out += value;
  }

  wide(value) {
    this.out += value;
  }

  float(value) {
    if (!Number.isFinite(value)) {
      this.refuse(`is ${value}, which JSON cannot represent`);
    }
    const digits = Object.is(value, -0) ? '-0' : String(value);
    // A float is one on the wire, too.
    this.out += /^-?\d+$/.test(digits) ? `${digits}.0` : digits;
  }

  text(text) {
    if (text.startsWith('\0')) {
      this.refuse('is a text that begins with U+0000, which would be bytes in JSON');
    }
    this.out += quote(text);
  }

  octets(bytes) {
    this.out += `"\\u0000${toBase64(bytes)}"`;
  }

  list() {
    this.out += '[';
  }

  dict() {
    this.out += '{';
  }

  next(isFirst) {
    if (!isFirst) {
      this.out += ',';
    }
  }

  key(text, isFirst) {
    this.out += `${isFirst ? '' : ','}${quote(text)}:`;
  }

  end(isDict) {
    this.out += isDict ? '}' : ']';
  }
}

/** Writes a text with its quotes; lone surrogates become U+FFFD, as in the other formats. */
function quote(text) {
  const quoted = JSON.stringify(text);
  return quoted.includes('\\ud') ? JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')) : quoted;
}

/** Reads a text, whatever it is. */
export class JsonDecoder {
  #text;
  #at = 0;
  #depth = 0;

  constructor(text) {
    this.#text = text;
  }

  whole() {
    const value = this.#value();
    if (this.#peek() !== undefined) {
      throw this.#flaw('bytes after the end of the message');
    }
    return value;
  }

  #value() {
    switch (this.#peek()) {
      case '"':
        return this.#string();
      case '[':
        return this.#list();
      case '{':
        return this.#dict();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #flaw(what) {
    const ended = this.#at >= this.#text.length;
    return decodeError(ended ? 'the message ends within a value' : `${what} at character ${this.#at}`);
  }

  /** Skips white space. */
  #peek() {
    for (;;) {
      const next = this.#text[this.#at];
      if (next !== ' ' && next !== '\n' && next !== '\r' && next !== '\t') {
        return next;
      }
      this.#at++;
    }
  }

  #accept(character) {
    const found = this.#peek() === character;
    this.#at += found ? 1 : 0;
    return found;
  }

  #word(word, value) {
    if (!this.#text.startsWith(word, this.#at)) {
      throw this.#flaw('no value');
    }
    this.#at += word.length;
    return value;
  }

  #number() {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    if (found === null) {
      throw this.#flaw('no value');
    }
    const [digits, fraction] = found;
    const value = Number(digits);
    if (fraction !== '') {
      if (!Number.isFinite(value)) {
        throw this.#tooLarge(digits, 64);
      }
      this.#at += digits.length;
      return value;
    }
    if (Math.abs(value) < 2 ** 53) {
      this.#at += digits.length;
      return value + 0; // 0, not -0
    }
    // Not before here: BigInts of very many digits take their time.
    const big = digits.length > 40 ? undefined : BigInt(digits);
    if (big === undefined || !isWide(big)) {
      throw this.#tooLarge(digits, 128);
    }
    this.#at += digits.length;
    return big === 2n ** 53n || big === -(2n ** 53n) ? value : big;
  }

  #tooLarge(digits, bits) {
    return decodeError(`number ${digits.slice(0, 40)} does not fit into ${bits} bits`);
  }

  #string() {
    const [text, isBinary] = this.#quoted();
    return isBinary ? fromBase64(text) : text;
  }

  /** Reads a text; says whether it starts with an escaped U+0000. */
  #quoted() {
    const start = this.#at;
    let end = start;
    let before;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) {
        this.#at = this.#text.length;
        throw this.#flaw('');
      }
      before = end;
      while (this.#text[before - 1] === '\\') {
        before--;
      }
    } while ((end - before) % 2 !== 0);
    const whole = this.#text.slice(start, end + 1);
    let text;
    try {
      text = JSON.parse(whole);
    } catch (error) {
      throw decodeError(`a string with invalid escapes: ${error.message}`);
    }
    if (LONE.test(text)) {
      throw decodeError('a string with invalid escapes: half of a surrogate pair');
    }
    this.#at = end + 1;
    return [text, text.startsWith('\0')];
  }

  #deeper() {
    if (++this.#depth > MAX_RECEIVED_DEPTH) {
      throw this.#flaw(`nested deeper than ${MAX_RECEIVED_DEPTH + 1}`);
    }
    this.#at++;
  }

  #more(isFirst, end) {
    if (this.#accept(end)) {
      this.#depth--;
      return false;
    }
    if (!isFirst && !this.#accept(',')) {
      throw this.#flaw('neither a comma nor the end of the list or dict');
    }
    return true;
  }

  #list() {
    this.#deeper();
    const list = [];
    while (this.#more(list.length === 0, ']')) {
      list.push(this.#value());
    }
    return list;
  }

  #dict() {
    this.#deeper();
    const dict = {};
    for (let isFirst = true; this.#more(isFirst, '}'); isFirst = false) {
      if (this.#peek() !== '"') {
        throw this.#flaw('a key that is not a string');
      }
      const [key] = this.#quoted();
      if (!this.#accept(':')) {
        throw this.#flaw('no colon behind a key');
      }
      put(dict, key, this.#value());
    }
    return dict;
  }
}

function toBase64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += PORTION) {
    text += btoa(String.fromCharCode.apply(null, bytes.subarray(at, at + PORTION)));
  }
  return text;
}

/** Decodes padded Base64 strictly: `atob()` accepts white space, no padding and stray bits. */
function fromBase64(marked) {
  const text = marked.replace(/^\0+/, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw badBase64();
  }
  const decoded = atob(text);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const last = LETTERS.indexOf(text[text.length - padding - 1]);
  if (padding > 0 && (last & ((1 << (2 * padding)) - 1)) !== 0) {
    throw badBase64();
  }
  const bytes = new Uint8Array(decoded.length);
  for (let at = 0; at < decoded.length; at++) {
    bytes[at] = decoded.charCodeAt(at);
  }
  return bytes;
}

function badBase64() {
  return decodeError('binary data with bad Base64');
}
