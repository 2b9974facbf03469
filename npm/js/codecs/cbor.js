// CBOR (RFC 8949), as in the Rust library. Written: shortest integers and lengths, definite lengths.
// Read: any width, indefinite lengths, half floats. A tagged item reads as its content, except that
// bignums become integers. `undefined` reads as null.
//
// Of our own: the libraries for it read tags, 64-bit integers, keys and malformed bytes by other
// rules, build functions from texts (which a Content Security Policy forbids), and are several times
// as long.

import { Decoder, unsigned64 } from './decoder.js';
import { Encoder } from './encoder.js';
import { isWide, put } from './rules.js';

const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const DICT = 5;
const TAG = 6;

const NULL = 0xf6;
const TRUE = 0xf5;
const FALSE = 0xf4;
const FLOAT64 = 0xfb;

/** The byte that ends an item of indefinite length. */
const BREAK = 0xff;

/** The additional information of an indefinite length. */
const INDEFINITE = 31;

/** Maximum length of a text whose characters are tried one by one. */
const SHORT = 48;

/**
 * Appends a value to a sink. `place` is its name in error texts; `kind` is `list` or `dict` if it
 * must be one. If it throws, the sink holds a part of the value.
 */
export function encode(value, place, sink, kind) {
  new CborEncoder(sink).whole(value, place, kind);
}

/** Decodes one value, which fills the bytes. Nothing of the result refers to them. */
export function decode(bytes) {
  return new CborDecoder(bytes).whole();
}

class CborEncoder extends Encoder {
  nothing() {
    this.sink.byte(NULL);
  }

  bool(value) {
    this.sink.byte(value ? TRUE : FALSE);
  }

  integer(value) {
    if (value >= 0) {
      this.#head(0, value);
    } else {
      this.#head(NEGATIVE, -1 - value);
    }
  }

  big(value) {
    const [major, content] = value < 0n ? [NEGATIVE, -1n - value] : [0, value];
    const { sink } = this;
    sink.need(9);
    sink.bytes[sink.length] = (major << 5) | 27;
    sink.view.setBigUint64(sink.length + 1, content);
    sink.length += 9;
  }

  wide(value) {
    const [tag, content] = value < 0n ? [3, -1n - value] : [2, value];
    if (content < 2n ** 64n) {
      this.big(value);
      return;
    }
    const digits = content.toString(16);
    const bytes = new Uint8Array((digits.length + 1) >> 1);
    for (let at = 0, end = digits.length; end > 0; at++, end -= 2) {
      bytes[bytes.length - 1 - at] = parseInt(digits.slice(Math.max(end - 2, 0), end), 16);
    }
    this.#head(TAG, tag);
    this.octets(bytes);
  }

  float(value) {
    const { sink } = this;
    sink.need(9);
    sink.bytes[sink.length] = FLOAT64;
    sink.view.setFloat64(sink.length + 1, value);
    sink.length += 9;
  }

  text(text) {
    const { sink } = this;
    const { length } = text;
    const start = sink.length;
    this.#head(TEXT, length);
    if (length <= SHORT && sink.ascii(text)) {
      return;
    }
    const content = sink.length;
    const size = sink.text(text);
    if (size === length) {
      return;
    }
    // The head may have to be longer than that of a text of ASCII.
    const room = headSize(size);
    sink.need(room);
    sink.bytes.copyWithin(start + room, content, content + size);
    sink.length = start;
    this.#head(TEXT, size);
    sink.length += size;
  }

  octets(bytes) {
    this.#head(BYTES, bytes.length);
    this.sink.octets(bytes);
  }

  list(length) {
    this.#head(LIST, length);
  }

  dict(length) {
    this.#head(DICT, length);
  }

  key(text) {
    this.text(text);
  }

  next() {}

  end() {}

  /** Writes a head in its shortest form. */
  #head(major, value) {
    const { sink } = this;
    sink.need(9);
    const { bytes, length } = sink;
    const type = major << 5;
    if (value < 24) {
      bytes[length] = type | value;
      sink.length = length + 1;
    } else if (value < 0x100) {
      bytes[length] = type | 24;
      bytes[length + 1] = value;
      sink.length = length + 2;
    } else if (value < 0x1_0000) {
      bytes[length] = type | 25;
      bytes[length + 1] = value >> 8;
      bytes[length + 2] = value;
      sink.length = length + 3;
    } else if (value < 0x1_0000_0000) {
      bytes[length] = type | 26;
      sink.view.setUint32(length + 1, value);
      sink.length = length + 5;
    } else {
      bytes[length] = type | 27;
      sink.view.setUint32(length + 1, value / 2 ** 32);
      sink.view.setUint32(length + 5, value);
      sink.length = length + 9;
    }
  }
}

function headSize(value) {
  if (value < 24) {
    return 1;
  }
  return value < 0x100 ? 2 : value < 0x1_0000 ? 3 : value < 0x1_0000_0000 ? 5 : 9;
}

class CborDecoder extends Decoder {
  /** Lower half of the last argument of 8 bytes, and its upper half. */
  #low = 0;
  #high = 0;

