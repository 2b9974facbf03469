// Authentication in JavaScript, with the module, in Node: against tests/vectors (which the Rust code is
// tested against, too), and with routers that lie.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

// A global only from Node 20 on.
globalThis.crypto ??= webcrypto;

const { compile } = await import('../../pkg/compiling.js');
const { authNow, computeNow, initAuth, memoryOfAuth } = await import('../../pkg/loading-auth.js');
const { proversOf, proversOfNames, readAuthentication, readyFor } = await import('../../pkg/provers.js');
const { prepared } = await import('../../pkg/saslprep.js');

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8'));
const hexOf = (octets) => Buffer.from(octets).toString('hex');
const fromHex = (digits) => new Uint8Array(Buffer.from(digits, 'hex'));

async function proverOf(method, settings) {
  const [prover, ...others] = await proversOf({ [method]: settings });
  assert.equal(others.length, 0);
  assert.deepEqual([prover.method, prover.methods[0]], [method, method]);
  return prover;
}

// These come first: nothing has loaded the module yet.
test('methods that compute nothing do not load the module', async () => {
  const authentication = { ticket: { ticket: 'secret!!!' }, anonymous: null, cookie: {}, tls: {} };
  const [ticket, anonymous] = await proversOf(authentication);
  assert.deepEqual(await ticket.begin().answer({}, 'ticket'), { signature: 'secret!!!' });
  await assert.rejects(anonymous.begin().answer({}, 'anonymous'), { message: '"anonymous" has no answer to a challenge' });
  const [asked] = proversOfNames(['ticket', 'custom'], async (method) => ({ signature: method }));
  assert.deepEqual(await asked.begin().answer({}, 'custom'), { signature: 'custom' });
  // Its settings can be read.
  readAuthentication({ wampcra: { authid: 'joe', secret: 'secret2' } });
  assert.throws(authNow, { message: 'the authentication module is not loaded: await initAuth() before' });
});

test('a module that cannot be loaded says from where, and what to do', async () => {
  const wampcra = { wampcra: { authid: 'joe', secret: 'secret2' } };
  const missing = new URL('nowhere/wampwerk_auth_bg.wasm', import.meta.url);
  const text = `cannot load the wasm module from ${missing.href}: ENOENT`;
  for (const source of [missing, missing.href]) {
    const refused = await initAuth(source).catch((error) => error);
    assert.deepEqual([refused.name, refused.uri], ['ConnectError', 'wamp.error.unavailable']);
    assert.ok(refused.message.startsWith(text), refused.message);
    assert.match(refused.message, /; if a bundler left wampwerk_auth_bg\.wasm behind, .* give initAuth\(\) its URL or its bytes$/);
    assert.equal(refused.cause.code, 'ENOENT');
  }
  await assert.rejects(proversOf(wampcra), { message: /^cannot load the wasm module/ });
  // A page that computes the answer itself does not need it; who does is told the reason.
  const [asked] = proversOfNames(['wampcra'], async () => ({ signature: 'own' }));
  assert.deepEqual(await asked.begin().answer({ challenge: 'x' }, 'wampcra'), { signature: 'own' });
  assert.throws(authNow, { message: /^cannot load the wasm module/ });
  for (const [source, reason] of [
    [new TextEncoder().encode('<!doctype html>'), /from the given source: .*magic word/],
    [new Response('', { status: 404 }), /HTTP status 404/],
    [Promise.resolve(new Response('<!doctype html>')), /magic word/],
  ]) {
    await assert.rejects(initAuth(source), { name: 'ConnectError', message: reason });
  }
  const html = { status: 200, headers: { 'content-type': 'application/wasm' } };
  await assert.rejects(initAuth(new Response('', html)), { name: 'ConnectError' });
});

test('every kind of source loads', async () => {
  const bytes = readFileSync(new URL('../../pkg/wampwerk_auth_bg.wasm', import.meta.url));
  const sources = [
    bytes,
    new Uint8Array(bytes).buffer,
    new WebAssembly.Module(bytes),
    new Response(bytes),
    new Response(bytes, { headers: { 'content-type': 'application/wasm' } }),
    Promise.resolve(new Response(bytes)),
    new URL(`data:application/wasm;base64,${bytes.toString('base64')}`),
    undefined,
  ];
  const url = new URL('../../pkg/wampwerk_auth_bg.wasm', import.meta.url);
  for (const source of sources) {
    assert.ok((await compile({ url, name: 'it', setter: 'init()' }, source)) instanceof WebAssembly.Module);
  }
});

