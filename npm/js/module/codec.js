// The codecs of the serializers. Those of the binary ones are loaded when they are needed.

import * as json from '../codecs/json.js';
import { ConnectError, textOf } from '../errors.js';
import { later } from '../later.js';
import { UNAVAILABLE } from '../uris.js';

const codecs = { json };

/** Returns the codec of a serializer that is loaded. */
export function codecNow(serializer) {
  return codecs[serializer];
}

/** Loads the codec of a serializer. */
export async function codecOf(serializer) {
  if (codecs[serializer] === undefined) {
    try {
      const load = serializer === 'cbor' ? () => import('../codecs/cbor.js') : () => import('../codecs/msgpack.js');
      codecs[serializer] = await later(serializer, load);
    } catch (cause) {
      const text = `cannot load the codec of ${serializer}: ${textOf(cause)}${hint()}`;
      throw new ConnectError(UNAVAILABLE, [text], {}, text, { cause });
    }
  }
  return codecs[serializer];
}

function hint() {
  return globalThis.ServiceWorkerGlobalScope === undefined ? '' : "; in a service worker, import 'wampwerk/eager.js' before";
}
