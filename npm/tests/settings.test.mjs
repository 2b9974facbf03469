// The reader of transports, in Node: against tests/vectors/transports.json (which the Rust reader is
// tested against, too), and what only JavaScript has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { readConnection, readTransports } from '../js/settings.js';

const vectors = JSON.parse(readFileSync(new URL('../../tests/vectors/transports.json', import.meta.url), 'utf8'));

/** Without what is not set. */
const set = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

function refused(transports, options) {
  try {
    readTransports(transports, options);
  } catch (error) {
    return error;
  }
  throw new Error(`not refused: ${JSON.stringify(transports)}`);
}

test('transports that are accepted', () => {
  assert.ok(vectors.accepted.length >= 30);
  for (const { transport, settings } of vectors.accepted) {
    const [{ name, batched, ...read }] = readTransports(transport);
    if (settings.retry?.maxRetries === 'Infinity') {
      settings.retry.maxRetries = Infinity;
    }
    assert.deepEqual(set(read), settings);
    assert.equal(batched, false);
    assert.equal(name, settings.url.replace(/\?.*/, '?…'));
  }
});

test('transports that are refused', () => {
  const cases = [...vectors.refused, ...vectors.refused_in_browsers];
  assert.ok(cases.length >= 120);
  for (const { transport, path, text } of cases) {
    for (const [list, place] of [
      [transport, 0],
      [['ws://h/', transport], 1],
    ]) {
      const error = refused(list);
      assert.deepEqual(
        [error.name, error.uri, error.message, error.args],
        ['ConnectError', 'wamp.error.invalid_argument', `invalid transports[${place}].${path}: ${text}`, [error.message]],
      );
    }
  }
});

test('what is no transport is a TypeError', () => {
  for (const [transports, message] of [
    [[], 'transports cannot be an array'],
    [7, 'transports[0] cannot be 7'],
    [null, 'transports[0] cannot be null'],
    [['ws://h/', [7]], 'transports[1] cannot be an array'],
    [[new Set()], 'transports[0] cannot be object'],
  ]) {
    const error = refused(transports);
    assert.deepEqual([error.name, error.message], ['TypeError', message]);
  }
});

test('what JSON does not have', () => {
  const url = new URL('wss://h/ws');
  const later = () => 'ws://h/';
  const odd = new Map([['url', later], ['max_retries', 3n], ['options', new Map([['openHandshakeTimeout', 2n]])]]);
  const read = readTransports([url, { url, max_retries: undefined }, later, odd], { timeout: 700, batched: true });
  const common = { batched: true, handshakeTimeout: 700 };
  assert.deepEqual(read.map(set), [
    { url: 'wss://h/ws', name: 'wss://h/ws', ...common },
    { url: 'wss://h/ws', name: 'wss://h/ws', ...common },
    { urlFunction: later, name: 'url', ...common },
    { urlFunction: later, name: 'url', batched: true, handshakeTimeout: 2000, retry: { maxRetries: 3 } },
  ]);
  assert.match(refused({ url: later, proxy: {} }).message, /^invalid transports\[0\]\.proxy: the browser decides this/);
  assert.equal(refused({ url: [() => 'x'] }).message, 'invalid transports[0].url: it must be a string, not list');
  assert.equal(refused({ url, headers: { a: () => 1 } }).message, 'invalid transports[0].headers.a: it must be a string, not function');
  for (const growth of [NaN, Infinity]) {
    assert.match(refused({ url, retry_delay_growth: growth }).message, /it must be 1 to 1000$/);
  }
  assert.match(refused({ url, max_retries: Infinity }).message, /max_retries: it must be an integer, not float$/);
  assert.match(refused(JSON.parse('{"url": "ws://h/", "__proto__": 1}')).message, /transports\[0\]\.__proto__: unknown key/);
});

test('secrets are not in a text', () => {
  for (const url of ['ws://joe:s3cret@h/', 'ws://h/ x?s3cret', 's3cret@x y://h/', 'ws://joe:s3/cret@h/', 'rs://h/?s3cret', 'ws://h:0/#s3cret']) {
    assert.ok(!/s3|cret/.test(refused(url).message), refused(url).message);
    assert.throws(() => readConnection({ url }), (error) => !/s3|cret/.test(error.message));
  }
});

test('a single connection', () => {
  const read = (options) => set(readConnection(options));
  const url = 'ws://h/ws?key=1';
  assert.deepEqual(read({ url }), { url, name: 'ws://h/ws?…', batched: false });
  const options = { url: new URL('ws://h'), serializers: ['json'], timeout: 300, batched: true };
  const { timeout: handshakeTimeout, ...others } = options;
  assert.deepEqual(read(options), { ...others, url: 'ws://h/', name: 'ws://h/', handshakeTimeout });
  for (const [wrong, text] of [
    [{ url: 'http://h/' }, 'invalid URL "http://h/": the scheme "http" is neither ws nor wss; write ws://'],
    [{ url: 'ws://joe@h/?a' }, 'invalid URL "ws://…@h/?…": a user name in the URL is not supported'],
    [{ url, serializers: [] }, 'invalid serializers: at least one is needed'],
    [{ url, serializers: ['json', 'yaml'] }, 'invalid serializers[1]: unknown serializer; known are cbor, msgpack, json'],
  ]) {
    assert.throws(() => readConnection(wrong), { name: 'ConnectError', uri: 'wamp.error.invalid_argument', message: text });
  }
});
