// The console page, end to end: what its cards do, with the keyboard, on a phone, in the dark.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { users } from './component.mjs';
import { Copied } from './copied.mjs';
import { restartable, root, startRouter } from './demo.mjs';

const serializers = ['cbor', 'msgpack', 'json'];

/** Opens and closes sessions of `guests` in the page, beside its own. */
const guest = {
  join: async (url) => {
    const { connect } = await import('./pkg/index.js');
    globalThis.guest = await connect({ url, realm: 'realm1' });
    return globalThis.guest.id;
  },
  offer: async () => {
    const { guest } = globalThis;
    await guest.register('page.guest.procedure', () => 'from the guest', { invoke: 'roundrobin' });
    await guest.subscribe('page.guest.topic', () => {});
    await guest.subscribe('page.guest.', () => {}, { match: 'prefix' });
  },
  leave: () => globalThis.guest.leave().then(() => {}),
};

/** Runs the tests of the page; returns what further ones use. */
export async function testConsole({ demo, isPicture, open, other, page, test }) {
  const picture = (name) => path.join(root, 'target/e2e', `${name}${other ? '-other-router' : ''}.png`);
  mkdirSync(path.join(root, 'target/e2e'), { recursive: true });
  const text = (selector) => page.locator(selector).innerText();
  const shows = (selector, pattern, on = page) => on.locator(selector).filter({ hasText: pattern }).first().waitFor();
  const sent = (form) => page.waitForFunction((id) => !document.querySelector(`${id} .primary`).disabled, form);
  const row = (list, name) => page.locator(`#${list} [data-name="${name}"]`);

  async function call(procedure, args) {
    await page.fill('#call [name=uri]', procedure);
    await page.fill('#call [name=args]', args);
    await page.fill('#call [name=kwargs]', '');
    await page.click('#call .primary');
    await sent('#call');
    return text('#call-result');
  }

  async function leave(on = page) {
    await on.click('#join');
    await on.waitForSelector('#strip[data-state=closed]');
  }

  async function join(on = page) {
    await on.click('#join');
    await on.waitForSelector('#strip[data-state=open]');
  }

  await test('the page connects by itself, to the router of its address', async () => {
    await page.waitForSelector('#strip[data-state=open]');
    assert.equal(await page.title(), 'Wampwerk console');
    assert.equal(await page.inputValue('#url'), demo.router);
    assert.match(await text('#session-id'), /^\d+$/);
    assert.equal(await text('#session-realm'), 'realm1');
    assert.equal(await text('#session-authrole'), 'anonymous');
    assert.ok(serializers.includes(await text('#session-serializer')));
  });

  await test('a realm that the router does not have is told', async () => {
    await leave();
    assert.ok(await page.isDisabled('#call .primary'));
    await page.fill('#realm', 'no.such.realm');
    await page.click('#join');
    await shows('#state', 'wamp.error.no_such_realm');
    await page.fill('#realm', 'realm1');
    await join();
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
    await shows('#call-result', /^12/);
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

  await test('values open and close, with mouse and keyboard, a portion at a time', async () => {
    const value = { name: 'large', numbers: Array.from({ length: 250 }, (_, n) => n), deep: { deeper: [1, 2, { text: 'x'.repeat(100) }] } };
    assert.match(await call('demo.echo', JSON.stringify([value])), /^\{"name": "large".* … \(3\)\nname: "large"\nnumbers: /);
    const outer = page.locator('#call-result > div > details');
    const numbers = outer.locator('li > details').first();
    await numbers.locator('summary').click();
    // The browser tells that it was opened in a task of its own.
    await numbers.locator('li').nth(100).waitFor();
    assert.equal(await numbers.locator('li').count(), 101);
    await numbers.locator('button', { hasText: '150 more' }).click();
    assert.equal(await numbers.locator('button').innerText(), '50 more');
    await numbers.locator('button').click();
    assert.equal(await numbers.locator('li').count(), 250);
    await outer.locator('> summary').focus();
    await page.keyboard.press('Enter');
    assert.equal(await outer.getAttribute('open'), null);
    await page.keyboard.press('Enter');
    assert.equal(await outer.getAttribute('open'), '');
  });

  await test('it gets the events of the component', async () => {
    await page.click('[data-subscribe="demo.tick"]');
    await page.click('[data-subscribe="demo.load"]');
    await shows('#events > li', /demo\.tick\d+, time: /);
    await shows('#events > li', /demo\.load/);
    await page.waitForFunction(() => Number(document.querySelector('#event-count').textContent) >= 4);
  });

  await test('it publishes to the component, and sees its answer', async () => {
    await page.click('[data-subscribe="demo.chat"]');
    await row('subscriptions', 'demo.chat').waitFor();
    await page.click('[data-publish="demo.chat"]');
    await shows('#publish-result', /^The router took it as event \d+\.$/);
    await shows('#events > li', /demo\.chat.*You said: Hello from the page/);
  });

  await test('it subscribes to patterns, and the topics of the events show', async () => {
    await page.fill('#subscribe [name=uri]', 'page.');
    await page.selectOption('#subscribe [name=match]', 'prefix');
    await page.click('#subscribe .primary');
    await row('subscriptions', 'page. (prefix)').waitFor();
    await page.fill('#publish [name=uri]', 'page.of.a.pattern');
    await page.check('#publish [name=self]');
    await page.click('#publish .primary');
    await shows('#events > li', /page\.of\.a\.pattern.*Hello from the page/);
    await page.uncheck('#publish [name=self]');
  });

  await test('what it registers can be called by the component', async () => {
    await page.click('#register .primary');
    await row('registrations', 'page.echo').waitFor();
    assert.equal(await call('demo.callback', '["page.echo", ["over", "and back"]]'), '"over", "and back"');
    await shows('#registrations li', '1 call');
    await page.selectOption('#register [name=answer]', 'error');
    await page.fill('#register [name=uri]', 'page.refuse');
    await page.click('#register .primary');
    await row('registrations', 'page.refuse').waitFor();
    assert.match(await call('demo.callback', '["page.refuse"]'), /^page\.error\.refused\n/);
    await row('registrations', 'page.echo').locator('button').click();
    await row('registrations', 'page.echo').waitFor({ state: 'detached' });
    assert.match(await call('demo.callback', '["page.echo"]'), /^wamp\.error\.no_such_procedure/);
  });

  await test('the realm shows its procedures, topics and sessions, and follows their changes', async () => {
    const own = await text('#session-id');
    await row('sessions', own).filter({ hasText: 'this page' }).waitFor();
    await row('procedures', 'demo.add').waitFor();
    await row('procedures', 'page.refuse').filter({ hasText: 'this page' }).waitFor();
    await row('topics', 'page.').filter({ hasText: 'prefix · this page' }).waitFor();
    const id = await page.evaluate(guest.join, demo.router);
    await row('sessions', id).waitFor();
    await page.evaluate(guest.offer);
    await row('procedures', 'page.guest.procedure').filter({ hasText: `roundrobin · ${id}` }).waitFor();
    await row('topics', 'page.guest.topic').filter({ hasText: String(id) }).waitFor();
    await row('topics', 'page.guest.').filter({ hasText: `prefix · ${id}` }).waitFor();
    const order = await page.locator('#procedures li').evaluateAll((rows) => rows.map(({ dataset }) => dataset.name));
    assert.deepEqual(order, order.toSorted());
    assert.equal(await text('#procedures-count'), String(order.length));
  });

  await test('a click in the realm calls or subscribes', async () => {
    await row('procedures', 'page.guest.procedure').locator('button').click();
    assert.equal(await page.inputValue('#call [name=uri]'), 'page.guest.procedure');
    await page.keyboard.type('[1]');
    assert.equal(await page.inputValue('#call [name=args]'), '[1]', 'the arguments have the focus');
    await page.click('#call .primary');
    await shows('#call-result', /^"from the guest"$/);
    await row('topics', 'page.guest.').locator('button').click();
    await row('subscriptions', 'page.guest. (prefix)').waitFor();
    await row('topics', 'page.guest.').filter({ hasText: 'this page' }).waitFor();
  });

  await test('a row of the realm keeps the focus while others come and go', async () => {
    const button = row('procedures', 'demo.add').locator('button');
    await button.focus();
    await page.evaluate(guest.leave);
    await row('procedures', 'page.guest.procedure').waitFor({ state: 'detached' });
    await row('topics', 'page.guest.topic').waitFor({ state: 'detached' });
    assert.ok(await button.evaluate((node) => node === document.activeElement));
  });

  await test('what the router does not offer is said', async () => {
    const missing = async (kind) => (await text(`#${kind}-missing`)).split('\n').filter(Boolean);
    const all = { sessions: await missing('sessions'), procedures: await missing('procedures'), topics: await missing('topics') };
    if (other) {
      // Crossbar fails in its own way on what is gone.
      Object.values(all).flat().forEach((line) => assert.match(line, /^The router refuses details of \w+: wamp\.error\./));
      return;
    }
    assert.deepEqual(all, { sessions: [], procedures: [], topics: [] });
    const router = await startRouter('--no-meta');
    const { page: poor, complaints } = await open({}, { url: router.url });
    for (const [kind, procedure] of Object.entries({ sessions: 'session', procedures: 'registration', topics: 'subscription' })) {
      await shows(`#${kind}-missing`, new RegExp(`^The router refuses the list of ${kind}: wamp\\.error\\.no_such_procedure: .*wamp\\.${procedure}\\.list`), poor);
    }
    assert.deepEqual(complaints, []);
    await poor.close();
    await router.stop();
  });

  await test('messages show as they are on the wire, with their sizes', async () => {
    await page.click('#messages-clear');
    await call('demo.add', '[20, 22]');
    const messages = page.locator('#messages > li');
    // Crossbar adds details.
    await messages.filter({ hasText: other ? /← RESULT\d+ B/ : /← RESULT\d+ B\[50, \d+, \{\}, \[42\]\]$/ }).first().waitFor();
    const sentRow = messages.filter({ hasText: /→ CALL\d+ B\[48, \d+, \{"receive_progress": true\}, "demo\.add"/ }).first();
    await sentRow.waitFor();
    assert.match(await sentRow.locator('small').innerText(), /^\d+ B$/);
    assert.match(await text('#sent'), /^\d+ \(\d+(\.\d+)? (B|kB)\)$/);
    assert.match(await text('#received'), /^\d+ \(\d+(\.\d+)? (B|kB)\)$/);
    await page.click('#messages-pause');
    assert.equal(await page.getAttribute('#messages-pause', 'aria-pressed'), 'true');
    await page.click('#messages-clear');
    await call('demo.add', '[1, 1]');
    assert.equal(await messages.count(), 0);
    await page.click('#messages-pause');
  });

  await test('pausing and clearing the list of events', async () => {
    await page.click('#events-pause');
    await page.click('#events-clear');
    const count = Number(await text('#event-count'));
    await page.waitForFunction((count) => Number(document.querySelector('#event-count').textContent) > count, count);
    assert.equal(await page.locator('#events > li').count(), 0);
    await page.click('#events-pause');
    await shows('#events > li', /demo\.tick/);
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
    assert.ok((await page.locator('#messages > li').count()) <= 200, 'the lists are bounded');
    await page.hover('#plot');
    await shows('#plot .tip', /^call \d+: \d+(\.\d+)? ms$/);
  });

  if (!other) {
    const copied = new Copied(page, demo.router);
    for (const [name, body] of Object.entries(copied.tests({ call, row, shows }))) {
      await test(name, body);
    }
  }

  await test('it fits a phone, in the dark as well', async () => {
    await page.click('[data-call="demo.add"]');
    await page.waitForSelector('#call-result.good');
    await page.click('#component-start');
    await row('procedures', 'page.component').waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: picture('console'), fullPage: true });
    if (isPicture) {
      await page.screenshot({ path: path.join(root, 'www/console.png'), clip: { x: 0, y: 0, width: 1360, height: 1320 }, fullPage: true });
    }
    const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: picture('dark'), fullPage: true });
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
    await page.setViewportSize({ width: 360, height: 740 });
    const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= width, `${content} pixels wide on a screen of ${width}`);
    await page.screenshot({ path: picture('phone'), fullPage: true });
    await page.setViewportSize({ width: 1360, height: 1000 });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.click('#component-stop');
    await row('procedures', 'page.component').waitFor({ state: 'detached' });
  });

  await test('every field and button has a name, and the tabulator reaches it', async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('input, select, textarea, button, output, ol, ul:not(.tree), progress, section, dialog')]
        .filter((node) => !(node.labels?.length || node.getAttribute('aria-label') || node.getAttribute('aria-labelledby') || node.textContent.trim()))
        .map((node) => node.outerHTML),
    );
    assert.deepEqual(nameless, []);
    // Lists change while the tabulator moves; what stays is reached.
    const expected = await page.evaluate(() => {
      const nodes = [...document.querySelectorAll('form :is(input, select, textarea, button), .copy button, .kind > summary, [tabindex="0"], #join')];
      return nodes.filter((node) => !node.disabled && node.checkVisibility()).map((node) => (node.id ||= `unnamed-${nodes.indexOf(node)}`));
    });
    await page.evaluate(() => document.activeElement.blur());
    const reached = new Set();
    for (let step = 0; step < 300 && reached.size < expected.length; step++) {
      await page.keyboard.press('Tab');
      const [id, outline] = await page.evaluate(() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]);
      if (expected.includes(id)) {
        assert.notEqual(outline, 'none', `the focus of ${id} shows`);
        reached.add(id);
      }
    }
    assert.deepEqual(expected.filter((id) => !reached.has(id)), []);
  });

  await test('it leaves, and joins with each serializer', async () => {
    for (const serializer of serializers) {
      await leave();
      assert.equal(await page.locator('#subscriptions li').count(), 0);
      assert.equal(await page.locator('#sessions li').count(), 0);
      await page.selectOption('#serializer', serializer);
      await join();
      assert.equal(await text('#session-serializer'), serializer);
      assert.equal(await call('demo.add', '[20, 22]'), '42');
    }
  });

  await testLogins({ demo, join, leave, open, other, page, shows, test });
  if (!other) {
    await testComponent({ open, shows, test });
  }
  return { call, shows, text };
}

