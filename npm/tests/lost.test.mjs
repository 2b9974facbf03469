// What is pending when the module traps, in Node.

import assert from 'node:assert/strict';
import test from 'node:test';

const { Component, connect } = await import('../../pkg/index.js');
const { default: load } = await import('../../pkg/wampwerk.js');
const { enter } = await import('../../pkg/module/port.js');

/** A WebSocket whose server never answers. */
class Silent extends EventTarget {
  static made = [];

  readyState = 0;
  isClosed = false;

  constructor() {
    super();
    Silent.made.push(this);
  }

  close() {
    this.isClosed = true;
  }
}

const where = { url: 'ws://127.0.0.1:9/', realm: 'realm1', WebSocket: Silent };
const lost = (error) => {
  assert.equal(error.name, 'WampError');
  assert.match(error.message, /^the wasm module failed, and cannot be used any more: .*out of bounds/);
  assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  return true;
};

test('a trap in the module settles every promise, and says so', async () => {
  const connecting = assert.rejects(connect(where), lost);
  const running = assert.rejects(new Component({ transports: where.url, realm: where.realm, WebSocket: Silent }).start(), lost);
  while (Silent.made.length < 2) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const exports = await load();
  enter(() => exports.commands(2 ** 31 - 64, 32));
  await Promise.all([connecting, running]);
  assert.deepEqual(Silent.made.map(({ isClosed }) => isClosed), [true, true]);
  // Nor does anything begin.
  await assert.rejects(connect(where), lost);
  assert.equal(Silent.made.length, 2);
});
