// MessagePack with distinct `str` and `bin`, as in the Rust library. Written: the shortest form. An
// extension type reads as the list of its type and its bytes.
//
// Of our own, for the reasons that cbor.js gives.

import { Decoder, unsigned64 } from './decoder.js';
import { Encoder } from './encoder.js';

/** Maximum length of a text whose characters are tried one by one. */
const SHORT = 48;

/**
 * Appends a value to a sink. `place` is its name in error texts; `kind` is `list` or `dict` if it
 * must be one. If it throws, the sink holds a part of the value.
 */
export function encode(value, place, sink, kind) {
  new MsgPackEncoder(sink).whole(value, place, kind);
}

/** Decodes one value, which fills the bytes. Nothing of the result refers to them. */
export function decode(bytes) {
  return new MsgPackDecoder(bytes).whole();
}

class MsgPackEncoder extends Encoder {
  nothing() {
    this.sink.byte(0xc0);
  }

  bool(value) {
    this.sink.byte(value ? 0xc3 : 0xc2);
  }

  integer(value) {
    const { sink } = this;
    sink.need(9);
    const { bytes, length } = sink;
    if (value >= 0) {
      if (value < 0x80) {
        bytes[length] = value;
        sink.length = length + 1;
      } else if (value < 0x100) {
        this.#head8(0xcc, value);
      } else if (value < 0x1_0000) {
        this.#head16(0xcd, value);
      } else if (value < 0x1_0000_0000) {
        this.#head32(0xce, value);
      } else {
        this.#wide(0xcf, value);
      }
    } else if (value >= -0x20) {
      bytes[length] = value;
      sink.length = length + 1;
    } else if (value >= -0x80) {
      this.#head8(0xd0, value);
    } else if (value >= -0x8000) {
      this.#head16(0xd1, value);
    } else if (value >= -0x8000_0000) {
      this.#head32(0xd2, value);
    } else {
      this.#wide(0xd3, value);
    }
  }

  big(value) {
    const { sink } = this;
    sink.need(9);
    sink.bytes[sink.length] = value < 0n ? 0xd3 : 0xcf;
    sink.view.setBigUint64(sink.length + 1, value);
    sink.length += 9;
  }

  wide() {
    this.refuse('is an integer of more than 64 bits, which MessagePack does not have');
  }

  float(value) {
    const { sink } = this;
    sink.need(9);
    sink.bytes[sink.length] = 0xcb;
    sink.view.setFloat64(sink.length + 1, value);
    sink.length += 9;
  }

  text(text) {
    const { sink } = this;
    const { length } = text;
    const start = sink.length;
    this.#textHead(length);
    if (length <= SHORT && sink.ascii(text)) {
      return;
    }
    const content = sink.length;
    const size = sink.text(text);
    if (size === length) {
      return;
    }
    // The head may have to be longer than that of a text of ASCII.
    const room = size < 0x20 ? 1 : size < 0x100 ? 2 : size < 0x1_0000 ? 3 : 5;
    sink.need(room);
    sink.bytes.copyWithin(start + room, content, content + size);
    sink.length = start;
    this.#textHead(size);
    sink.length += size;
  }

  octets(bytes) {
    const { length } = bytes;
    if (length < 0x100) {
      this.#head8(0xc4, length);
    } else if (length < 0x1_0000) {
      this.#head16(0xc5, length);
    } else {
      this.#head32(0xc6, this.#counted(length));
    }
    this.sink.octets(bytes);
  }

  list(length) {
    this.#containerHead(0x90, 0xdc, length);
  }

  dict(length) {
    this.#containerHead(0x80, 0xde, length);
  }

  key(text) {
    this.text(text);
  }

  next() {}

  end() {}

  #textHead(length) {
    if (length < 0x20) {
      this.sink.byte(0xa0 | length);
    } else if (length < 0x100) {
      this.#head8(0xd9, length);
    } else if (length < 0x1_0000) {
      this.#head16(0xda, length);
    } else {
      this.#head32(0xdb, this.#counted(length));
    }
  }

  #containerHead(short, long, length) {
    if (length < 0x10) {
      this.sink.byte(short | length);
    } else if (length < 0x1_0000) {
      this.#head16(long, length);
    } else {
      this.#head32(long + 1, length);
    }
  }

  #counted(length) {
    return length < 2 ** 32 ? length : this.refuse('is longer than 4 GiB');
  }

  #head8(head, value) {
    const { sink } = this;
    sink.need(2);
    sink.bytes[sink.length] = head;
    sink.bytes[sink.length + 1] = value;
    sink.length += 2;
  }

  #head16(head, value) {
    const { sink } = this;
    sink.need(3);
    sink.bytes[sink.length] = head;
    sink.view.setUint16(sink.length + 1, value);
    sink.length += 3;
  }

  #head32(head, value) {
    const { sink } = this;
    sink.need(5);
    sink.bytes[sink.length] = head;
    sink.view.setUint32(sink.length + 1, value);
    sink.length += 5;
  }

  #wide(head, value) {
    const { sink } = this;
    sink.need(9);
    sink.bytes[sink.length] = head;
    sink.view.setInt32(sink.length + 1, Math.floor(value / 2 ** 32));
    sink.view.setUint32(sink.length + 5, value);
    sink.length += 9;
  }
}

class MsgPackDecoder extends Decoder {
  value() {
    const start = this.at;
    if (start >= this.end) {
      throw this.ended();
    }
    const head = this.bytes[this.at++];
    if (head < 0x80) {
      return head;
    }
    if (head < 0x90) {
      return this.dict(head & 0x0f, start);
    }
    if (head < 0xa0) {
      return this.list(head & 0x0f, start);
    }
    if (head < 0xc0) {
      return this.text(head & 0x1f);
    }
    if (head >= 0xe0) {
      return head - 0x100;
    }
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.octets(this.unsigned(1 << (head - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.unsigned(1 << (head - 0xc7)));
      case 0xca:
        return this.float32();
      case 0xcb:
        return this.float64();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(1 << (head - 0xcc));
      case 0xcf: {
        const at = this.take(8);
        return unsigned64(this.view.getUint32(at), this.view.getUint32(at + 4));
      }
      case 0xd0:
        return this.view.getInt8(this.take(1));
      case 0xd1:
        return this.view.getInt16(this.take(2));
      case 0xd2:
        return this.view.getInt32(this.take(4));
      case 0xd3:
        return this.#signed64(this.take(8));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.unsigned(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.list(this.unsigned(2 << (head - 0xdc)), start);
      case 0xde:
      case 0xdf:
        return this.dict(this.unsigned(2 << (head - 0xde)), start);
    }
    throw this.flaw('the reserved byte 0xc1', start);
  }

  key() {
    const head = this.bytes[this.at];
    if (head >= 0xa0 && head < 0xc0) {
      this.at++;
      return this.keyText(head & 0x1f);
    }
    return this.anyKey();
  }

  #signed64(at) {
    const high = this.view.getInt32(at);
    // Upper halves within ±2^21 make integers within ±2^53.
    if (high >= -0x20_0000 && high < 0x20_0000) {
      return high * 2 ** 32 + this.view.getUint32(at + 4);
    }
    const value = this.view.getBigInt64(at);
    return value === 2n ** 53n ? Number(value) : value;
  }

  #extension(length) {
    const type = this.view.getInt8(this.take(1));
    return [type, this.octets(length)];
  }
}