/** Logins: at the demo's router as `joe`, elsewhere with the users of that router. */
async function testLogins({ join, leave, open, other, page, shows, test }) {
  const choose = async (on, method, { authid, secret } = {}) => {
    await on.selectOption('#method', method);
    if (authid) {
      await on.fill('#authid', authid);
      await on.fill('#secret', secret);
    }
  };
  if (!other) {
    for (const method of ['ticket', 'wampcra', 'scram', 'wamp-scram', 'cryptosign']) {
      await test(`a login by ${method}`, async () => {
        await leave();
        await choose(page, method);
        await join();
        assert.equal(await page.innerText('#session-authid'), 'joe');
        assert.equal(await page.innerText('#session-authrole'), 'user');
      });
    }
    await test('a wrong secret is told, and without a login it is nobody', async () => {
      await leave();
      await choose(page, 'wampcra', { authid: 'joe', secret: 'wrong' });
      await page.click('#join');
      await shows('#state', 'wamp.error.authentication_denied');
      await choose(page, '');
      assert.ok(await page.isHidden('#login'));
      await join();
      assert.equal(await page.innerText('#session-authrole'), 'anonymous');
    });
    return;
  }
  const rig = process.env.WAMPWERK_CROSSBAR;
  if (rig === undefined) {
    console.log('SKIPPED logins: the users of this router are not known');
    return;
  }
  const { ws_auth: url, users: known } = JSON.parse(readFileSync(rig, 'utf8'));
  const { page: guarded } = await open({}, { url });
  await test('a router that wants a login refuses to connect without one', async () => {
    await shows('#state', /wamp\.error\.(no_auth_method|not_authorized)|no_auth/, guarded);
  });
  for (const [method, user] of Object.entries({ ticket: 'ticket', wampcra: 'wampcra-salted', scram: 'scram-autobahn', cryptosign: 'cryptosign' })) {
    await test(`a login by ${method}`, async () => {
      await choose(guarded, method, known[user] ?? users[user]);
      await join(guarded);
      assert.equal(await guarded.innerText('#session-authid'), known[user].authid);
      await leave(guarded);
    });
  }
}