  value() {
    let tag;
    for (;;) {
      const start = this.at;
      if (start >= this.end) {
        throw this.ended();
      }
      const byte = this.bytes[this.at++];
      const info = byte & 0x1f;
      const argument = info < 24 ? info : this.#argument(byte, info, start);
      switch (byte >> 5) {
        case 0:
          return info === 27 ? unsigned64(this.#high, this.#low) : argument;
        case NEGATIVE:
          return info === 27 ? negative(unsigned64(this.#high, this.#low)) : -1 - argument;
        case BYTES: {
          const bytes = info === INDEFINITE ? this.#chunkedBytes() : this.octets(argument);
          return tag === 2 || tag === 3 ? this.#bignum(tag, bytes, start) : bytes;
        }
        case TEXT:
          return info === INDEFINITE ? this.#chunkedText() : this.text(argument);
        case LIST:
          return info === INDEFINITE ? this.#openList(start) : this.list(argument, start);
        case DICT:
          return info === INDEFINITE ? this.#openDict(start) : this.dict(argument, start);
        case TAG:
          tag = argument;
          break;
        default:
          return this.#simple(info, argument, start);
      }
    }
  }

  key() {
    const byte = this.bytes[this.at];
    if (byte >= 0x60 && byte < 0x78) {
      this.at++;
      return this.keyText(byte & 0x1f);
    }
    return this.anyKey();
  }

  /** Reads the argument of a head that does not fit into it. */
  #argument(byte, info, start) {
    switch (info) {
      case 24:
        return this.unsigned(1);
      case 25:
        return this.unsigned(2);
      case 26:
        return this.unsigned(4);
      case 27: {
        const at = this.take(8);
        this.#high = this.view.getUint32(at);
        this.#low = this.view.getUint32(at + 4);
        return this.#high * 2 ** 32 + this.#low;
      }
      case INDEFINITE:
        if (byte === BREAK) {
          throw this.flaw('a break without an indefinite length', start);
        }
        if (byte >> 5 >= BYTES && byte >> 5 <= DICT) {
          return 0;
        }
    }
    throw this.flaw('a reserved head', start);
  }

  /** Bignums (tags 2 and 3) are integers. */
  #bignum(tag, bytes, start) {
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = first < 0 ? [] : bytes.subarray(first);
    if (digits.length <= 8) {
      let [high, low] = [0, 0];
      for (const digit of digits) {
        high = ((high << 8) | (low >>> 24)) >>> 0;
        low = ((low << 8) | digit) >>> 0;
      }
      const value = unsigned64(high, low);
      return tag === 2 ? value : negative(value);
    }
    if (digits.length <= 16) {
      const content = digits.reduce((value, digit) => (value << 8n) | BigInt(digit), 0n);
      const value = tag === 2 ? content : -1n - content;
      if (isWide(value)) {
        return value;
      }
    }
    throw this.flaw('a bignum that does not fit into 128 bits', start);
  }

  #simple(info, argument, start) {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 24:
        if (argument < 32) {
          throw this.flaw('a reserved head', start);
        }
        break;
      case 25:
        this.isFloat = true;
        return half(argument);
      case 26:
        this.at = start + 1;
        return this.float32();
      case 27:
        this.at = start + 1;
        return this.float64();
    }
    throw this.flaw('a simple value without a meaning', start);
  }

  /** Returns whether a container of indefinite length has ended, and moves past its end. */
  #atBreak() {
    if (this.at >= this.end) {
      throw this.ended();
    }
    if (this.bytes[this.at] !== BREAK) {
      return false;
    }
    this.at++;
    return true;
  }

  #openList(start) {
    this.deeper(start);
    const list = [];
    while (!this.#atBreak()) {
      list.push(this.value());
    }
    this.shallower();
    return list;
  }

  #openDict(start) {
    this.deeper(start);
    const dict = {};
    while (!this.#atBreak()) {
      const key = this.key();
      put(dict, key, this.value());
    }
    this.shallower();
    return dict;
  }

  /** Returns the length of the next chunk of a text or bytes of indefinite length, or undefined. */
  #chunk(major) {
    if (this.#atBreak()) {
      return undefined;
    }
    const start = this.at;
    const byte = this.bytes[this.at++];
    const info = byte & 0x1f;
    const length = info < 24 ? info : this.#argument(byte, info, start);
    if (byte >> 5 !== major || info === INDEFINITE) {
      throw this.flaw('a chunk of another type', start);
    }
    return length;
  }

  #chunkedText() {
    let text = '';
    for (let length = this.#chunk(TEXT); length !== undefined; length = this.#chunk(TEXT)) {
      text += this.text(length);
    }
    return text;
  }

  #chunkedBytes() {
    const chunks = [];
    for (let length = this.#chunk(BYTES); length !== undefined; length = this.#chunk(BYTES)) {
      chunks.push(this.octets(length));
    }
    const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}

/** Returns the negative integer of this argument. */
function negative(content) {
  return typeof content === 'number' && content < 2 ** 53 ? -1 - content : -1n - BigInt(content);
}

/** Converts a float of 16 bits. */
function half(bits) {
  const fraction = bits & 0x3ff;
  const exponent = (bits >> 10) & 0x1f;
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (exponent === 31) {
    return fraction === 0 ? sign * Infinity : NaN;
  }
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25));
}
