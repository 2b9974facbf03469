// wampy as a client of the router at URL (first argument) with a serializer (second): calls, errors, progress and
// events between two sessions of it. Prints one line for each check, and ends with 1 at the first that fails.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';

const [url, name] = process.argv.slice(2);
const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

async function join() {
  const serializer = new serializers[name]();
  const session = new Wampy(url, { realm: 'realm1', ws: WebSocket, serializer, autoReconnect: false });
  await session.connect();
  return session;
}

/** A promise and its settling. */
function later() {
  const it = {};
  it.done = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}

const [callee, caller] = [await join(), await join()];

await callee.register('com.example.add', ({ argsList: [a, b], argsDict }) => ({
  argsList: [a + b],
  argsDict: { given: argsDict ?? null },
}));
const sum = await caller.call('com.example.add', [2, 3]);
assert.equal(sum.argsList[0], 5);
const named = await caller.call('com.example.add', { argsList: [2, 3], argsDict: { unit: 'm' } });
assert.equal(named.argsDict.given.unit, 'm');
console.log('calls');

await callee.register('com.example.fail', () => {
  throw Object.assign(new Error('failed'), { error: 'com.example.error.wrong', argsList: [7] });
});
await assert.rejects(caller.call('com.example.fail'), (error) => {
  assert.equal(error.errorUri, 'com.example.error.wrong');
  return true;
});
await assert.rejects(caller.call('com.example.missing'), (error) => {
  assert.equal(error.errorUri, 'wamp.error.no_such_procedure');
  return true;
});
console.log('errors');

// A callee of wampy sends results that nobody asked for: it does not announce them, and they do not matter.
await callee.register('com.example.count', async ({ argsList: [n], result_handler: send }) => {
  for (let i = 1; i < n; i += 1) send({ argsList: [i], options: { progress: true } });
  return { argsList: [n] };
});
assert.equal((await caller.call('com.example.count', [3])).argsList[0], 3);
// The other one is a session of ours.
const parts = [];
const last = await caller.call('com.example.ours.count', [3], {
  progress_callback: ({ argsList: [part] }) => parts.push(part),
});
assert.deepEqual([...parts, last.argsList[0]], [1, 2, 3]);
console.log('progress');

const event = later();
await callee.subscribe('com.example.topic', event.resolve);
await caller.publish('com.example.topic', { argsList: ['é', [1.5, null]], argsDict: { k: true } });
const { argsList, argsDict } = await event.done;
assert.deepEqual([argsList, argsDict], [['é', [1.5, null]], { k: true }]);
const bare = later();
await callee.subscribe('com.example.bare', bare.resolve);
await caller.publish('com.example.bare');
await bare.done;
console.log('events');

await callee.unsubscribe('com.example.topic');
await callee.unregister('com.example.add');
await assert.rejects(caller.call('com.example.add', [1, 2]));
await Promise.all([callee.disconnect(), caller.disconnect()]);
console.log('done');
