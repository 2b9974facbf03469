// 100 000 calls, 10 000 subscriptions and 1 000 connections: the memory of JavaScript and of the module
// stays as it is. Run by Node with --expose-gc; the argument `ws` takes the WebSocket of that package.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { startRouter } from '../e2e/demo.mjs';

const WebSocket = process.argv[2] === 'ws' ? createRequire(import.meta.url)('ws').WebSocket : undefined;
const { connect } = await import('../../pkg/index.js');
const { default: load } = await import('../../pkg/wampwerk.js');

const { url, stop } = await startRouter('--open');
const open = () => connect({ url, realm: 'realm1', WebSocket });

/** Bytes of JavaScript and of the module, when all that can be collected is. */
async function memory() {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc();
  }
  return { heap: process.memoryUsage().heapUsed, module: (await load()).memory.buffer.byteLength };
}

/** Number of rounds after which the memory has to stay. */
const ROUNDS = 8;

/**
 * Does something to warm up, then as often as it says; the memory must stay. That of a module never shrinks, so it is
 * that of the moment at which there was most at once: a round in which it was more is followed by another.
 */
async function flat(name, warm, times, body) {
  const many = async (count) => {
    const step = 100;
    for (let done = 0; done < count; done += step) {
      await Promise.all(Array.from({ length: Math.min(step, count - done) }, (_, n) => body(done + n)));
    }
  };
  await many(warm);
  let before = await memory();
  for (let round = 1; ; round++) {
    const begin = performance.now();
    await many(times);
    const after = await memory();
    const grown = Math.round((after.heap - before.heap) / 1024);
    const module = (after.module - before.module) / 1024;
    console.log(`${name}: ${Math.round(performance.now() - begin)} ms, JavaScript ${grown} KiB, module ${module} KiB more`);
    if (grown < 1024 && module <= 256) {
      return;
    }
    assert.ok(round < ROUNDS, `${name}: ${grown} KiB more of JavaScript, ${module} KiB more of the module in round ${round}`);
    before = after;
  }
}

const session = await open();
await session.register('page.memory.echo', (args) => args[0]);
await flat('calls', 10_000, 100_000, (n) => session.call('page.memory.echo', [{ n, text: 'some text' }]));
await flat('subscriptions', 10_000, 10_000, async (n) => (await session.subscribe(`page.memory.t${n}`, () => {})).unsubscribe());
await flat('connections', 1_000, 1_000, async () => (await open()).leave());
await session.leave();
await stop();
console.log('3 passed, 0 failed');
process.exit(0);
