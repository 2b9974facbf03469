// Cryptobox in JavaScript, with the module, in Node: against what PyNaCl has sealed.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

// A global only from Node 20 on.
globalThis.crypto ??= webcrypto;

const { initCryptobox, Key, KeyRing } = await import('../../pkg/cryptobox.js');
const { boxOpen, boxPublicKey, boxSeal, boxSharedKey } = await import('../../pkg/wampwerk_box_bg.js');

/** Keys, and what `nacl.public.Box` makes of a text with the nonce of 0 to 23. */
const vector = JSON.parse(readFileSync(new URL('cryptobox.json', import.meta.url), 'utf8'));
const octets = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const enc = { form: 'enc', scheme: 'cryptobox', serializer: 'json' };
const message = { uri: 'com.example.add', args: [2, 3], kwargs: { by: 'a peer' } };
const unreadable = (text) => (error) => {
  assert.deepEqual([error.name, error.uri], ['WampError', 'wamp.error.encryption.decrypt_error']);
  assert.match(error.args[0], text);
  return true;
};

const caller = new KeyRing().setKey('com.', Key.originator(vector.originator, vector.responder_public));
const callee = new KeyRing().setKey('com.', Key.responder(vector.responder, vector.originator_public));

test('without its module it says what to do', async () => {
  const missing = new URL('nowhere/wampwerk_box_bg.wasm', import.meta.url);
  const refused = await initCryptobox(missing).catch((error) => error);
  assert.deepEqual([refused.name, refused.uri], ['ConnectError', 'wamp.error.unavailable']);
  assert.match(refused.message, /; if a bundler left wampwerk_box_bg\.wasm behind, .* give initCryptobox\(\) its URL or its bytes$/);
  const text = /cryptobox is not loaded: await initCryptobox\(\) before$/;
  assert.throws(() => caller.encode('com.example.add', [], {}, 'originator'), text);
});

test('the arithmetic is that of NaCl', async () => {
  await initCryptobox(readFileSync(new URL('../../pkg/wampwerk_box_bg.wasm', import.meta.url)));
  const [own, other] = [octets(vector.originator), octets(vector.responder)];
  assert.equal(base64(boxPublicKey(own)), vector.originator_public);
  assert.equal(base64(boxPublicKey(other)), vector.responder_public);
  const key = boxSharedKey(own, octets(vector.responder_public));
  assert.equal(base64(key), vector.shared);
  assert.deepEqual(boxSharedKey(other, octets(vector.originator_public)), key);
  const nonce = octets(vector.nonce);
  const sealed = boxSeal(key, nonce, new TextEncoder().encode(vector.text));
  assert.equal(base64(Buffer.concat([nonce, sealed])), vector.sealed);
  assert.equal(new TextDecoder().decode(boxOpen(key, nonce, sealed)), vector.text);
  assert.equal(boxOpen(key, nonce, new Uint8Array(15)), undefined);
  assert.throws(() => boxSeal(key.subarray(1), nonce, sealed), (thrown) => /number of octets/.test(thrown));
});

test('what others sealed is opened', () => {
  const payload = octets(vector.sealed);
  assert.deepEqual(callee.decode('com.example.add', { ...enc, payload }, 'responder'), message);
  assert.deepEqual(caller.decode('com.example.add', { ...enc, payload }, 'originator'), message);
});

test('what is sealed is opened by the other end, and by nobody else', async () => {
  const { uri, args, kwargs } = message;
  const encoded = caller.encode(uri, args, kwargs, 'originator');
  assert.deepEqual({ ...encoded, payload: undefined }, { ...enc, payload: undefined });
  assert.deepEqual(callee.decode(uri, encoded, 'responder'), message);
  assert.notDeepEqual(caller.encode(uri, args, kwargs, 'originator').payload, encoded.payload, 'each has its nonce');
  const exact = { list: [9007199254740993n, new Uint8Array([0, 255])] };
  const sealed = caller.encode(uri, [exact], {}, 'originator');
  assert.deepEqual(callee.decode(uri, sealed, 'responder').args, [exact]);

  const pair = await KeyRing.generateKey();
  const stranger = new KeyRing().setKey('', Key.shared(pair.private));
  assert.throws(() => stranger.decode(uri, encoded, 'responder'), unreadable(/another key, or changed/));
  const changed = encoded.payload.slice();
  changed[changed.length - 1] ^= 1;
  assert.throws(() => callee.decode(uri, { ...encoded, payload: changed }, 'responder'), unreadable(/another key, or changed/));
  assert.throws(() => callee.decode(uri, { ...encoded, payload: changed.subarray(0, 9) }, 'responder'), unreadable(/too short/));
  assert.throws(() => callee.decode('org.x', encoded, 'responder'), unreadable(/no key for "org\.x"/));
  assert.throws(() => callee.decode(uri, { ...encoded, scheme: 'x_own' }, 'responder'), unreadable(/encoded by "x_own"/));
  assert.throws(() => callee.decode(uri, { ...encoded, serializer: 'cbor' }, 'responder'), unreadable(/written in "cbor"/));
  assert.throws(() => callee.decode(uri, encoded, 'originator'), unreadable(/no key/), 'a callee has no key of callers');
});

test('the longest prefix counts, and what has no key is sent as it is', async () => {
  const [one, two] = await Promise.all([KeyRing.generateKey(), KeyRing.generateKey()]);
  const ring = new KeyRing();
  const known = (uri, side) => ring.encode(uri, [], {}, side) !== undefined;
  assert.equal(known('com.example', 'originator'), false);
  ring.setKey('com.example.', Key.originator(one.private, two.public));
  ring.setKey('com.example.a', Key.responder(one.private, two.public));
  ring.setKey('com.example.ab.x', Key.shared(one.private));
  for (const [uri, originator, responder] of [
    ['com', false, false],
    ['com.example.b', true, false],
    ['com.example.a', false, true],
    ['com.example.ab.w', false, true],
    ['com.example.ab.xyz', true, true],
  ]) {
    assert.deepEqual([known(uri, 'originator'), known(uri, 'responder')], [originator, responder], uri);
  }
  ring.setKey('', Key.both(one.private, two.private));
  assert.ok(known('com.f', 'responder') && known('', 'originator'));
  ring.setKey('', null);
  assert.ok(!known('com.f', 'responder'));
});

test('keys that are none are named, and not shown', () => {
  for (const [text, reason] of [
    ['c2VjcmV0', /^the originator's private key is not 32 octets in Base64: it has 6 octets$/],
    ['se-cret', /^the originator's private key is not 32 octets in Base64: .*invalid symbol$/],
    [7, /^the originator's private key cannot be 7$/],
  ]) {
    assert.throws(() => Key.originator(text, vector.responder_public), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, reason);
      return true;
    });
  }
  assert.throws(() => new Key(), TypeError);
  assert.throws(() => new KeyRing().setKey('com', 'key'), TypeError);
});
