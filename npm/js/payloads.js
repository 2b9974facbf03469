// Payload codecs of the user, which the module asks. Loaded if there is one.

import * as json from './codecs/json.js';
import { isObject, need } from './check.js';
import { textOf, WampError } from './errors.js';
import * as port from './module/port.js';
import { Sink } from './sink.js';
import { INVALID_PAYLOAD } from './uris.js';

const utf8 = new TextDecoder();
const octets = new TextEncoder();
const forms = ['ppt', 'enc'];

export class Payloads {
  #codec;

  constructor(codec) {
    this.#codec = codec;
  }

  encode(text) {
    return this.#answer(text, ({ side, uri, args, kwargs }) => {
      const encoded = this.#codec.encode(uri, args, kwargs, side);
      if (encoded === undefined || encoded === null) {
        return {};
      }
      const { payload, form = 'ppt', scheme, serializer, cipher, keyId } = encoded;
      need('payload', payload, payload instanceof Uint8Array);
      need('form', form, forms.includes(form));
      need('scheme', scheme, typeof scheme === 'string');
      for (const [name, value] of Object.entries({ serializer, cipher, keyId })) {
        need(name, value, value === undefined || typeof value === 'string');
      }
      return { payload, form, scheme, serializer, cipher, keyId };
    });
  }

  decode(text) {
    return this.#answer(text, ({ side, uri, args: _, kwargs: __, ...encoded }) => {
      const { args = [], kwargs = {}, uri: sealed } = this.#codec.decode(uri, encoded, side);
      need('args', args, Array.isArray(args));
      need('kwargs', kwargs, isObject(kwargs));
      need('uri', sealed, sealed === undefined || typeof sealed === 'string');
      return { args, kwargs, uri: sealed };
    });
  }

  onForget(_, number) {
    port.close(number);
  }

  #answer(text, run) {
    try {
      const [about] = json.decode(octets.encode(text));
      return written(run(about));
    } catch (error) {
      const uri = error instanceof WampError ? error.uri : INVALID_PAYLOAD;
      return written({ error: { uri, message: String(error?.args?.[0] ?? textOf(error)) } });
    }
  }
}

function written(value) {
  const sink = new Sink();
  json.encode(value, 'the payload', sink);
  return utf8.decode(sink.written());
}
