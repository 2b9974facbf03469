// Bytes that grow: where the codecs write the payload of a command.

import { EncodeError } from './errors.js';
import { PAYLOAD_SIZE_EXCEEDED } from './uris.js';

const utf8 = new TextEncoder();

/** Capacity at the start, in bytes. */
const SMALL = 4096;

/** Length of a text that is faster written by one's own loop than by the encoder. */
const SHORT = 48;

/** Capacity above which `clear()` gives the memory back, in bytes. */
const LARGE = 1 << 20;

/** Maximum size of a request in bytes. The module has 4 GiB, and needs several copies. */
const LARGEST = 1 << 29;

/**
 * A growing buffer, reused from command to command. `bytes` and `view` are replaced when it grows,
 * so never keep them across a call.
 */
export class Sink {
  bytes = new Uint8Array(SMALL);
  view = new DataView(this.bytes.buffer);
  /** Number of bytes written. */
  length = 0;

  clear() {
    this.length = 0;
    if (this.bytes.length > LARGE) {
      this.#allocate(SMALL);
    }
  }

  /** Makes room for `count` further bytes. */
  need(count) {
    if (this.bytes.length - this.length < count) {
      this.#grow(count);
    }
  }

  byte(value) {
    this.need(1);
    this.bytes[this.length++] = value;
  }

  /** Appends a text in UTF-8, lone surrogates as U+FFFD. Returns the number of bytes. */
  text(text) {
    if (text.length <= SHORT && this.ascii(text)) {
      return text.length;
    }
    const start = this.length;
    let rest = text;
    for (;;) {
      // Enough for ASCII. Three times as much would always do, but is rarely needed.
      this.need(rest.length);
      const { read, written } = utf8.encodeInto(rest, this.bytes.subarray(this.length));
      this.length += written;
      if (read === rest.length) {
        return this.length - start;
      }
      rest = rest.slice(read);
      this.need(3 * Math.min(rest.length, SMALL));
    }
  }

  /**
   * Appends a short text that is all ASCII; faster than `text()`. Returns false and appends nothing
   * if another character occurs.
   */
  ascii(text) {
    const { length } = text;
    this.need(length);
    const { bytes, length: start } = this;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        return false;
      }
      bytes[start + index] = code;
    }
    this.length = start + length;
    return true;
  }

  octets(bytes) {
    this.need(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A view of what has been written; ends with the next call. */
  written() {
    return this.bytes.subarray(0, this.length);
  }

  #grow(count) {
    const { bytes, length } = this;
    if (length + count > LARGEST) {
      const text = `the request has more than ${LARGEST} bytes, the most that the wasm module can take`;
      throw new EncodeError(PAYLOAD_SIZE_EXCEEDED, [text], {}, text);
    }
    this.#allocate(Math.max(2 * bytes.length, length + count));
    this.bytes.set(bytes.subarray(0, length));
  }

  #allocate(capacity) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }
}
