// CPU time per operation of our package, Autobahn|JS and wampy, in headless Chromium and in Node, over
// one router; and what each of them weighs. Interleaved rounds; the table shows medians.
//
//     node bench.mjs [--rounds N] [--clients LABEL,LABEL…] [--package FOLDER] [--url ROUTER] [--in page|node]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

import { root, startRouter } from '../../tests/e2e/demo.mjs';
import { scripts, sizes } from './bundle.mjs';
import { startPeer } from './peer.mjs';
import { scenarios } from './scenarios.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    clients: { type: 'string' },
    package: { type: 'string', default: path.join(root, 'pkg') },
    url: { type: 'string' },
    in: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const folder = path.resolve(options.package);

const names = ['wampwerk', 'autobahn', 'wampy'];
const serializers = ['json', 'cbor', 'msgpack'];
const clients = names
  .flatMap((name) => serializers.map((serializer) => ({ name, serializer, label: `${name} ${serializer}` })))
  .filter(({ label }) => options.clients === undefined || options.clients.split(',').includes(label));

// the page's side

async function serve() {
  const own = await scripts();
  const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = pathname.slice(1);
    response.setHeader('content-type', types[path.extname(name)] ?? 'text/plain');
    if (name === 'blank.html') {
      response.end('<!doctype html><title>bench</title><script type=module src=/page.js></script>');
    } else if (Object.hasOwn(own, name)) {
      response.end(own[name]);
    } else if (name.startsWith('pkg/') && !name.includes('..')) {
      response.end(readFileSync(path.join(folder, name.slice('pkg/'.length))));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function inPages(url) {
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });

  async function open({ name, serializer }) {
    // A context of its own has a process of its own.
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(`${origin}/blank.html`);
    await page.waitForFunction(() => globalThis.bench);
    await page.evaluate((given) => bench.open(...given), [`/${name}.js`, `${origin}/pkg/`, url, serializer]);
    const devtools = await page.context().newCDPSession(page);
    // CPU time of the page's thread, not the time that has passed.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name: metric }) => metric === 'TaskDuration').value * 1e6;
    };
    return async (scenario, operations) => {
      const before = await spent();
      await page.evaluate(([text, count]) => bench.run(text, count), [scenario, operations]);
      return (await spent()) - before;
    };
  }

  const end = async () => {
    await browser.close();
    server.close();
  };
  return { open, end };
}

// Node's side

function inNode(url) {
  const children = [];
  const base = `${pathToFileURL(folder)}/`;

  async function open({ name, serializer }) {
    const child = fork(path.join(here, 'node.mjs'), [name, serializer, url, base]);
    children.push(child);
    const answer = async () => {
      const died = once(child, 'exit').then(([code]) => {
        throw new Error(`${name} ended with ${code}`);
      });
      died.catch(() => {});
      return (await Promise.race([once(child, 'message'), died]))[0];
    };
    await answer();
    return async (scenario, operations) => {
      const message = answer();
      child.send({ name: scenario, operations });
      return (await message).micros;
    };
  }

  return { open, end: async () => children.forEach((child) => child.disconnect()) };
}

// measuring

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

async function measure(place) {
  const running = [];
  for (const client of clients) {
    try {
      running.push({ ...client, run: await place.open(client), found: {} });
    } catch (error) {
      console.error(`left out: ${client.label}: ${error.message}`);
    }
  }
  for (let round = -2; round < rounds; round++) {
    // Another one is the first in each round.
    const order = running.map((_, index) => running[(index + Math.max(round, 0)) % running.length]);
    for (const [name, { operations }] of Object.entries(scenarios)) {
      for (const client of order) {
        const micros = (await client.run(name, operations)) / operations;
        if (round >= 0) {
          (client.found[name] ??= []).push(micros);
        }
      }
    }
    process.stderr.write(round < 0 ? 'w' : '.');
  }
  process.stderr.write('\n');
  await place.end();
  const rows = Object.keys(scenarios).map((name) => [
    name,
    Object.fromEntries(running.map(({ label, found }) => [label, median(found[name])])),
  ]);
  return Object.fromEntries(rows);
}

function print(title, rows, format) {
  const labels = clients.map(({ label }) => label).filter((label) => Object.values(rows).some((row) => label in row));
  console.log(`\n${title}\n`);
  console.log(`| | ${labels.join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(labels.length)}`);
  for (const [name, row] of Object.entries(rows)) {
    console.log(`| ${name} | ${labels.map((label) => (label in row ? format(row[label]) : '')).join(' | ')} |`);
  }
}

/** Says of each row how we stand: our best and the one of each peer, over all serializers. */
function standing(rows) {
  for (const [name, row] of Object.entries(rows)) {
    const best = Object.fromEntries(
      names.map((client) => {
        const found = Object.entries(row).filter(([label]) => label.startsWith(client));
        return [client, found.toSorted(([, a], [, b]) => a - b)[0]];
      }),
    );
    const text = Object.values(best).map(([label, micros]) => `${label} ${micros.toFixed(0)}`).join(', ');
    const share = (peer) => (best.wampwerk[1] / best[peer][1]).toFixed(2);
    console.log(`${name}: ${text}; ours is ${share('autobahn')} of Autobahn|JS, ${share('wampy')} of wampy`);
  }
}

const weights = await sizes(folder);
console.log('Sizes, minified, gzip -9, in kB\n');
console.log('| | all in | to start with |\n| --- | ---: | ---: |');
for (const [name, { all, start = all }] of Object.entries(weights)) {
  console.log(`| ${name} | ${(all / 1000).toFixed(1)} | ${(start / 1000).toFixed(1)} |`);
}

const router = options.url === undefined ? await startRouter('--open') : { url: options.url, stop: () => {} };
const leave = await startPeer(router.url);
const results = { sizes: weights };
for (const [key, title, place] of [
  ['page', 'Chromium', inPages],
  ['node', `Node ${process.versions.node}`, inNode],
]) {
  if (options.in === undefined || options.in === key) {
    results[key] = await measure(await place(router.url));
    print(`${title}: CPU time per operation in µs, median of ${rounds}`, results[key], (micros) => micros.toFixed(0));
    console.log();
    standing(results[key]);
  }
}
leave();
await router.stop();
mkdirSync(path.join(root, 'target'), { recursive: true });
writeFileSync(path.join(root, 'target/bench-web.json'), JSON.stringify(results, undefined, 2));
process.exit();
