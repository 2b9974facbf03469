// Secrets, keys and credentials that JavaScript draws, in Node: against tests/vectors, and against each other.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

// A global only from Node 20 on.
globalThis.crypto ??= webcrypto;

const secrets = await import('../../pkg/secrets.js');
const { auth_cra, auth_cryptosign, initAuth } = await import('../../pkg/index.js');
const { proversOf } = await import('../../pkg/provers.js');
const { checkTotp, computeTotp, generateKey, generateSalt, generateSecret, generateTotpSecret, scramCredential } = secrets;

await initAuth(readFileSync(new URL('../../pkg/wampwerk_auth_bg.wasm', import.meta.url)));
const vectors = (name) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8'));
const fromHex = (digits) => new Uint8Array(Buffer.from(digits, 'hex'));

test('secrets and salts are drawn anew', () => {
  const drawn = new Set(Array.from({ length: 100 }, generateSecret));
  assert.equal(drawn.size, 100);
  for (const secret of drawn) assert.match(secret, /^[a-z2-7]{32}$/);
  const letters = new Set([...drawn].join(''));
  assert.equal(letters.size, 32, 'each letter occurs');
  const salt = generateSalt();
  assert.notEqual(generateSalt(), salt);
  assert.equal(Buffer.from(salt, 'base64').length, 16);
  assert.match(auth_cra.derive_key(generateSecret(), salt), /^[A-Za-z0-9+/]{43}=$/);
});

test('a drawn key is one that logs in', async () => {
  const { privkey, pubkey } = await generateKey();
  assert.match(privkey, /^[0-9a-f]{64}$/);
  assert.notEqual((await generateKey()).privkey, privkey);
  assert.equal(auth_cryptosign.public_key(fromHex(privkey)), pubkey);
  const [prover] = await proversOf({ cryptosign: { privkey } });
  assert.equal((await prover.begin()).authextra.pubkey, pubkey);
});

test('credentials of scram are those of the vectors', async () => {
  const { credentials, specification } = vectors('scram');
  for (const { password, salt, iterations, memory, ...keys } of credentials) {
    for (const [dialect, stored, server] of [
      ['scram', keys.stored_key, keys.server_key],
      ['wamp-scram', keys.spec_stored_key, keys.spec_server_key],
    ]) {
      const made = await scramCredential(password, { dialect, salt: fromHex(salt), iterations, memory });
      const expected = { kdf: 'argon2id-13', memory, iterations, salt, 'stored-key': stored, 'server-key': server };
      assert.deepEqual(made, expected);
    }
  }
  for (const { password, stored_key, server_key, challenge } of specification) {
    const { kdf, salt, iterations, memory } = challenge;
    const made = await scramCredential(password, {
      dialect: 'wamp-scram',
      kdf: kdf === 'pbkdf2' ? kdf : 'argon2id-13',
      salt: new Uint8Array(Buffer.from(salt, 'base64')),
      iterations,
      memory,
    });
    assert.deepEqual([made['stored-key'], made['server-key'], made.memory], [stored_key, server_key, memory]);
  }
});

test('a credential has a salt and a cost of its own', async () => {
  const [one, two] = [await scramCredential('pencil'), await scramCredential('pencil')];
  assert.deepEqual([one.kdf, one.memory, one.iterations, one.salt.length], ['argon2id-13', 65536, 3, 32]);
  assert.notEqual(one.salt, two.salt);
  assert.notEqual(one['stored-key'], two['stored-key']);
  const { kdf, iterations, ...others } = await scramCredential('pencil', { kdf: 'pbkdf2', iterations: 4096 });
  assert.deepEqual([kdf, iterations, 'memory' in others], ['pbkdf2', 4096, false]);
  for (const [password, options, error] of [
    [7, {}, TypeError],
    ['pencil', { kdf: 'bcrypt' }, TypeError],
    ['pencil', { dialect: 'other' }, TypeError],
    ['pencil', { salt: 'text' }, TypeError],
    ['pencil', { iterations: 0 }, TypeError],
    ['pencil', { kdf: 'pbkdf2', memory: 8 }, TypeError],
    ['pencil', { rounds: 8 }, TypeError],
    ['pencil', { iterations: 2 ** 20 }, /too many/],
    ['pencil', { kdf: 'pbkdf2', iterations: 100 }, /too weak/],
    ['a\u0007', { dialect: 'wamp-scram' }, /SASLprep/],
  ]) {
    await assert.rejects(scramCredential(password, options), error, JSON.stringify(options));
  }
});

test('one-time passwords are those of RFC 6238', async () => {
  // Its appendix B, the last six of eight digits: the secret is this text.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  for (const [time, code] of [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ]) {
    assert.equal(await computeTotp(secret, { time: time * 1000 }), code);
    assert.equal(await computeTotp(secret.toLowerCase().replace(/(.{4})/g, '$1 '), { time: time * 1000 - 30_000, offset: 1 }), code);
    for (const [shift, isGood] of [[0, true], [-30, true], [30, true], [-61, false], [61, false]]) {
      if (time + shift >= 0) assert.equal(await checkTotp(code, secret, { time: (time + shift) * 1000 }), isGood, `${time} ${shift}`);
    }
  }
  const drawn = generateTotpSecret();
  assert.match(drawn, /^[A-Z2-7]{32}$/);
  assert.equal(await checkTotp(await computeTotp(drawn), drawn), true);
  assert.equal(await checkTotp('', drawn, { time: 0 }), false);
  for (const wrong of ['', 'A', 'AB1', 'ABC', 'A0======', 7]) await assert.rejects(computeTotp(wrong), TypeError, wrong);
  await assert.rejects(computeTotp(drawn, { time: 0, offset: -1 }), TypeError);
});
