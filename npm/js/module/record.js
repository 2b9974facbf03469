// The fields of a record. See npm/src/record.rs.

import * as json from '../codecs/json.js';

const utf8 = new TextDecoder();

/** The first byte of a list in JSON; no list begins so in the other formats. */
const OPENING = 0x5b;

/** Most fields are empty, and views take long to make. */
const nothing = new Uint8Array(0);

/** The fields of a record. The bytes are those of the module, and only there during the batch. */
export class Record {
  #bytes;
  #view;
  #thrown;
  /** Place of the next field. */
  at = 0;

  /** `thrown` returns the value of the page that has a number. */
  constructor(buffer, start, length, thrown) {
    this.#thrown = thrown;
    this.#bytes = new Uint8Array(buffer, start, length);
    this.#view = new DataView(buffer, start, length);
  }

  u8() {
    return this.#bytes[this.at++];
  }

  u32() {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  f64() {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** Bytes, which are the module's. */
  bytes() {
    const length = this.u32();
    if (length === 0) {
      return nothing;
    }
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  text() {
    const bytes = this.bytes();
    return bytes === nothing ? '' : utf8.decode(bytes);
  }

  /** Arguments, as `{args, kwargs}`. */
  args(codec) {
    const args = this.bytes();
    const kwargs = this.bytes();
    // What a payload codec has decoded is JSON in any session.
    const format = args[0] === OPENING ? json : codec;
    return {
      args: args.length === 0 ? [] : format.decode(args),
      kwargs: kwargs.length === 0 ? {} : format.decode(kwargs),
    };
  }

  /** A dict, which is the only argument of a payload; undefined without one. */
  dict(codec = json) {
    return this.args(codec).args[0];
  }

  /** A copy of the payload of `dict()`. */
  dictBytes() {
    const bytes = this.bytes().slice();
    this.bytes();
    return bytes;
  }

  /** A report, with arguments and details of the error. */
  report(codec) {
    const report = this.dict();
    if (report.isWhole) {
      try {
        Object.assign(report, this.args(codec ?? json));
        report.details = this.dict(codec);
        return report;
      } catch {
        // The error itself is worth more than its arguments.
      }
    }
    return completed(report, this.#thrown);
  }
}

/**
 * Completes a report that came without arguments: their only text is the message. `thrown` returns the
 * value of the page that has a number.
 */
export function completed(report, thrown) {
  if (report.kind === 'thrown') {
    return { kind: 'thrown', value: thrown(report.number) };
  }
  if (report.cause !== undefined) {
    report.cause = completed(report.cause, thrown);
  }
  return { args: [report.message], kwargs: {}, ...report };
}
