// The console page and the package, end to end: the demo as it is started by `make demo`, the page
// in a real browser, the native component at the other end.
//
//     node tests/e2e/page.mjs                    with the demo's own router
//     node tests/e2e/page.mjs --url ws://…       with another one
//     tests/crossbar/with node tests/e2e/page.mjs --crossbar
//     node tests/e2e/page.mjs … --console        the page alone
//     node tests/e2e/page.mjs --picture          the page alone; writes the picture in the README, www/console.png
//
// Needs pkg/ (make npm). Leaves screenshots in target/e2e.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

import * as advanced from './advanced.mjs';
import * as authentication from './authentication.mjs';
import * as component from './component.mjs';
import { testConsole } from './console.mjs';
import { request, restartable, root, start, startRouter, within } from './demo.mjs';
import { install } from './kit.mjs';
import * as meta from './meta.mjs';
import * as inPage from './package.mjs';
import * as ported from './ported.mjs';
import * as progress from './progress.mjs';
import * as reconnecting from './reconnecting.mjs';
import { closeAPage } from './unload.mjs';

const LIMIT = 30_000;
const serializers = ['cbor', 'msgpack', 'json'];
const words = process.argv.slice(2);
const isPicture = words.includes('--picture');
const isPageOnly = isPicture || words.includes('--console');
const other = otherRouter(words.filter((word) => !['--picture', '--console'].includes(word)));

let passed = 0;
let failed = 0;
let skips = 0;

function otherRouter([option, url]) {
  switch (option) {
    case undefined:
      return undefined;
    case '--url':
      return url;
    case '--crossbar':
      return JSON.parse(readFileSync(process.env.WAMPWERK_CROSSBAR, 'utf8')).ws;
    default:
      throw new Error(`no such option: ${option}`);
  }
}

/** Where one has to say who one is, and the users. */
async function usersOf(other) {
  if (other === undefined) {
    const { url, stop } = await startRouter('--users');
    return { auth: url, users: component.users, refusal: 'wamp.error.authentication_denied', stop };
  }
  const { ws_auth: auth, users } = JSON.parse(readFileSync(process.env.WAMPWERK_CROSSBAR, 'utf8'));
  // Its key is derived as the specification says, and its proof checked as Autobahn computes it.
  delete users['scram-argon2'];
  return { auth, users, refusal: 'wamp.error.not_authorized', stop: () => {} };
}

async function test(name, body) {
  const begin = performance.now();
  try {
    await within(LIMIT, `end of "${name}"`, body());
    passed++;
    console.log(`ok      ${name} (${Math.round(performance.now() - begin)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${String(error?.stack ?? error).replace(/^/gm, '        ')}`);
  }
}

const demo = await start(other);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--js-flags=--expose-gc',
  ],
});

/** A page with what it complained about. */
async function open(options = {}, query = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 }, ...options });
  page.setDefaultTimeout(LIMIT / 2);
  await page.addInitScript(install);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  const address = new URL(demo.page);
  Object.entries(query).forEach(([name, value]) => address.searchParams.set(name, value));
  await page.goto(address.href);
  return { page, complaints };
}

// the page

const { page, complaints } = await open();
const { call, shows } = await testConsole({ demo, isPicture, open, other, page, test });

function finish() {
  console.log(`${passed} passed, ${failed} failed${skips > 0 ? `, ${skips} parts SKIPPED, as said above` : ''}`);
  process.exit(failed === 0 ? 0 : 1);
}

if (isPageOnly) {
  await test('nothing was complained about in the console', async () => assert.deepEqual(complaints, []));
  await browser.close();
  await demo.stop();
  finish();
}

// the package, by scripts in the page

const where = { router: demo.router, ours: !other };
const library = await open();

function inside({ page }, name, body, argument) {
  return test(name, async () => {
    try {
      await page.evaluate(body, argument);
    } finally {
      const skipped = await page.evaluate(() => kit.leaveAll().then(() => kit.skipped.splice(0)));
      skipped.forEach((what) => console.log(`SKIPPED ${what}`));
      skips += skipped.length;
    }
  });
}

for (const serializer of serializers) {
  for (const [name, body] of Object.entries({ ...inPage.withEach, ...advanced.withEach })) {
    await inside(library, `${name} (${serializer})`, body, { ...where, serializer });
  }
}
const once = { ...inPage.once, ...progress.once, ...advanced.once, ...meta.once, ...authentication.once };
if (!other) {
  Object.assign(once, ported.once);
}
for (const [name, body] of Object.entries(once)) {
  await inside(library, name, body, where);
}

