// Loading of the authentication module and the JavaScript that goes with it, which only some methods
// need; and running its functions.

import { compile, unloadable } from './compiling.js';
import { later } from './later.js';

/** Bundlers find the file by this expression. */
const FILE = {
  url: new URL('wampwerk_auth_bg.wasm', import.meta.url),
  name: 'wampwerk_auth_bg.wasm',
  setter: 'initAuth()',
};

/** Memory in bytes that the module may keep. Argon2 needs up to 256 MiB, for seconds. */
const MAX_KEPT = 16 << 20;

let source;
/** The compiled module, in a promise. */
let compiling;
/** The last loading, until it has failed. */
let loading;
let isRenewing = false;
/** What `proofs.js` exports. */
let proofs;
/** What the module exports. */
let exports;
/** Why the last loading failed. */
let failure;

export function initAuth(given) {
  authSource(given);
  loading ??= load().catch((error) => {
    // So that the next attempt can load it again.
    loading = undefined;
    failure = error;
    throw error;
  });
  return loading;
}

/** Sets the source of the module, without loading it. A module that is loaded stays. */
export function authSource(given) {
  if (given !== undefined && loading === undefined) {
    source = given;
    compiling = undefined;
  }
}

/**
 * Returns what `proofs.js` exports.
 *
 * @throws {Error} if it is not loaded
 */
export function authNow() {
  if (proofs === undefined) {
    const text = 'the authentication module is not loaded: await initAuth() before';
    throw new Error(failure?.message ?? text, { cause: failure });
  }
  return proofs;
}

/**
 * Runs a function of the module's functions, which must be loaded.
 *
 * @throws {Error} with the text of the module
 */
export function computeNow(run) {
  const { bindings } = authNow();
  let isLost = false;
  try {
    return run(bindings);
  } catch (thrown) {
    if (typeof thrown === 'string') {
      throw new Error(thrown);
    }
    isLost = true;
    throw new Error(`the authentication module failed: ${thrown?.message ?? thrown}`, { cause: thrown });
  } finally {
    if (isLost || memoryOfAuth() > MAX_KEPT) {
      void renew();
    }
  }
}

/** Returns the number of bytes that the module has, 0 if it is not loaded. */
export function memoryOfAuth() {
  return exports?.memory.buffer.byteLength ?? 0;
}

/** Loads the module if it is not loaded, and runs a function of its functions. */
export async function compute(run) {
  await initAuth();
  return computeNow(run);
}

async function load() {
  try {
    compiling ??= compile(FILE, source);
    const [module, loaded] = await Promise.all([compiling, importProofs()]);
    await start(module, loaded.bindings);
    proofs = loaded;
  } catch (error) {
    compiling = undefined;
    throw error;
  }
}

async function importProofs() {
  try {
    return await later('proofs', () => import('./proofs.js'));
  } catch (cause) {
    throw unloadable({ ...FILE, url: 'proofs.js', name: 'proofs.js' }, undefined, cause);
  }
}

async function start(module, bindings) {
  let instance;
  try {
    instance = await WebAssembly.instantiate(module, { './wampwerk_auth_bg.js': bindings });
  } catch (cause) {
    throw unloadable(FILE, source, cause);
  }
  // Detaches the views of the memory that the bindings still have.
  exports?.memory.grow(0);
  exports = instance.exports;
  bindings.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
}

/** Starts the module anew, with a small memory. Until that is done, the old one is used. */
async function renew() {
  if (isRenewing) {
    return;
  }
  isRenewing = true;
  try {
    await load();
  } catch {
    // The next initAuth() tries again.
    loading = undefined;
  }
  isRenewing = false;
}