test('names that are offered', () => {
  assert.deepEqual(proversOfNames(['a', 'b']).map(({ methods }) => methods), [['a'], ['b']]);
  const [both] = proversOfNames(['a', 'b'], async () => ({ signature: '' }));
  assert.deepEqual([both.method, both.methods], ['a', ['a', 'b']]);
  const error = { name: 'ConnectError', message: 'invalid authentication: a is given twice' };
  assert.throws(() => proversOfNames(['a', 'b', 'a']), error);
});

test('dicts of the vectors', async () => {
  // This also loads the module by itself, after the failures above.
  await initAuth(new URL('../../pkg/wampwerk_auth_bg.wasm', import.meta.url));
  const { accepted, refused } = vectors('authentication');
  for (const { authentication, methods } of accepted) {
    const provers = await proversOf(authentication);
    assert.deepEqual(provers.flatMap((prover) => prover.methods), methods);
  }
  for (const { authentication, path, text } of refused) {
    const error = await proversOf(authentication).catch((error) => error);
    const whole = path === '' || path.startsWith('[') ? `authentication${path}` : `authentication.${path}`;
    assert.deepEqual(
      [error.name, error.uri, error.message, error.args],
      ['ConnectError', 'wamp.error.invalid_argument', `invalid ${whole}: ${text}`, [error.message]],
    );
  }
});

test('kinds that JSON does not have', async () => {
  const { publicKeyOf } = authNow();
  const seed = new Uint8Array(32).fill(1);
  const pubkey = publicKeyOf(seed);
  const map = new Map([['cryptosign', new Map([['privkey', seed.buffer], ['authextra', { pubkey }], ['authid', undefined]])]]);
  const [prover] = await proversOf(map);
  seed.fill(2);
  assert.deepEqual(prover.begin().authextra, { pubkey }, 'it has a copy');
  const json = { toJSON: () => ({ ticket: 'x' }) };
  assert.equal((await proverOf('ticket', json)).method, 'ticket');
  const refused = async (settings, text) => {
    await assert.rejects(proversOf({ ticket: settings }), { name: 'ConnectError', message: `invalid authentication.${text}` });
  };
  await refused({ ticket: () => 'x' }, 'ticket.ticket: it must be a string, not function');
  await refused({ ticket: Symbol('x') }, 'ticket.ticket: it must be a string, not symbol');
  await refused({ ticket: 7n }, 'ticket.ticket: it must be a string, not integer');
  await refused({ ticket: seed }, 'ticket.ticket: it must be a string, not bytes');
  await refused(new Set(), 'ticket: it must be a dict, not Set');
  await refused(Promise.resolve({}), 'ticket: it must be a dict, not Promise');
  for (const [one, other, isSame] of [
    [1, 1n, true],
    [1.5, 1.5, true],
    [new Date(0), new Date(0), true],
    [new Date(0), '1970-01-01T00:00:00.000Z', true],
    [new Uint8Array([1]), new Uint8Array([1]).buffer, true],
    [new Map([['a', 1]]), { a: 1 }, true],
    [undefined, null, true],
    [NaN, NaN, false],
    [0, -0, false],
    [[1], [1, 2], false],
    [{ a: 1 }, { b: 1 }, false],
    [new Uint8Array([1]), [1], false],
  ]) {
    const read = () => readAuthentication({ tls: { authextra: { x: one } }, cookie: { authextra: { x: other } } });
    if (isSame) {
      read();
    } else {
      assert.throws(read, { message: /authextra\.x differs from that of another method$/ });
    }
  }
  // No property of all objects, and no other prototype.
  const odd = JSON.parse('{"__proto__": {"a": 1}}');
  const { authextra } = await proverOf('tls', { authextra: odd });
  assert.deepEqual([Object.keys(authextra), Object.getPrototypeOf(authextra)], [['__proto__'], Object.prototype]);
  const wampcra = await proverOf('wampcra', { authid: 'joe', secret: 'x' });
  await assert.rejects(wampcra.begin().answer({}), { message: 'CHALLENGE.Extra.challenge is missing' });
});

