// The console page and the package, end to end: the demo as it is started by `make demo`, the page
// in a real browser, the native component at the other end.
//
//     node tests/e2e/page.mjs                    with the demo's own router
//     node tests/e2e/page.mjs --url ws://…       with another one
//     tests/crossbar/with node tests/e2e/page.mjs --crossbar
//
// Needs pkg/ (make npm). Leaves screenshots in target/e2e.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

import * as advanced from './advanced.mjs';
import * as authentication from './authentication.mjs';
import * as component from './component.mjs';
import { request, restartable, root, start, startRouter, within } from './demo.mjs';
import * as meta from './meta.mjs';
import * as inPage from './package.mjs';
import * as ported from './ported.mjs';

const LIMIT = 30_000;
const serializers = ['cbor', 'msgpack', 'json'];
const other = otherRouter(process.argv.slice(2));

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
async function open(options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 }, ...options });
  page.setDefaultTimeout(LIMIT / 2);
  await page.addInitScript(inPage.install);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  await page.goto(demo.page.href);
  return { page, complaints };
}

const { page, complaints } = await open();
const picture = (name) => path.join(root, 'target/e2e', `${name}${other ? '-other-router' : ''}.png`);
const text = (selector) => page.locator(selector).textContent();
const shows = (selector, pattern) => page.locator(selector).filter({ hasText: pattern }).first().waitFor();
const sent = (form) => page.waitForFunction((id) => !document.querySelector(`${id} .primary`).disabled, form);

async function call(procedure, args) {
  await page.fill('#call [name=uri]', procedure);
  await page.fill('#call [name=args]', args);
  await page.fill('#call [name=kwargs]', '');
  await page.click('#call .primary');
  await sent('#call');
  return text('#call-result');
}

// the page

await test('the page comes up, with the address of the router filled in', async () => {
  assert.equal(await page.title(), 'Wampwerk console');
  assert.equal(await page.inputValue('#url'), demo.router);
  assert.equal(await text('#state'), 'Not connected');
  assert.ok(await page.isDisabled('#call .primary'));
});

await test('a realm that the router does not have is told', async () => {
  await page.fill('#realm', 'no.such.realm');
  await page.click('#join');
  await shows('#state', 'wamp.error.no_such_realm');
  await page.fill('#realm', 'realm1');
});

await test('it joins', async () => {
  await page.click('#join');
  await page.waitForSelector('#strip[data-state=open]');
  assert.match(await text('#session-id'), /^\d+$/);
  assert.equal(await text('#session-realm'), 'realm1');
  assert.ok(serializers.includes(await text('#session-serializer')));
});

await test('it calls the native component', async () => {
  await page.click('[data-call="demo.add"]');
  await page.waitForSelector('#call-result.good');
  assert.equal(await text('#call-result'), '5');
  assert.match(await text('#call-time'), /^\d+(\.\d+)? ms$/);
});

await test('it calls by keyboard alone', async () => {
  await page.focus('#call [name=uri]');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('demo.echo');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('["typed", 9007199254740993]');
  await page.focus('#call [name=uri]');
  await page.keyboard.press('Enter');
  await shows('#call-result', /^"typed", 9007199254740993n$/);
});

await test('an error of the component shows with its URI and values', async () => {
  await page.click('[data-call="demo.fail"]');
  await page.waitForSelector('#call-result.bad');
  assert.equal(await text('#call-result'), 'demo.error.refused\n"just a test", retry: false');
});

await test('progressive results show as they come, and a call can be cancelled', async () => {
  assert.equal(await call('demo.count', '[3]'), '1\n2\n3');
  assert.ok(await page.isHidden('#cancel'));
  await page.fill('#call [name=args]', '[1000000]');
  await page.click('#call .primary');
  await shows('#call-result', /^1\s2\s/);
  await page.click('#cancel');
  await shows('#call-result', /wamp\.error\.canceled$/);
  await sent('#call');
  assert.ok(await page.isHidden('#cancel'));
});

await test('bad JSON is told, and nothing is sent', async () => {
  await page.fill('#call [name=args]', '[1, ');
  await page.click('#call .primary');
  await shows('#call-result', /^Arguments: /);
  await page.fill('#call [name=args]', '{"a": 1}');
  await page.click('#call .primary');
  await shows('#call-result', 'must be a list');
});

await test('it gets the events of the component', async () => {
  await page.click('[data-subscribe="demo.tick"]');
  await page.click('[data-subscribe="demo.load"]');
  await shows('#events li', /demo\.tick\d+, time: /);
  await shows('#events li', /demo\.load/);
  await page.waitForFunction(() => Number(document.querySelector('#event-count').textContent) >= 4);
});