if (!other) {
  const open = await startRouter();
  for (const [name, body] of Object.entries(meta.withOpenRouter)) {
    await inside(library, name, body, { router: open.url, ours: true });
  }
  await test('the router of these tests ends in order', async () => assert.equal(await open.stop(), 0));
}

await test('nothing was complained about in the console', async () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(library.complaints, []);
});

const noisy = await open();
for (const [name, body] of Object.entries({ ...inPage.noisy, ...advanced.noisy })) {
  await inside(noisy, name, body, where);
}

// The browser reports each failed attempt to reconnect.
const restless = await open();
for (const [name, body] of Object.entries(component.once)) {
  await inside(restless, name, body, where);
}
if (!other) {
  const router = await restartable();
  await restless.page.exposeFunction('control', async (what) => {
    if (what === 'offline' || what === 'online') {
      await restless.page.context().setOffline(what === 'offline');
    } else {
      await router[what]();
    }
  });
  for (const [name, body] of Object.entries(reconnecting.withRouter)) {
    await inside(restless, name, body, { router: router.url });
    await router.start();
  }
  await router.stop();
}
const { stop, ...guarded } = await usersOf(other);
for (const [name, body] of Object.entries({ ...component.withUsers, ...ported.withUsers })) {
  await inside(restless, name, body, guarded);
}
await stop();

// the package elsewhere

await test('S23: Node, whose WebSocket tells of a router that is not there by an error alone', async () => {
  // Node 20 has it behind this option.
  const words = ['--experimental-websocket', path.join(root, 'tests/e2e/node.mjs'), demo.router];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: LIMIT / 2 });
  const refused = { name: 'ConnectError', uri: 'wamp.error.unavailable' };
  const fates = [['unreachable', true], ['unreachable', false], 42];
  assert.deepEqual(JSON.parse(stdout), { first: 'error', refused, sum: 5, kind: 'left', fates });
});

await test('a page that leaves on pagehide says GOODBYE when it is closed', async () => {
  const { page: closing } = await open();
  assert.deepEqual(await closeAPage(closing), [[6, { message: 'the page is closed' }, 'wamp.close.close_realm']]);
});

// the server of the page

await test('the server of the page gives files of the page and the package only', async () => {
  const status = async (text) => (await request(demo.page, text)).split('\r\n')[0];
  for (const target of ['/../Cargo.toml', '/%2e%2e/Cargo.toml', '/pkg/../../Cargo.toml', '/..%2fCargo.toml', '/.git/config']) {
    assert.match(await status(`GET ${target} HTTP/1.0\r\n\r\n`), / 404 /, target);
  }
  assert.match(await status('POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'), / 405 /);
  assert.match(await status(`GET / HTTP/1.1\r\n${'Cookie: x\r\n'.repeat(200)}\r\n`), / 431 /);
  const wasm = await request(demo.page, 'HEAD /pkg/wampwerk_bg.wasm HTTP/1.0\r\n\r\n');
  assert.match(wasm, /^HTTP\/1\.0 200 OK\r\n(.*\r\n)*content-type: application\/wasm\r\n/i);
  assert.match(wasm, /^content-security-policy: default-src 'self';/im);
});

if (!other) {
  await test('the router is on the port of the page, and its address speaks WebSocket only', async () => {
    assert.equal(new URL(demo.router).host, demo.page.host);
    assert.equal(demo.page.search, '');
    assert.match(await request(demo.page, 'GET /ws HTTP/1.0\r\n\r\n'), /^HTTP\/1\.0 505 /);
  });
}

// the end

await test('the end of the demo closes the session, and the page says so', async () => {
  await library.page.evaluate(inPage.expectEnd, where);
  assert.equal(await demo.stop(), 0, 'exit code of the demo');
  if (other) {
    // The router stays; only what the component offered is gone.
    assert.match(await call('demo.add', '[1, 2]'), /^wamp\.error\.no_such_procedure/);
    return;
  }
  await page.waitForSelector('#strip[data-state=failed]');
  await shows('#state', /^Session closed \(goodbye\): /);
  assert.ok(await page.isDisabled('#call .primary'));
  const { reasons, pending } = await library.page.evaluate(() => globalThis.ending);
  assert.equal(reasons.length, 1);
  assert.equal(reasons[0].kind, 'goodbye');
  assert.match(reasons[0].reason, /^wamp\.close\./);
  assert.equal(pending, 'SessionClosedError');
});

await browser.close();
finish();
