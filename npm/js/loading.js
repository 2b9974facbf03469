// Loading of the main module.

import load from './wampwerk.js';
import { compile, unloadable } from './compiling.js';
import { authSource } from './loading-auth.js';
import { start as startPort } from './module/port.js';

/** Bundlers find the file by this expression. */
const FILE = {
  url: new URL('wampwerk_bg.wasm', import.meta.url),
  name: 'wampwerk_bg.wasm',
  setter: 'init()',
};

let loading;
let loaded = false;

export function init(source, { auth } = {}) {
  if (auth !== undefined) {
    authSource(auth);
  }
  loading ??= start(source).catch((error) => {
    // So that the next attempt can load it again.
    loading = undefined;
    throw error;
  });
  return loading;
}

export function isLoaded() {
  return loaded;
}

async function start(source) {
  const module = await compile(FILE, source);
  try {
    startPort(await load({ module_or_path: module }));
    loaded = true;
  } catch (cause) {
    throw unloadable(FILE, source, cause);
  }
}
