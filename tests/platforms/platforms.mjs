// The package wherever it is said to work: the behaviour suite in Chromium and Firefox, in a page and in
// workers, in Node, Bun and Deno; programs that bundlers made; what checkers of packages say.
//
//     node tests/platforms/platforms.mjs [PART]     runs only what has the word PART in its name
//
// Needs pkg/ (make npm) and the node_modules of this folder (tools/setup platforms).

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { root, start, startRouter, within } from '../e2e/demo.mjs';
import { startFirefox } from '../e2e/firefox.mjs';
import { examplePage, examples, firstExample, said } from './readme.mjs';

const { chromium } = await import(
  pathToFileURL(createRequire(new URL('../e2e/package.json', import.meta.url)).resolve('playwright-core')).href
).then((module) => module.default ?? module);

const LIMIT = Number(process.env.PLATFORM_LIMIT ?? 150_000);
const here = fileURLToPath(new URL('.', import.meta.url));
const built = path.join(root, 'target/platforms');
const run = promisify(execFile);
const [part] = process.argv.slice(2);

const types = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm', html: 'text/html' };

/** The policy that the package README recommends. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws:";

/** A page with the suite; the module is fetched before the script asks for it. */
const page = [
  '<!doctype html><title>platforms</title>',
  '<link rel="icon" href="data:,">',
  '<link rel="preload" href="/pkg/wampwerk_bg.wasm" as="fetch" type="application/wasm" crossorigin>',
  '<script type="module" src="/tests/platforms/inside.mjs"></script><script type="module" src="/tests/platforms/driver.mjs"></script>',

].join('\n');

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const policy = pathname === '/strict' ? POLICY.replace(" 'wasm-unsafe-eval'", '') : POLICY;
  const head = { 'content-security-policy': `${policy}; img-src data:`, 'service-worker-allowed': '/' };
  if (pathname === '/' || pathname === '/strict') {
    response.writeHead(200, { ...head, 'content-type': 'text/html' }).end(page);
    return;
  }
  if (pathname === '/readme' || pathname === '/readme.js') {
    // An import map is an inline script, which the policy does not allow.
    const [type, content] = pathname === '/readme' ? ['text/html', examplePage('./readme.js')] : ['text/javascript', firstExample(demo.router)];
    response.writeHead(200, { 'content-type': type }).end(content);
    return;
  }
  const file = path.join(root, decodeURIComponent(pathname));
  const allowed = ['pkg/', 'tests/', 'target/platforms/'].some((folder) => file.startsWith(path.join(root, folder)));
  if (!allowed || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const type = types[path.extname(file).slice(1)] ?? 'application/octet-stream';
  response.writeHead(200, { ...head, 'content-type': type }).end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const demo = await start();
const open = await startRouter('--open');
const users = await startRouter('--users');
const routers = { router: demo.router, open: open.url, auth: users.url };

let passed = 0;
let failed = 0;

async function test(name, body) {
  if (part !== undefined && !name.toLowerCase().includes(part)) {
    return;
  }
  const begin = performance.now();
  const took = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  try {
    const said = await within(LIMIT, `end of "${name}"`, body());
    passed++;
    console.log(`ok      ${name}${said === undefined ? '' : `: ${said}`} (${took()})`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name} (${took()})\n${String(error?.stack ?? error).replace(/^/gm, '        ')}`);
  }
}

/** Fails with all that failed; says how many passed. */
function judged(outcome) {
  assert.deepEqual(outcome.failed, [], 'tests that failed');
  assert.ok(outcome.passed > 70, `only ${outcome.passed} tests`);
  return `${outcome.passed} tests`;
}

// The others are tested by page.mjs, in Chromium.
const options = { ...routers, serializers: ['cbor'] };

// browsers

const chrome = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--js-flags=--expose-gc'],
});
const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const kinds = ['window', 'dedicated worker', 'shared worker', 'service worker'];
const drive = ({ kind, options }) => globalThis.drive(kind, options);

for (const kind of kinds) {
  await test(`Chromium, ${kind}`, async () => {
    const tab = await chrome.newPage();
    const complaints = [];
    tab.on('console', (message) => /preload/.test(message.text()) && complaints.push(message.text()));
    await tab.goto(origin);
    await tab.waitForFunction(() => globalThis.drive !== undefined && (globalThis.runSuite !== undefined));
    const outcome = await tab.evaluate(drive, { kind, options });
    await tab.close();
    if (kind === 'window') {
      assert.deepEqual(complaints, [], 'the preloaded module is used');
    }
    return judged(outcome);
  });
}

if (existsSync(FIREFOX) || process.env.CI) {
  const firefox = await startFirefox(FIREFOX);
  for (const kind of kinds) {
    await test(`Firefox, ${kind}`, async () => {
      await firefox.goto(origin);
      await firefox.evaluate(async () => {
        while (globalThis.drive === undefined || globalThis.runSuite === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
        return true;
      });
      return judged(await firefox.evaluate(drive, { kind, options }));
    });
  }
  await firefox.close();
} else {
  console.log('SKIPPED Firefox, which is not installed');
}

await test('a Content-Security-Policy without wasm-unsafe-eval is named', async () => {
  const tab = await chrome.newPage();
  await tab.goto(`${origin}/strict`);
  const message = await tab.evaluate(async (url) => {
    const { connect } = await import('/pkg/index.js');
    return connect({ url, realm: 'realm1' }).catch((error) => error.message);
  }, demo.router);
  await tab.close();
  assert.match(message, /^cannot load the wasm module from http:.*wampwerk_bg\.wasm: .*'wasm-unsafe-eval' in its script-src$/s);
});

// runtimes

const modules = path.join(here, 'node_modules');
const ws = pathToFileURL(path.join(modules, 'ws/wrapper.mjs')).href;
const runtimes = {
  'Node 20, with the WebSocket of ws': [path.join(modules, 'node20/bin/node'), '--expose-gc'],
  'Node 22': [path.join(modules, 'node22/bin/node'), '--expose-gc'],
  'Node 24': [path.join(modules, 'node24/bin/node'), '--expose-gc'],
  Bun: [path.join(modules, '@oven/bun-linux-x64/bin/bun'), 'run'],
  Deno: [path.join(modules, '@deno/linux-x64-glibc/deno'), 'run', '-A', '--v8-flags=--expose-gc'],
};
for (const [name, [program, ...words]] of Object.entries(runtimes)) {
  await test(name, async () => {
    const given = JSON.stringify({ ...options, ws });
    const { stdout } = await run(program, [...words, path.join(here, 'runtime.mjs'), given], { timeout: LIMIT, maxBuffer: 64 << 20 });
    return judged(JSON.parse(stdout.trim().split('\n').at(-1)));
  });
}

for (const [name, ...words] of [['Node 20, with the WebSocket of ws', 'ws'], ['Node 24']]) {
  await test(`${name}: the memory stays, however many calls, subscriptions and connections there were`, async () => {
    const [program, ...flags] = runtimes[name];
    const { stdout } = await run(program, [...flags, path.join(here, 'memory.mjs'), ...words], { timeout: LIMIT });
    assert.match(stdout, /\n3 passed, 0 failed\n$/);
  });
}

await test('server-side import: nothing happens, and a missing WebSocket is named', async () => {
  const script = `
    const before = Object.keys(globalThis).length;
    const { connect } = await import('wampwerk');
    if (Object.keys(globalThis).length !== before) throw new Error('a global was added');
    console.log(await connect({ url: 'ws://127.0.0.1:1/', realm: 'realm1' }).catch((error) => error.name + ': ' + error.message));`;
  const { stdout } = await run(runtimes['Node 20, with the WebSocket of ws'][0], ['--input-type=module', '-e', script], { cwd: project(), timeout: LIMIT });
  assert.match(stdout, /^ConnectError: .*there is no WebSocket here: set the option WebSocket/s);
});

// bundlers

/** A folder where `wampwerk` is installed, with the program of app.mjs. */
function project() {
  if (!existsSync(path.join(built, 'app.mjs'))) {
    mkdirSync(path.join(built, 'node_modules'), { recursive: true });
    cpSync(path.join(root, 'pkg'), path.join(built, 'node_modules/wampwerk'), { recursive: true });
    cpSync(path.join(here, 'app.mjs'), path.join(built, 'app.mjs'));
  }
  return built;
}
rmSync(built, { recursive: true, force: true });

const tools = {
  Vite: async (out) => {
    writeFileSync(path.join(built, 'index.html'), '<!doctype html><script type="module" src="/app.mjs"></script>');
    await run(process.execPath, [path.join(modules, 'vite/bin/vite.js'), 'build', '--outDir', out, '--base', './', '--logLevel', 'warn'], { cwd: built });
    const html = readFileSync(path.join(out, 'index.html'), 'utf8');
    return /src="\.\/([^"]+\.js)"/.exec(html)[1];
  },
  webpack: async (out) => {
    const words = ['build', '--mode', 'production', '--entry', './app.mjs', '--output-path', out, '--output-filename', 'app.js', '--output-public-path', 'auto'];
    await run(process.execPath, [path.join(modules, 'webpack/bin/webpack.js'), ...words], { cwd: built });
    return 'app.js';
  },
  esbuild: async (out) => {
    const { build } = await import(pathToFileURL(path.join(root, 'tests/e2e/node_modules/esbuild/lib/main.js')).href);
    await build({ absWorkingDir: built, entryPoints: ['app.mjs'], bundle: true, splitting: true, format: 'esm', minify: true, outdir: out, logLevel: 'error' });
    copyModules(out);
    return 'app.js';
  },
  rollup: async (out) => {
    const config = path.join(built, 'rollup.config.mjs');
    const resolve = "{ name: 'packages', resolveId: (name) => (name === 'wampwerk' ? import.meta.dirname + '/node_modules/wampwerk/index.js' : null) }";
    writeFileSync(config, `import path from 'node:path';\nexport default { input: 'app.mjs', plugins: [${resolve.replace('import.meta.dirname', 'process.cwd()')}], output: { dir: ${JSON.stringify(out)}, format: 'es', entryFileNames: 'app.js' } };`);
    await run(process.execPath, [path.join(modules, 'rollup/dist/bin/rollup'), '-c', config, '--silent'], { cwd: built });
    copyModules(out);
    return 'app.js';
  },
};

/** What the package README says about bundlers that do not copy files. */
function copyModules(out) {
  for (const name of ['wampwerk_bg.wasm', 'wampwerk_auth_bg.wasm', 'wampwerk_box_bg.wasm']) {
    cpSync(path.join(built, 'node_modules/wampwerk', name), path.join(out, name));
  }
}

const once = ['HELLO', 'WELCOME', 'CALL', 'RESULT', 42, 'CALL', 'ERROR', 'WampError', 'GOODBYE', 'GOODBYE'];
for (const [name, bundle] of Object.entries(tools)) {
  await test(`${name}: a program is built, and runs`, async () => {
    const out = path.join(project(), name);
    mkdirSync(out, { recursive: true });
    const file = await bundle(out);
    const tab = await chrome.newPage();
    await tab.goto(origin);
    const url = `/target/platforms/${name}/${file}`;
    // webpack makes a classic script, which finds its files by its own address.
    await tab.addScriptTag({ url, type: name === 'webpack' ? '' : 'module' });
    await tab.waitForFunction(() => globalThis.runApp !== undefined);
    const seen = await tab.evaluate((options) => globalThis.runApp(options), routers);
    await tab.close();
    // The trace is told in its own time.
    const sorted = (list) => list.map(String).toSorted();
    assert.deepEqual(sorted(seen), sorted([...once, ...once, ...once, 'wanda', 44]));
  });
}

await test('a module that a bundler left behind is named, with what to do', async () => {
  const out = path.join(project(), 'lost');
  const { build } = await import(pathToFileURL(path.join(root, 'tests/e2e/node_modules/esbuild/lib/main.js')).href);
  await build({ absWorkingDir: built, entryPoints: ['app.mjs'], bundle: true, splitting: true, format: 'esm', outdir: out, logLevel: 'error' });
  const tab = await chrome.newPage();
  await tab.goto(origin);
  const message = await tab.evaluate(async (options) => {
    await import('/target/platforms/lost/app.js');
    return globalThis.runApp(options).catch((error) => error.message);
  }, routers);
  await tab.close();
  assert.match(message, /^cannot load the wasm module from http:.*\/lost\/wampwerk_bg\.wasm: HTTP status 404; .*copy it beside the bundle, or give init\(\) its URL/);
});

// the README of the package

await test('the first example of the README runs in Node, and ends by itself', async () => {
  writeFileSync(path.join(project(), 'example.mjs'), firstExample(demo.router));
  for (const name of ['Node 22', 'Node 24']) {
    const { stdout } = await run(runtimes[name][0], ['example.mjs'], { cwd: built, timeout: LIMIT });
    assert.deepEqual(stdout.trim().split('\n'), said, name);
  }
});

await test('the first example of the README runs in a page, by an import map', async () => {
  const tab = await chrome.newPage();
  const lines = [];
  const ended = new Promise((resolve) => {
    tab.on('console', (message) => lines.push(message.text()) === said.length && resolve());
  });
  tab.on('pageerror', (error) => lines.push(error.message));
  await tab.goto(`${origin}/readme`);
  await ended;
  await tab.close();
  assert.deepEqual(lines, said);
});

await test('the first example of the README is built by Vite, and runs', async () => {
  const folder = path.join(project(), 'readme');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'example.js'), firstExample(demo.router));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html><script type="module" src="./example.js"></script>');
  const words = ['build', '--outDir', path.join(built, 'readme-built'), '--base', './', '--logLevel', 'warn'];
  await run(process.execPath, [path.join(modules, 'vite/bin/vite.js'), ...words], { cwd: folder });
  const tab = await chrome.newPage();
  const lines = [];
  const ended = new Promise((resolve) => {
    tab.on('console', (message) => lines.push(message.text()) === said.length && resolve());
  });
  tab.on('pageerror', (error) => lines.push(error.message));
  await tab.goto(`${origin}/target/platforms/readme-built/index.html`);
  await ended;
  await tab.close();
  assert.deepEqual(lines, said);
});

await test('each example of the README is JavaScript', async () => {
  const { transform } = await import(pathToFileURL(path.join(root, 'tests/e2e/node_modules/esbuild/lib/main.js')).href);
  const all = examples();
  assert.ok(all.length > 8, `${all.length} examples`);
  for (const text of all) {
    await transform(text, { format: 'esm', target: 'es2022' }).catch((error) => assert.fail(`${error.message}\n${text}`));
  }
});

// the package itself

await test('publint finds nothing', async () => {
  const { publint } = await import(pathToFileURL(path.join(modules, 'publint/src/index-node.js')).href);
  const { messages } = await publint({ pkgDir: path.join(root, 'pkg'), strict: true, pack: 'npm' });
  assert.deepEqual(messages, []);
});

await test('attw finds nothing', async () => {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', project(), path.join(root, 'pkg')]);
  const packed = path.join(built, stdout.trim().split('\n').at(-1));
  const attw = path.join(modules, '@arethetypeswrong/cli/dist/index.js');
  // The package has no CommonJS, and the wasm files have no types.
  const words = [packed, '--profile', 'esm-only', '--exclude-entrypoints', './wampwerk_bg.wasm', './wampwerk_auth_bg.wasm', './wampwerk_box_bg.wasm', '--no-color'];
  await run(process.execPath, [attw, ...words]).catch(({ stdout }) => assert.fail(stdout));
});

await chrome.close();
server.close();
server.closeAllConnections();
await Promise.all([demo, open, users].map(({ stop }) => stop()));
console.log(`test result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