test('wampcra', async () => {
  const { sign, derive } = vectors('wampcra');
  assert.ok(sign.length >= 5 && derive.length >= 2);
  for (const { secret, challenge, salt, iterations, keylen, signature } of sign) {
    const { begin } = await proverOf('wampcra', { authid: 'joe', secret });
    assert.deepEqual(await begin().answer({ challenge, salt, iterations, keylen }, 'wampcra'), { signature });
  }
  for (const { secret, salt, iterations, keylen, key } of derive) {
    const octets = new TextEncoder().encode(secret);
    const derived = computeNow(({ wampcraDeriveKey }) => wampcraDeriveKey(octets, salt, iterations, keylen));
    assert.equal(new TextDecoder().decode(derived), key);
  }
  const { begin } = await proverOf('wampcra', { authid: 'joe', secret: 'secret1' });
  const defaults = await begin().answer({ challenge: 'x', salt: 'y' });
  assert.deepEqual(defaults, await begin().answer({ challenge: 'x', salt: 'y', iterations: 1000, keylen: 32 }));
  for (const [extra, message] of [
    [{}, 'CHALLENGE.Extra.challenge is missing'],
    [{ challenge: 7 }, 'CHALLENGE.Extra.challenge must be a string, not integer'],
    [{ challenge: 'x', salt: ['y'] }, 'CHALLENGE.Extra.salt must be a string, not list'],
    [{ challenge: 'x', salt: 'y', iterations: 1.5 }, 'CHALLENGE.Extra.iterations must be an integer from 0 to 2^32 - 1'],
    [{ challenge: 'x', salt: 'y', iterations: -1 }, 'CHALLENGE.Extra.iterations must be an integer from 0 to 2^32 - 1'],
    [{ challenge: 'x', salt: 'y', keylen: 2 ** 32 }, 'CHALLENGE.Extra.keylen must be an integer from 0 to 2^32 - 1'],
    [{ challenge: 'x', salt: 'y', keylen: 0 }, 'keylen 0 is out of range (1 to 1024)'],
    [
      { challenge: 'x', salt: 'y', iterations: 2e6 },
      '2000000 iterations for 32 octets are out of range (1 to 1000000 rounds)',
    ],
  ]) {
    await assert.rejects(begin().answer(extra), { message });
  }
});

test('private keys of the vectors', () => {
  const { privateKey, publicKeyOf } = authNow();
  const { public_key, accepted, refused } = vectors('keys');
  const octetsOf = ({ file, octets }) => (file === undefined ? fromHex(octets) : new TextEncoder().encode(file));
  for (const key of accepted) {
    assert.equal(publicKeyOf(privateKey(octetsOf(key))), public_key);
  }
  for (const key of refused) {
    assert.throws(() => privateKey(octetsOf(key)), { message: key.text });
  }
  assert.throws(() => privateKey(new Uint8Array(100_000).fill(97)), { message: /longer than 65536$/ });
});

test('an OpenSSH key that is cut off anywhere is refused', () => {
  const { privateKey } = authNow();
  const { file } = vectors('keys').accepted[2];
  const [begin, ...lines] = file.trim().split('\n');
  const end = lines.pop();
  const blob = Buffer.from(lines.join(''), 'base64');
  for (let length = 0; length < blob.length; length++) {
    const text = `${begin}\n${blob.subarray(0, length).toString('base64')}\n${end}`;
    assert.throws(() => privateKey(text), { message: /^the OpenSSH key cannot be read: it is / });
  }
});

test('cryptosign', async () => {
  const { sign: signed, accepted, refused } = vectors('cryptosign');
  assert.ok(signed.length >= 6 && accepted.length >= 7 && refused.length >= 5);
  const { verify } = authNow();
  for (const { private_key, public_key, channel_id, message, response } of signed) {
    const prover = await proverOf('cryptosign', { privkey: private_key });
    const attempt = prover.begin();
    assert.deepEqual(attempt.authextra, { pubkey: public_key });
    // A page knows no channel: the message stands for the challenge.
    const extra = { challenge: message, channel_binding: null };
    assert.deepEqual(await attempt.answer(extra, 'cryptosign'), { signature: response }, channel_id);
    attempt.check({});
  }
  for (const { public_key, challenge, channel_id, response } of accepted.filter(({ channel_id }) => !channel_id)) {
    verify(fromHex(public_key), fromHex(challenge), response, channel_id);
  }
  for (const { public_key, challenge, channel_id, response } of refused.filter(({ channel_id }) => !channel_id)) {
    assert.throws(() => verify(fromHex(public_key), fromHex(challenge), response), `${channel_id}`);
  }
  const { begin } = await proverOf('cryptosign-proxy', { privkey: '01'.repeat(32) });
  for (const [extra, message] of [
    [{}, 'CHALLENGE.Extra.challenge is missing or not a string'],
    [{ challenge: 7 }, 'CHALLENGE.Extra.challenge is missing or not a string'],
    [{ challenge: 'zz' }, 'the challenge is not valid hexadecimal'],
    [{ challenge: 'ff' }, 'the challenge has 1 octets, not 32'],
    [{ challenge: 'ff'.repeat(32), channel_binding: 'tls-exporter' }, 'CHALLENGE.Extra.channel_binding differs from the requested one'],
  ]) {
    await assert.rejects(begin().answer(extra), { message });
  }
  const bound = { privkey: '01'.repeat(32), authextra: { channel_binding: 'tls-exporter' } };
  const unusable = await proverOf('cryptosign', bound);
  assert.throws(unusable.begin, { message: 'the transport has no TLS connection to bind to (tls-exporter)' });
});

