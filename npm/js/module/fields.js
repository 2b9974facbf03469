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

  string(text) {
    this.#sized(() => this.text(text));
  }

  /** A value as JSON; nothing for undefined and for an object without properties. */
  json(value, place) {
    this.#sized(() => {
      if (value !== undefined && Object.keys(value).length > 0) {
        json.encode(value, place, this);
      }
    });
  }

  /** Arguments; those that are empty are left out. */
  args(codec, args, kwargs) {
    this.#sized(() => {
      if (args.length !== 0) {
        codec.encode(args, 'args', this, 'list');
      }
    });
    this.#sized(() => {
      if (!isEmpty(kwargs)) {
        codec.encode(kwargs, 'kwargs', this, 'dict');
      }
    });
  }

  #sized(write) {
    this.u32(0);
    const start = this.length;
    write();
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
