// Draws secrets, keys and salts, and computes what routers store of them: for pages and programs that
// administer users. No page needs it to log in.

import { need } from './check.js';
import { base64, hex, isEqual } from './challenge.js';
import { compute } from './loading-auth.js';
import { keysOf } from './scram.js';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Validity period of a one-time password, in milliseconds. */
const STEP = 30_000;

export function generateSecret() {
  return base32(drawn(20)).toLowerCase();
}

export function generateSalt() {
  return base64(drawn(16));
}

export async function generateKey() {
  const seed = drawn(32);
  const publicKey = await compute(({ cryptosignPublicKey }) => cryptosignPublicKey(seed));
  return { privkey: hex(seed), pubkey: hex(publicKey) };
}

export async function scramCredential(password, options = {}) {
  need('password', password, typeof password === 'string');
  const { dialect = 'scram', kdf = 'argon2id-13', salt = drawn(16), ...rest } = options;
  need('dialect', dialect, dialect === 'scram' || dialect === 'wamp-scram');
  need('kdf', kdf, kdf === 'argon2id-13' || kdf === 'pbkdf2');
  need('salt', salt, salt instanceof Uint8Array);
  const isArgon2 = kdf !== 'pbkdf2';
  const { iterations = isArgon2 ? 3 : 600_000, memory = isArgon2 ? 65_536 : undefined, ...others } = rest;
  need('an option', Object.keys(others)[0], Object.keys(others).length === 0);
  needCount('iterations', iterations);
  need('memory of pbkdf2', memory, isArgon2 || memory === undefined);
  if (isArgon2) {
    needCount('memory', memory);
  }
  // As a router's setting, which may cost less than clients accept by default.
  const cost = { isArgon2, salt, iterations, memory, acceptWeak: true };
  const { stored, server } = await keysOf(dialect, password, cost);
  return {
    kdf,
    ...(isArgon2 && { memory }),
    iterations,
    salt: hex(salt),
    'stored-key': hex(stored),
    'server-key': hex(server),
  };
}

export function generateTotpSecret() {
  return base32(drawn(20));
}

export async function computeTotp(secret, { time = Date.now(), offset = 0 } = {}) {
  need('secret', secret, typeof secret === 'string');
  need('time', time, Number.isFinite(time));
  need('offset', offset, Number.isInteger(offset));
  const step = Math.floor(time / STEP) + offset;
  need('time', step * STEP, step >= 0);
  const { subtle } = crypto;
  need('crypto.subtle, which a page has over https and on localhost only,', subtle, subtle !== undefined);
  const hmac = { name: 'HMAC', hash: 'SHA-1' };
  const key = await subtle.importKey('raw', fromBase32(secret), hmac, false, ['sign']);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const hash = new DataView(await subtle.sign('HMAC', key, counter.buffer));
  // RFC 4226, section 5.3: the last four bits are the offset of the number.
  const number = hash.getUint32(hash.getUint8(19) & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

export async function checkTotp(code, secret, { time = Date.now() } = {}) {
  const octets = (text) => new TextEncoder().encode(text);
  let isGood = false;
  for (const offset of [-1, 0, 1]) {
    // The first step has no predecessor.
    const isEarly = Math.floor(time / STEP) + offset < 0;
    const expected = isEarly ? '' : await computeTotp(secret, { time, offset });
    isGood = (expected !== '' && isEqual(octets(code), octets(expected))) || isGood;
  }
  return isGood;
}

function drawn(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

function needCount(what, value) {
  need(what, value, Number.isInteger(value) && value > 0 && value < 2 ** 32);
}

/** Encodes a multiple of five octets, which needs no padding. */
function base32(octets) {
  let text = '';
  for (let at = 0; at < octets.length; at += 5) {
    let bits = octets.subarray(at, at + 5).reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
    for (let digits = ''; ; bits >>= 5n) {
      digits = BASE32[Number(bits & 31n)] + digits;
      if (digits.length === 8) {
        text += digits;
        break;
      }
    }
  }
  return text;
}

/** Decodes a secret as people type it: with or without padding, spaces and capitals. */
function fromBase32(text) {
  const digits = [...text.toUpperCase().replace(/[ =]/g, '')].map((digit) => BASE32.indexOf(digit));
  const octets = new Uint8Array(Math.floor((digits.length * 5) / 8));
  // Odd lengths, digits that are none, and bits that would be lost.
  let [bits, count, at] = [0, 0, 0];
  for (const digit of digits) {
    [bits, count] = [((bits << 5) | digit) & 0xfff, count + 5];
    if (count >= 8) {
      count -= 8;
      octets[at++] = bits >> count;
    }
  }
  if (octets.length === 0 || digits.includes(-1) || count >= 5 || (bits & ((1 << count) - 1)) !== 0) {
    throw new TypeError('the secret of the one-time password is not valid Base32');
  }
  return octets;
}
