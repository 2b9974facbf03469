// Loading of the wasm module.

import load from './wampwerk.js';
import { ConnectError } from './errors.js';

let loading;
let loaded = false;

export function init(source) {
  loading ??= load(source === undefined ? undefined : { module_or_path: source }).then(
    () => {
      loaded = true;
    },
    (cause) => {
      // So that the next attempt can load it again.
      loading = undefined;
      const text = `cannot load the wasm module: ${cause?.message ?? cause}`;
      throw new ConnectError('wamp.error.unavailable', [text], {}, text, { cause });
    },
  );
  return loading;
}

export function isLoaded() {
  return loaded;
}
