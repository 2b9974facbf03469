// WebSocket of real browsers against our server: permessage-deflate with 1 000 messages of random sizes, and closing.
//
//     node tests/e2e/websocket.mjs
//
// Needs the example `conformance`, an echo server. Firefox runs where it is installed; with CI set it has to be.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

import { root, within } from './demo.mjs';
import { startFirefox } from './firefox.mjs';

const LIMIT = 120_000;
const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

/** Runs in the page, so it uses nothing of this file. */
async function exchange({ url, seed, count }) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  // Half of the octets repeat, so that there is something to compress and something that cannot be.
  const binary = () => {
    const octets = new Uint8Array(Math.floor(random() ** 4 * 30_000));
    return octets.map((_, at) => (at % 64 < 32 ? at : random() * 256)).buffer;
  };
  const text = () => {
    const words = ['wamp', 'été', '日本語', '🦀', '{"id":', 'session', ' '];
    const length = Math.floor(random() ** 4 * 3_000);
    return Array.from({ length }, () => words[Math.floor(random() * words.length)]).join('');
  };
  const hash = (message) => {
    const isText = typeof message === 'string';
    const octets = isText ? new TextEncoder().encode(message) : new Uint8Array(message);
    return octets.reduce((sum, octet) => Math.imul(sum ^ octet, 16777619) >>> 0, isText ? 2166136261 : 1);
  };

  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const sent = [];
  const outcome = { extensions: '', received: 0, wrong: [] };
  const send = () => {
    const message = sent.length % 2 ? text() : binary();
    sent.push(hash(message));
    socket.send(message);
  };
  let done;
  const closed = new Promise((resolve) => (done = resolve));
  socket.onopen = () => {
    outcome.extensions = socket.extensions;
    for (let number = 0; number < Math.min(16, count); number++) {
      send();
    }
  };
  socket.onmessage = ({ data }) => {
    if (hash(data) !== sent[outcome.received]) {
      outcome.wrong.push(outcome.received);
    }
    outcome.received++;
    if (sent.length < count) {
      send();
    } else if (outcome.received === count) {
      socket.close(4001, 'thät is all');
    }
  };
  socket.onclose = ({ code, reason, wasClean }) => done({ ...outcome, code, reason, wasClean });
  return closed;
}

let passed = 0;
let failed = 0;

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

async function exchanges(evaluate, url) {
  const { extensions, ...outcome } = await evaluate(exchange, { url, seed: 1, count: 1000 });
  assert.match(extensions, /^permessage-deflate/);
  // Our server answers a Close frame with its code alone.
  assert.deepEqual(outcome, { received: 1000, wrong: [], code: 4001, reason: '', wasClean: true });
}

const program = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'debug/examples/conformance');
const server = spawn(program, ['server'], { stdio: ['pipe', 'pipe', 'inherit'] });
const url = await new Promise((resolve, reject) => {
  createInterface({ input: server.stdout }).once('line', resolve);
  server.once('error', reject);
  server.once('exit', () => reject(new Error('the server does not start')));
});

await test('Chromium exchanges compressed messages', async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });
  try {
    const page = await browser.newPage();
    await exchanges((body, argument) => page.evaluate(body, argument), url);
  } finally {
    await browser.close();
  }
});

let ignored = 0;
if (existsSync(FIREFOX) || process.env.CI) {
  await test('Firefox exchanges compressed messages', async () => {
    const firefox = await startFirefox(FIREFOX);
    try {
      await exchanges(firefox.evaluate, url);
    } finally {
      await firefox.close();
    }
  });
} else {
  ignored++;
  console.log(`ignored Firefox exchanges compressed messages: no ${FIREFOX}; run tools/setup browser`);
}

server.kill();
console.log(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed; ${ignored} ignored`);
process.exit(failed ? 1 : 0);