test('a router must prove itself by its key', async () => {
  const { publicKeyOf } = authNow();
  const seed = new Uint8Array(32).fill(7);
  // The DER form of an Ed25519 key (RFC 8410).
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const response = (challenge) => hexOf(sign(null, Buffer.from(challenge, 'hex'), key)) + challenge;
  const prover = await proverOf('cryptosign', { privkey: '01'.repeat(32), router_key: publicKeyOf(seed) });
  const attempt = prover.begin();
  const { challenge } = attempt.authextra;
  assert.match(challenge, /^[0-9a-f]{64}$/);
  assert.notEqual(prover.begin().authextra.challenge, challenge, 'each attempt has another one');
  const unproved = { message: 'cryptosign: the router sent WELCOME without proving its identity' };
  assert.throws(() => attempt.check({}), unproved);
  const extra = { challenge: 'ff'.repeat(32) };
  const good = response(challenge);
  for (const [signature, message] of [
    [undefined, 'the router did not prove itself: CHALLENGE.Extra.signature is missing'],
    ['zz', 'the router is not who it should be: the signature is not valid hexadecimal'],
    ['ff', 'the router is not who it should be: the signature has 1 octets, not 96'],
    [response('ab'.repeat(32)), 'the router is not who it should be: the signature is about another challenge or channel'],
    [good.replace(/^../, (octet) => (octet === '00' ? '01' : '00')), 'the router is not who it should be: the signature is wrong'],
  ]) {
    await assert.rejects(attempt.answer({ ...extra, signature }), { message });
    assert.throws(() => attempt.check({}), unproved);
  }
  const { signature } = await attempt.answer({ ...extra, signature: good });
  assert.equal(signature.slice(128), extra.challenge);
  attempt.check({});
});

test('scram', async () => {
  const { specification, autobahn } = vectors('scram');
  assert.ok(specification.length >= 5 && autobahn.length >= 1);
  const { beginScram } = authNow();
  const cases = [
    ...specification.filter(({ channel_binding }) => !channel_binding).map((one) => ['wamp-scram', one]),
    ...autobahn.map((one) => ['scram', one]),
  ];
  for (const [dialect, { authid, password, client_nonce, challenge, signature, verifier }] of cases) {
    const attempt = beginScram(['scram', 'wamp-scram'], { authid, password, acceptWeak: false }, client_nonce);
    assert.deepEqual(attempt.authextra, { nonce: client_nonce });
    const isSpec = dialect === 'wamp-scram';
    // The nonce of Autobahn's example is in hexadecimal digits, and none of its client.
    const begins = challenge.nonce.startsWith(client_nonce);
    if (!begins) {
      await assert.rejects(attempt.answer(challenge, dialect), { message: /does not begin with the nonce of HELLO$/ });
      continue;
    }
    const answer = await attempt.answer(challenge, dialect);
    const extra = isSpec ? { nonce: challenge.nonce, channel_binding: null } : undefined;
    assert.deepEqual([answer.signature, answer.extra], [signature, extra]);
    const key = isSpec ? 'verifier' : 'scram_server_signature';
    attempt.check({ authextra: { [key]: verifier } });
    attempt.check({ authextra: { [key]: `v=${verifier}` } });
    const wrong = { message: 'the router did not prove that it knows the user: its signature is wrong' };
    for (const other of [signature, `${verifier}=`, verifier.slice(1), '']) {
      assert.throws(() => attempt.check({ authextra: { [key]: other } }), wrong);
    }
    assert.throws(() => attempt.check({}), { message: `WELCOME.Details.authextra.${key} is missing` });
    await assert.rejects(attempt.answer(challenge, dialect), { message: `"${dialect}" was not offered` });
  }
});