/** The component, at a router that goes away. */
async function testComponent({ open, shows, test }) {
  const router = await restartable();
  // Its console complains about the router that is away.
  const { page } = await open({}, { url: router.url });
  const state = (pattern) => shows('#component-state', pattern, page);
  const happened = (pattern) => shows('#component-log > li', pattern, page);
  await test('a component stays up, and its back-off shows', async () => {
    await page.waitForSelector('#strip[data-state=open]');
    assert.ok(await page.isDisabled('#component-stop'));
    await page.click('#component-start');
    await state(/^joined$/);
    await happened(/joinedsession \d+; page\.component is registered/);
    await page.locator('#procedures [data-name="page.component"]').waitFor();
    await router.kill();
    await state(/^waiting$/);
    await happened(/failed.*; next attempt in \d+\.\d s$/);
    await shows('#component-backoff', /^1 attempt failed; the next one in \d+\.\d s$/, page);
    // The bar moves.
    const bar = page.locator('#component-wait');
    const before = await bar.evaluate((node) => node.value);
    await page.waitForFunction((before) => document.querySelector('#component-wait').value > before, before);
    await page.click('#component-retry');
    await shows('#component-backoff', /^2 attempts failed; the next one in \d+\.\d s$/, page);
    await page.waitForSelector('#strip[data-state=failed]');
    await router.start();
    await page.click('#component-retry');
    await state(/^joined$/);
    await page.click('#join');
    await page.waitForSelector('#strip[data-state=open]');
    await page.locator('#procedures [data-name="page.component"]').waitFor();
    await page.click('#component-stop');
    await happened(/stopped/);
    await page.locator('#procedures [data-name="page.component"]').waitFor({ state: 'detached' });
    assert.ok(await page.isEnabled('#component-start'));
  });
  await page.close();
  await router.stop();
}
