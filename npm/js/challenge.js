// Reading what a router sends while it authenticates a client, and the encodings of it.

import { isSet, kindOf } from './reading.js';

const EXTRA = 'CHALLENGE.Extra';

/** Returns the text of a required key. */
export function text(dict, key, place = EXTRA) {
  const value = optionalText(dict, key, place);
  if (value === undefined) {
    throw new Error(`${place}.${key} is missing`);
  }
  return value;
}

/** Returns the text of a key, or undefined if the key is missing or null. */
export function optionalText(dict, key, place = EXTRA) {
  const value = own(dict, key);
  if (!isSet(value)) {
    return undefined;
  }
  if (typeof value !== 'string') {
    throw new Error(`${place}.${key} must be a string, not ${kindOf(value)}`);
  }
  return value;
}

/** Returns the number of a key, or undefined if the key is missing or null. */
export function optionalNumber(dict, key, place = EXTRA) {
  const value = own(dict, key);
  if (!isSet(value)) {
    return undefined;
  }
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new Error(`${place}.${key} must be an integer from 0 to 2^32 - 1`);
  }
  return value;
}

/** Returns a property that the router has sent, and never one of all objects. */
export function own(dict, key) {
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}

export function hex(octets) {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** Decodes hexadecimal digits of so many octets. `name` appears in the error text. */
export function fromHex(name, digits, count) {
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) {
    throw new Error(`${name} is not valid hexadecimal`);
  }
  const octets = Uint8Array.from(digits.match(/../g) ?? [], (octet) => parseInt(octet, 16));
  if (octets.length !== count) {
    throw new Error(`${name} has ${octets.length} octets, not ${count}`);
  }
  return octets;
}

export function base64(octets) {
  return btoa(String.fromCharCode(...octets));
}

/** Decodes Base64 with or without padding. `name` appears in the error text. */
export function fromBase64(name, given) {
  const digits = given.replace(/=+$/, '');
  const refused = (reason) => new Error(`${name} is not valid Base64: ${reason}`);
  if (digits.length % 4 === 1) {
    throw refused('invalid length');
  }
  if (/[^A-Za-z0-9+/]/.test(digits)) {
    throw refused('invalid symbol');
  }
  const decoded = atob(digits);
  if (btoa(decoded).replace(/=+$/, '') !== digits) {
    throw refused('non-zero trailing bits');
  }
  return Uint8Array.from(decoded, (char) => char.charCodeAt(0));
}

/** Returns the error of a method that is bound to the connection. */
export function unbound() {
  return new Error('the transport has no TLS connection to bind to (tls-exporter)');
}

/** Compares in a time that depends on the lengths only. */
export function isEqual(one, other) {
  let differences = one.length ^ other.length;
  for (let place = 0; place < other.length; place++) {
    differences |= one[place] ^ other[place];
  }
  return differences === 0;
}
