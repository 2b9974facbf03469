// What all codecs agree on: limits, numbers, properties, and the errors.

import { DecodeError, EncodeError } from '../errors.js';
import { INVALID_PAYLOAD } from '../uris.js';

/**
 * Maximum depth of a value, which also ends cycles. The message is a list, too: peers accept 100
 * levels with it.
 */
export const MAX_DEPTH = 99;

/** As MAX_DEPTH, of received values: an answer of a router may wrap what a peer has sent. */
export const MAX_RECEIVED_DEPTH = MAX_DEPTH + 8;

/**
 * Maximum number of values in total. Shared values count as often as they occur, so that a few
 * nested objects cannot exhaust memory.
 */
export const MAX_VALUES = 1 << 22;

/** Integers up to this value (2^53) are numbers, larger ones are BigInts. */
export const MAX_NUMBER = 2 ** 53;

const Shared = typeof SharedArrayBuffer === 'function' ? SharedArrayBuffer : undefined;

/** Returns whether an integer fits into 64 bits, signed or unsigned. */
export function isLong(value) {
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

/** Returns whether an integer fits into 128 bits, signed or unsigned. */
export function isWide(value) {
  return value >= -(2n ** 127n) && value < 2n ** 128n;
}

/** Returns whether a number is sent as an integer. */
export function isInteger(value) {
  if ((value | 0) === value) {
    return value !== 0 || 1 / value > 0; // -0 is a float
  }
  return Number.isInteger(value) && Math.abs(value) <= MAX_NUMBER;
}

/** Returns whether a value is binary data. */
export function isBinary(value) {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    (Shared !== undefined && value instanceof Shared)
  );
}

/** Returns the bytes of a buffer or of a view of one. */
export function bytesOf(value) {
  if (value instanceof Uint8Array) {
    return value;
  }
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** Sets a property; `__proto__` is one like any other. */
export function put(object, key, value) {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

export function encodeError(message) {
  const text = `cannot encode: ${message}`;
  return new EncodeError(INVALID_PAYLOAD, [text], {}, text);
}

export function decodeError(message) {
  const text = `cannot decode: ${message}`;
  return new DecodeError(INVALID_PAYLOAD, [text], {}, text);
}