test('the arithmetic of scram', () => {
  for (const [isSpec, list] of Object.entries({ '': vectors('scram').autobahn, spec: vectors('scram').specification })) {
    for (const { auth_message, password, challenge, signature, verifier, stored_key, server_key } of list) {
      const { kdf, salt, iterations, memory } = challenge;
      const secret = new TextEncoder().encode(prepared('it', password));
      const octets = new Uint8Array(Buffer.from(salt, 'base64'));
      const cost = [iterations, memory, true];
      const keys = computeNow(({ scramKeys }) => scramKeys(isSpec !== '', kdf !== 'pbkdf2', secret, octets, ...cost));
      const [client, stored, server] = [0, 32, 64].map((at) => keys.subarray(at, at + 32));
      assert.deepEqual([hexOf(stored), hexOf(server)], [stored_key, server_key]);
      const sign = (key) => Buffer.from(computeNow(({ wampcraSign }) => wampcraSign(key, auth_message)), 'base64');
      const mask = sign(stored);
      assert.equal(Buffer.from(client.map((octet, place) => octet ^ mask[place])).toString('base64'), signature);
      assert.equal(sign(server).toString('base64'), verifier);
    }
  }
});

test('challenges of scram that are not answered', async () => {
  const { begin } = await proverOf('wamp-scram', { authid: 'joe', password: 'pencil' });
  const base = { kdf: 'pbkdf2', salt: 'aBc+fx0NAVA=', iterations: 4096 };
  for (const [change, message] of [
    [{ nonce: undefined }, 'CHALLENGE.Extra.nonce is missing'],
    [{ nonce: 'other' }, 'CHALLENGE.Extra.nonce does not begin with the nonce of HELLO'],
    [{ more: '' }, 'CHALLENGE.Extra.nonce does not begin with the nonce of HELLO'],
    [{ more: 'a,b' }, 'CHALLENGE.Extra.nonce does not begin with the nonce of HELLO'],
    [{ more: 'é' }, 'CHALLENGE.Extra.nonce does not begin with the nonce of HELLO'],
    [{ more: 'a'.repeat(1000) }, 'CHALLENGE.Extra.nonce does not begin with the nonce of HELLO'],
    [{ channel_binding: 'tls-exporter' }, 'CHALLENGE.Extra.channel_binding differs from the requested one'],
    [{ kdf: 'bcrypt' }, 'unknown kdf "bcrypt"; known are argon2id13 and pbkdf2'],
    [{ salt: 7 }, 'CHALLENGE.Extra.salt must be a string, not integer'],
    [{ salt: 'a' }, 'CHALLENGE.Extra.salt is not valid Base64: invalid length'],
    [{ salt: 'a*bc' }, 'CHALLENGE.Extra.salt is not valid Base64: invalid symbol'],
    [{ salt: 'ab' }, 'CHALLENGE.Extra.salt is not valid Base64: non-zero trailing bits'],
    [{ salt: '' }, 'salt length of 0 octets is out of range (1 to 1024)'],
    [{ iterations: undefined }, 'CHALLENGE.Extra.iterations is missing'],
    [{ iterations: '4096' }, 'CHALLENGE.Extra.iterations must be an integer from 0 to 2^32 - 1'],
    [{ iterations: 4095 }, '4095 iterations of pbkdf2 are too weak (minimum 4096)'],
    [{ iterations: 1_000_001 }, '1000001 iterations of pbkdf2 are too many (maximum 1000000)'],
    [{ kdf: 'argon2id13' }, 'argon2id13 requires the parameter memory, in KiB'],
    [{ kdf: 'argon2id13', memory: 7 }, 'memory of 7 KiB is out of range (8 to 262144)'],
    [{ kdf: 'argon2id13', memory: 8, iterations: 1 }, '8 KiB times iterations of argon2id13 are too weak (minimum 16384)'],
  ]) {
    const attempt = begin();
    const { more = 'more', ...others } = change;
    const extra = { ...base, nonce: attempt.authextra.nonce + more, ...others };
    await assert.rejects(attempt.answer(extra, 'wamp-scram'), { message });
    assert.throws(() => attempt.check({}), { message: 'scram: the router sent WELCOME without proving its identity' });
  }
  const attempt = begin();
  const extra = { ...base, nonce: `${attempt.authextra.nonce}more` };
  await assert.rejects(attempt.answer(extra, 'scram'), { message: '"scram" was not offered' });
  for (const [settings, name] of [
    [{ authid: 'joe', password: 'bell\u0007' }, 'the password'],
    [{ authid: 'jo\u0000e', password: 'pencil' }, 'the authid'],
  ]) {
    const { begin } = await proverOf('wamp-scram', settings);
    const attempt = begin();
    const extra = { ...base, nonce: `${attempt.authextra.nonce}more` };
    const message = `${name} contains characters that SASLprep (RFC 4013) forbids`;
    await assert.rejects(attempt.answer(extra, 'wamp-scram'), { message });
  }
});

