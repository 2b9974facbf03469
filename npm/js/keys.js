// Private keys of cryptosign in all forms: octets, hexadecimal digits, OpenSSH keys, and the key files
// of Autobahn and Crossbar. Errors show nothing of a key.

import { base64, fromBase64, fromHex, hex, isEqual } from './challenge.js';
import { computeNow } from './loading-auth.js';
import { quoted } from './reading.js';

/** Maximum size of a key file, in octets. */
const MAX_FILE = 64 * 1024;

const [BEGIN, END] = ['-----BEGIN OPENSSH PRIVATE KEY-----', '-----END OPENSSH PRIVATE KEY-----'];
const MAGIC = 'openssh-key-v1\0';
const [PRIVATE, PUBLIC] = ['private-key-ed25519', 'public-key-ed25519'];

/**
 * Returns the 32 octets of a private key. A text contains hexadecimal digits or an OpenSSH key, and
 * octets are the content of a key file in any form.
 *
 * @throws {Error} if it is no private key, or a damaged one
 */
export function privateKey(given) {
  if (typeof given !== 'string') {
    return keyOfFile(given);
  }
  return given.trimStart().startsWith('-----BEGIN') ? keyOfOpenSsh(given) : keyOfHex(given);
}

function keyOfFile(octets) {
  if (octets.length === 32) {
    // The probability that random octets are text is 1 in 2^43.
    if (octets.every((octet) => (octet > 32 && octet < 127) || [9, 10, 12, 13, 32].includes(octet))) {
      throw new Error(
        'not a private key: its 32 octets are text, not random; a key of hexadecimal digits has 64',
      );
    }
    return octets.slice();
  }
  if (octets.length > MAX_FILE) {
    throw new Error(`a key file of ${octets.length} octets is longer than ${MAX_FILE}`);
  }
  const text = decoded(octets);
  const trimmed = text?.trim() ?? '';
  if (trimmed.startsWith('-----BEGIN ')) {
    return keyOfOpenSsh(trimmed);
  }
  if (trimmed.startsWith('ssh-')) {
    throw new Error('this is an OpenSSH public key; the private key is required');
  }
  if (trimmed.includes('-key-ed25519')) {
    return keyOfKeyFile(text);
  }
  if (/^[0-9a-f]+$/i.test(trimmed)) {
    return keyOfHex(trimmed);
  }
  throw new Error(
    'not a private key: neither 32 octets, nor 64 hexadecimal digits, nor an OpenSSH key, nor a key file',
  );
}

function decoded(octets) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

function keyOfHex(text) {
  return fromHex('the private key', text.trim(), 32);
}

/** Comments up to the first empty line, then lines of `tag: value`. */
function keyOfKeyFile(text) {
  const tags = new Map();
  let isComment = true;
  for (const [index, line] of text.split('\n').entries()) {
    isComment &&= line.trim() !== '';
    if (isComment || line.trim() === '') {
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 0) {
      // The line is not shown: it may contain a key.
      throw new Error(`line ${index + 1} of the key file has no colon`);
    }
    const tag = line.slice(0, colon).trim().toLowerCase();
    if ([PRIVATE, PUBLIC].includes(tag)) {
      if (tags.has(tag)) {
        throw new Error(`line ${index + 1} of the key file repeats ${tag}`);
      }
      tags.set(tag, line.slice(colon + 1).trim());
    }
  }
  if (!tags.has(PRIVATE)) {
    const what = tags.has(PUBLIC) ? 'has a public key only' : 'has no such tag after its first empty line';
    throw new Error(`${PRIVATE}: the key file ${what}`);
  }
  const seed = fromHex(PRIVATE, tags.get(PRIVATE), 32);
  if (tags.has(PUBLIC) && !isEqual(fromHex(PUBLIC, tags.get(PUBLIC), 32), publicOf(seed))) {
    throw new Error(`${PUBLIC} does not match ${PRIVATE}`);
  }
  return seed;
}

/** PROTOCOL.key of OpenSSH: a Base64 text between two marker lines. */
function keyOfOpenSsh(given) {
  const text = given.trim();
  if (text.length > MAX_FILE) {
    throw damaged(`it is longer than ${MAX_FILE} octets`);
  }
  if (!text.startsWith(BEGIN)) {
    throw damaged(`it does not begin with ${BEGIN}`);
  }
  if (!text.slice(BEGIN.length).endsWith(END)) {
    throw damaged(`it does not end with ${END}`);
  }
  const digits = text.slice(BEGIN.length, -END.length).replace(/[ \t\n\f\r]/g, '');
  let blob;
  try {
    blob = fromBase64('', digits);
  } catch {
    throw damaged('it is not valid Base64');
  }
  if (base64(blob) !== digits) {
    throw damaged('it is not valid Base64');
  }
  return keyOfBlob(blob);
}

function keyOfBlob(blob) {
  if (latin(blob.subarray(0, MAGIC.length)) !== MAGIC) {
    throw damaged('it is not in the format openssh-key-v1');
  }
  const outer = new Reader(blob.subarray(MAGIC.length));
  const [cipher, kdf] = [outer.string('the cipher'), outer.string('the key derivation')].map(latin);
  outer.string('the options of the key derivation');
  if (cipher !== 'none' || kdf !== 'none') {
    throw damaged('it is encrypted with a passphrase; `ssh-keygen -p -N ""` writes it without one');
  }
  const count = outer.number('the number of keys');
  if (count !== 1) {
    throw damaged(`it holds ${count} keys, not one`);
  }
  outer.string('the public key');
  const inner = new Reader(outer.string('the private key'));
  if (outer.rest.length > 0) {
    throw damaged(`${outer.rest.length} octets follow the private key`);
  }
  // Two equal numbers; a wrong passphrase makes them differ.
  if (inner.number('the check') !== inner.number('the check')) {
    throw damaged('its check numbers differ');
  }
  const kind = inner.string('the type of the key');
  if (latin(kind) !== 'ssh-ed25519') {
    const shown = [...new TextDecoder().decode(kind)].slice(0, 40).join('');
    throw damaged(`it is of type ${quoted(shown)}, not ssh-ed25519`);
  }
  const [publicKey, privateHalf] = [inner.string('the public half'), inner.string('the private half')];
  inner.string('the comment');
  // Padding of 1, 2, 3 and so on, up to the block size of the cipher.
  if (inner.rest.length > 255 || inner.rest.some((octet, index) => octet !== index + 1)) {
    throw damaged('its padding is wrong');
  }
  if (privateHalf.length < 32) {
    throw damaged('its private half is too short');
  }
  const seed = privateHalf.slice(0, 32);
  const expected = publicOf(seed);
  if (!isEqual(publicKey, expected) || !isEqual(privateHalf.subarray(32), expected)) {
    throw damaged('its public half is that of another key');
  }
  return seed;
}

/** Strings have a length prefix of four octets. */
class Reader {
  constructor(octets) {
    this.rest = octets;
  }

  take(count, name) {
    if (count > this.rest.length) {
      throw damaged(`it is cut off in ${name}`);
    }
    const head = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return head;
  }

  number(name) {
    return parseInt(hex(this.take(4, name)), 16);
  }

  string(name) {
    return this.take(this.number(name), name);
  }
}

function latin(octets) {
  return String.fromCharCode(...octets);
}

function publicOf(seed) {
  return computeNow(({ cryptosignPublicKey }) => cryptosignPublicKey(seed));
}

function damaged(what) {
  return new Error(`the OpenSSH key cannot be read: ${what}`);
}
