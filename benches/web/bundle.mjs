// What a page loads: the peers in bundles of their own, and how large all of them are.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

import { sizes as ours } from '../../tools/npm-sizes.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** What Autobahn|JS expects of Node. */
const polyfills = {
  alias: { stream: 'stream-browserify', fs: './nothing.mjs' },
  define: { global: 'globalThis' },
  inject: [path.join(here, 'polyfills.mjs')],
};

const common = { bundle: true, format: 'esm', minify: true, platform: 'browser', write: false, absWorkingDir: here, logLevel: 'error' };

async function bundle(entry, options = {}) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], ...options });
  return outputFiles[0].contents;
}

/** Returns the scripts of the page by their names. */
export async function scripts() {
  return {
    'page.js': await bundle('page.mjs'),
    'wampwerk.js': await bundle('clients/wampwerk.mjs'),
    'autobahn.js': await bundle('clients/autobahn.mjs', polyfills),
    'wampy.js': await bundle('clients/wampy.mjs'),
  };
}

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Returns the sizes in bytes, minified and gzipped: of everything, and of what JSON alone needs. */
export async function sizes(folder) {
  const entry = (code) => ({ stdin: { contents: code, resolveDir: here }, entryPoints: undefined });
  const only = async (code, options = {}) => gzipped(await bundle(undefined, { ...entry(code), ...options }));
  const parts = await ours(folder);
  const single = ['to start with, all serializers', 'more for a login'].filter((name) => name in parts);
  return {
    wampwerk: { all: single.reduce((sum, name) => sum + parts[name].gzip, 0), start: parts['to start with'].gzip },
    autobahn: { all: await only("export { default } from 'autobahn';", polyfills) },
    wampy: {
      all: await only(
        ['wampy', 'wampy/CborSerializer.js', 'wampy/MsgpackSerializer.js', 'wampy/wampcra.js', 'wampy/cryptosign.js']
          .map((name) => `export * from '${name}';`)
          .join('\n'),
        { external: ['crypto'] },
      ),
      start: await only("export { Wampy } from 'wampy';"),
    },
  };
}