test("Crossbar's nonce is that of both in Base64", async () => {
  const { begin } = await proverOf('scram', { authid: 'joe', password: 'pencil', accept_weak: true });
  const attempt = begin();
  const ours = Buffer.from(attempt.authextra.nonce, 'base64');
  assert.equal(ours.length, 24);
  const base = { kdf: 'argon2id-13', salt: 'MTIzNDU2Nzg5MGFiY2RlZg==', iterations: 2, memory: 512 };
  const nonce = Buffer.concat([ours, Buffer.from('more')]).toString('base64');
  const { signature, extra } = await attempt.answer({ ...base, nonce }, 'scram');
  assert.match(signature, /^[A-Za-z0-9+/]{43}=$/);
  assert.equal(extra, undefined);
});

test('SASLprep of every character', () => {
  const { saslprep } = vectors('scram');
  // There are many errors.
  Error.stackTraceLimit = 0;
  const attempt = (text) => {
    try {
      return prepared('it', text);
    } catch (error) {
      assert.equal(error.message, 'it contains characters that SASLprep (RFC 4013) forbids');
      return undefined;
    }
  };
  for (const { input, expected } of saslprep) {
    assert.equal(attempt(input), expected ?? undefined);
  }
  const { unassigned, characters } = vectors('saslprep');
  // Up to the last two planes, which are for private use.
  const skipped = new Uint8Array(0xf0000).fill(1, 0xd800, 0xe000);
  for (const range of unassigned.split(' ')) {
    const [first, last] = range.split('-').map((digits) => parseInt(digits, 16));
    skipped.fill(1, first, last + 1);
    for (const code of [first, (first + last) >> 1, last]) {
      const char = String.fromCodePoint(code);
      if (char.normalize('NFKC') === char) {
        assert.equal(attempt(char), undefined, code.toString(16));
      }
    }
  }
  for (const { before, after, sha256 } of characters) {
    const hash = createHash('sha256');
    for (let code = 0; code < skipped.length; code++) {
      if (skipped[code] === 0) {
        hash.update(`${code.toString(16)}:${attempt(before + String.fromCodePoint(code) + after) ?? '-'}\n`);
      }
    }
    assert.equal(hash.digest('hex'), sha256);
  }
  assert.equal(attempt('a\ud800b'), undefined, 'half a character');
  assert.equal(attempt('\u{10fffd}'), undefined, 'private use');
  Error.stackTraceLimit = 10;
});

test('the memory of Argon2 is given back, and a lost module is replaced', async () => {
  const small = 16 << 20;
  assert.ok(memoryOfAuth() > 0 && memoryOfAuth() <= small);
  const octets = new Uint8Array(16).fill(1);
  const prove = ({ scramKeys }) => hexOf(scramKeys(true, true, octets, octets, 1, 64 * 1024, false));
  const first = computeNow(prove);
  assert.ok(memoryOfAuth() > 64 << 20);
  const signed = computeNow(({ wampcraSign }) => wampcraSign(octets, 'x'));
  assert.equal(computeNow(prove), first, 'at once, before there is another instance');
  for (let turn = 0; memoryOfAuth() > small && turn < 100; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(memoryOfAuth() <= small, `${memoryOfAuth()}`);
  assert.equal(computeNow(({ wampcraSign }) => wampcraSign(octets, 'x')), signed);
  const lost = { message: /^the authentication module failed: / };
  const trap = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  assert.throws(() => computeNow(trap), lost);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(computeNow(prove), first);
  await readyFor('scram');
});
