// The fields of a command. See npm/src/command.rs.

import * as json from '../codecs/json.js';
import { Sink } from '../sink.js';

export class Fields extends Sink {
  u32(value) {
    this.need(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  f64(value) {
    this.need(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  binary(bytes) {
    this.u32(bytes.length);
    this.octets(bytes);
  }

  string(text) {
    const start = this.#begin();
    this.text(text);
    this.#end(start);
  }

  /** A value as JSON; nothing for undefined and for an object without properties. */
  json(value, place) {
    const start = this.#begin();
    if (value !== undefined && Object.keys(value).length > 0) {
      json.encode(value, place, this);
    }
    this.#end(start);
  }

  /** Arguments; those that are empty are left out. */
  args(codec, args, kwargs) {
    let start = this.#begin();
    if (args.length !== 0) {
      codec.encode(args, 'args', this, 'list');
    }
    this.#end(start);
    start = this.#begin();
    if (!isEmpty(kwargs)) {
      codec.encode(kwargs, 'kwargs', this, 'dict');
    }
    this.#end(start);
  }

  /** Begins a field whose length is written by `#end()`. */
  #begin() {
    this.u32(0);
    return this.length;
  }

  #end(start) {
    this.view.setUint32(start - 4, this.length - start, true);
  }
}

function isEmpty(kwargs) {
  if (kwargs instanceof Map) {
    return kwargs.size === 0;
  }
  const prototype = Object.getPrototypeOf(kwargs);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain && kwargs.toJSON === undefined && Object.keys(kwargs).length === 0;
}