await test('it publishes to the component, and sees its answer', async () => {
  await page.click('[data-subscribe="demo.chat"]');
  await page.waitForSelector('#subscriptions [data-name="demo.chat"]');
  await page.click('[data-publish="demo.chat"]');
  await shows('#publish-result', /^The router took it as event \d+\.$/);
  await shows('#events li', /demo\.chat.*You said: Hello from the page/);
});

await test('it subscribes to patterns, and the topics of the events show', async () => {
  await page.fill('#subscribe [name=uri]', 'page.');
  await page.selectOption('#subscribe [name=match]', 'prefix');
  await page.click('#subscribe .primary');
  await page.waitForSelector('#subscriptions [data-name="page. (prefix)"]');
  await page.fill('#publish [name=uri]', 'page.of.a.pattern');
  await page.check('#publish [name=self]');
  await page.click('#publish .primary');
  await shows('#events li', /page\.of\.a\.pattern.*Hello from the page/);
  await page.uncheck('#publish [name=self]');
});

await test('what it registers can be called by the component', async () => {
  await page.click('#register .primary');
  await page.waitForSelector('#registrations [data-name="page.echo"]');
  assert.equal(await call('demo.callback', '["page.echo", ["over", "and back"]]'), '"over", "and back"');
  await shows('#registrations li', '1 call');
  await page.selectOption('#register [name=answer]', 'error');
  await page.fill('#register [name=uri]', 'page.refuse');
  await page.click('#register .primary');
  await page.waitForSelector('#registrations [data-name="page.refuse"]');
  assert.match(await call('demo.callback', '["page.refuse"]'), /^page\.error\.refused\n/);
  await page.click('#registrations [data-name="page.echo"] button');
  await page.waitForSelector('#registrations [data-name="page.echo"]', { state: 'detached' });
  assert.match(await call('demo.callback', '["page.echo"]'), /^wamp\.error\.no_such_procedure/);
});

await test('pausing and clearing the list of events', async () => {
  await page.click('#pause');
  await page.click('#clear');
  const count = Number(await text('#event-count'));
  await page.waitForFunction((count) => Number(document.querySelector('#event-count').textContent) > count, count);
  assert.equal(await page.locator('#events li').count(), 0);
  await page.click('#pause');
  await shows('#events li', /demo\.tick/);
});

await test('it measures round trips and plots them', async () => {
  await page.fill('#measure [name=count]', '200');
  await page.click('#measure .primary');
  await page.waitForFunction(() => document.querySelector('#plot-n').textContent === '200');
  await sent('#measure');
  for (const figure of ['p50', 'p95', 'min']) {
    assert.match(await text(`#plot-${figure}`), /^\d+(\.\d+)? ms$/);
  }
  const dots = await page.locator('#plot .dots').getAttribute('d');
  assert.equal(dots.match(/M/g).length, 200);
  assert.match(await page.getAttribute('#plot svg', 'aria-label'), /of 200 calls: p50 .* p95 /);
  await page.hover('#plot');
  await shows('#plot .tip', /^call \d+: \d+(\.\d+)? ms$/);
});

await test('it fits a phone, in the dark as well', async () => {
  mkdirSync(path.join(root, 'target/e2e'), { recursive: true });
  await page.click('[data-call="demo.add"]');
  await page.waitForSelector('#call-result.good');
  await page.screenshot({ path: picture('console'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 360, height: 740 });
  const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= width, `${content} pixels wide on a screen of ${width}`);
  await page.screenshot({ path: picture('phone'), fullPage: true });
  await page.setViewportSize({ width: 1360, height: 1000 });
  await page.emulateMedia({ colorScheme: 'light' });
});

await test('every field and button has a name', async () => {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('input, select, textarea, button, output, ol')]
      .filter((node) => !(node.labels?.length || node.getAttribute('aria-label') || node.textContent.trim()))
      .map((node) => node.outerHTML),
  );
  assert.deepEqual(nameless, []);
});

await test('it leaves, and joins with each serializer', async () => {
  for (const serializer of serializers) {
    await page.click('#join');
    await page.waitForSelector('#strip[data-state=closed]');
    assert.equal(await page.locator('#subscriptions li').count(), 0);
    await page.selectOption('#serializer', serializer);
    await page.click('#join');
    await page.waitForSelector('#strip[data-state=open]');
    assert.equal(await text('#session-serializer'), serializer);
    assert.equal(await call('demo.add', '[20, 22]'), '42');
  }
});

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
const once = { ...inPage.once, ...advanced.once, ...meta.once, ...authentication.once };
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
  for (const [name, body] of Object.entries(component.withRouter)) {
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
console.log(`${passed} passed, ${failed} failed${skips > 0 ? `, ${skips} parts SKIPPED, as said above` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
