// What a page loads of the package, part by part, minified as bundlers do it: raw, gzip -9, brotli.
//
//     node tools/npm-sizes.mjs [FOLDER [COMPILER]]       the table; fails if a part is above its limit
//
// Limits: npm/size-limits.json, in bytes after gzip, by the compiler (see tools/build-npm). They are
// lowered when a part has become smaller, and raised only in a commit of its own that names the features it pays for.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { build } from '../tests/e2e/node_modules/esbuild/lib/main.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Names of the parts, by the files that they begin with. What is loaded with `index.js` is `JavaScript`. */
const lazily = [
  ['codecs/cbor.js', 'CBOR'],
  ['codecs/msgpack.js', 'MessagePack'],
  ['tracing.js', 'trace'],
  ['payloads.js', 'payload codec'],
  ['tracebacks.js', 'tracebacks'],
  ['patterns.js', 'URI rules'],
];

const modules = [
  ['wampwerk_bg.wasm', 'module'],
  ['wampwerk_auth_bg.wasm', 'authentication: module'],
  ['wampwerk_box_bg.wasm', 'cryptobox: module'],
];

const OTHER_CODE = 'authentication: JavaScript';
const SHARED = 'shared by CBOR and MessagePack';

/** What a page without a login that speaks JSON loads, and how much more the others do. */
const sums = {
  'to start with': ['module', 'JavaScript'],
  'to start with, all serializers': ['module', 'JavaScript', 'CBOR', 'MessagePack', SHARED],
  'more for a login': ['authentication: module', OTHER_CODE],
};

/** Returns the bytes of each part. */
async function parts(folder) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    bundle: true,
    chunkNames: 'later/[name]-[hash]',
    entryPoints: ['index.js'],
    format: 'esm',
    logLevel: 'error',
    metafile: true,
    minify: true,
    outdir: 'out',
    splitting: true,
    write: false,
  });
  const contents = new Map(outputFiles.map((file) => [path.relative(folder, file.path), file.contents]));
  const { outputs } = metafile;
  const withImports = (name, found = new Set()) => {
    if (!found.has(name)) {
      found.add(name);
      const needed = outputs[name].imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
      needed.forEach(({ path: other }) => withImports(other, found));
    }
    return found;
  };
  const start = withImports('out/index.js');
  const found = {};
  const add = (part, bytes) => (found[part] ??= []).push(bytes);
  const needing = (name) =>
    lazily.filter(([entry]) =>
      Object.entries(outputs).some(([output, { entryPoint }]) => entryPoint === entry && withImports(output).has(name)),
    );
  for (const [name, bytes] of contents) {
    const users = needing(name);
    const part = users.length > 1 ? SHARED : (users[0]?.[1] ?? OTHER_CODE);
    add(start.has(name) ? 'JavaScript' : part, bytes);
  }
  for (const [file, part] of modules) {
    const full = path.join(folder, file);
    if (existsSync(full)) {
      add(part, readFileSync(full));
    }
  }
  return found;
}

/** Returns `{raw, gzip, brotli}` of each part, and of the sums. */
export async function sizes(folder) {
  const found = Object.entries(await parts(folder)).map(([part, files]) => {
    const sum = (size) => files.reduce((total, bytes) => total + size(bytes), 0);
    const each = {
      raw: sum((bytes) => bytes.length),
      gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
      brotli: sum((bytes) => brotliCompressSync(bytes).length),
    };
    return [part, each];
  });
  const table = Object.fromEntries(found.toSorted(([a], [b]) => order(a) - order(b)));
  for (const [name, some] of Object.entries(sums)) {
    const present = some.filter((part) => part in table);
    if (present.length > 0) {
      const total = (key) => present.reduce((sum, part) => sum + table[part][key], 0);
      table[name] = { raw: total('raw'), gzip: total('gzip'), brotli: total('brotli') };
    }
  }
  return table;
}

function order(part) {
  return ['module', 'JavaScript', 'CBOR', 'MessagePack', SHARED, 'trace', 'payload codec', 'tracebacks', 'URI rules'].concat('authentication: module', OTHER_CODE, 'cryptobox: module').indexOf(part);
}

async function main(folder, compiler) {
  const limits = JSON.parse(readFileSync(path.join(root, 'npm/size-limits.json'), 'utf8'))[compiler];
  const table = await sizes(folder);
  let tooLarge = 0;
  console.log(`${'bytes'.padEnd(34)}${'raw'.padStart(10)}${'gzip -9'.padStart(10)}${'brotli'.padStart(10)}${'limit'.padStart(10)}`);
  for (const [name, { raw, gzip, brotli }] of Object.entries(table)) {
    const limit = limits[name];
    const columns = [raw, gzip, brotli, limit ?? ''].map((column) => String(column).padStart(10)).join('');
    const isAbove = gzip > limit;
    tooLarge += isAbove ? 1 : 0;
    console.log(`${name.padEnd(34)}${columns}${isAbove ? '  above its limit' : ''}`);
  }
  for (const name of Object.keys(limits)) {
    // A part that is missing has another name now, and would be without a limit.
    if (!(name in table)) {
      tooLarge++;
      console.log(`${name.padEnd(34)}has a limit, and is not there`);
    }
  }
  if (tooLarge > 0) {
    console.error(`tools/npm-sizes.mjs: ${tooLarge} of the limits in npm/size-limits.json do not hold`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder = path.join(root, 'pkg'), compiler = 'nightly'] = process.argv.slice(2);
  await main(path.resolve(folder), compiler);
}
