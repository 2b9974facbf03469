// Loading a wasm module, wherever it is: a page, a worker, Node; and what to do if that fails.

import { ConnectError } from './errors.js';
import { UNAVAILABLE } from './uris.js';

/**
 * Compiles the module at `url`, unless there is another `source`. `name` is the name of its file in
 * the package, and `setter` the function that takes another source, both for the error text.
 *
 * @throws {ConnectError} with the URL, and with what to do
 */
export async function compile({ url, name, setter }, source) {
  try {
    return await compiled(await (source ?? url));
  } catch (cause) {
    throw unloadable({ url, name, setter }, source, cause);
  }
}

/** Returns the error about a module that cannot be loaded or started. */
export function unloadable({ url, name, setter }, source, cause) {
  const reason = cause?.cause?.message ?? cause?.message ?? String(cause);
  const given = source ?? url;
  const from = typeof given === 'string' ? given : (given.href ?? given.url ?? 'the given source');
  const text = `cannot load the wasm module from ${from}: ${reason}; ${advice(name, setter, reason)}`;
  return new ConnectError(UNAVAILABLE, [text], {}, text, { cause });
}

function advice(name, setter, reason) {
  if (/content.security.policy|\bcsp\b/i.test(reason)) {
    return "the Content-Security-Policy must have 'wasm-unsafe-eval' in its script-src";
  }
  return `if a bundler left ${name} behind, copy it beside the bundle, or give ${setter} its URL or its bytes`;
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) {
    return source;
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return WebAssembly.compile(source);
  }
  if (isFile(source)) {
    return WebAssembly.compile(await read(source));
  }
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) {
    throw new Error(`HTTP status ${response.status}`);
  }
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Node does not fetch files. */
function isFile(source) {
  const isUrl = source instanceof URL || typeof source === 'string';
  return isUrl && /^file:/i.test(String(source)) && globalThis.process?.versions?.node !== undefined;
}

async function read(url) {
  // Bundlers must not look for it.
  const name = 'node:fs/promises';
  const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  return readFile(new URL(url));
}
