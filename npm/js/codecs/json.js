// JSON with WAMP's convention for binary data (a string of U+0000 and Base64) and exact integers of
// 64 bits, as in the Rust library.
//
// Nearly every value and text is plain: the page's own `JSON` writes and reads it in the same way as
// the rules do. So the first step is to find out, and the exact writer and reader (json-exact.js) are
// for the rest.

import { JsonDecoder, JsonEncoder } from './json-exact.js';
import { decodeError, isBinary, isInteger, MAX_DEPTH, MAX_VALUES } from './rules.js';

const { getPrototypeOf, keys, prototype: plainPrototype } = Object;
const { toString } = plainPrototype;

// A byte order mark is no part of JSON.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Length up to which a text is read without the decoder, which takes long to begin. */
const SHORT = 64;

/** In written JSON: a lone surrogate, or a text that starts with U+0000 (or a key; they may). */
const SUSPICIOUS = /\\ud|"\\u0000/;

/** In a short text as bytes: other characters than those of ASCII, or what may be one of the following. */
const SPECIAL = /[^\0-\x7f]|\\u|-0|\d{16}|\d[eE]/;

/** In received JSON: half of a surrogate pair, or a text that starts with U+0000. */
const ESCAPES = /\\u[dD][89a-fA-F]|"\\u0000/;

// Received numbers that `JSON.parse()` reads in another way: integers of 9 007 000 000 000 000 and
// more, -0 (an integer), and what may be an infinite float. The first pattern of a pair is quick (`\d{16}`
// takes ten times as long); the second one leaves out other numbers, and most of the texts that look
// like one.
const MANY_DIGITS = /\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d/;
const LARGE_INTEGER = /(?:^|[[,:\s-])(?:\d{17}|9(?:00[7-9]|0[1-9]\d|[1-9]\d\d)\d{12})/;
const NEGATIVE_ZERO = /-0(?![.\deE])/;
const LARGE_EXPONENT = /\d[eE]\+?\d{3}/;
const LARGE_FLOAT = /(?:^|[[,:\s-])\d+(?:\.\d+)?[eE]\+?\d{3}/;

/**
 * Appends a value to a sink. `place` is its name in error texts; `kind` is `list` or `dict` if it
 * must be one. If it throws, the sink holds a part of the value.
 */
export function encode(value, place, sink, kind) {
  const text = plainText(value, kind);
  if (text === undefined) {
    const encoder = new JsonEncoder(sink);
    encoder.whole(value, place, kind);
    sink.text(encoder.out);
  } else {
    sink.text(text);
  }
}

/** Decodes one value, which fills the bytes. Nothing of the result refers to them. */
export function decode(bytes) {
  if (bytes.length <= SHORT) {
    const text = String.fromCharCode.apply(undefined, bytes);
    if (!SPECIAL.test(text)) {
      return parsed(text);
    }
  }
  let text;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw decodeError('invalid UTF-8');
  }
  return isPlainText(text) ? parsed(text) : new JsonDecoder(text).whole();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw decodeError(`malformed JSON: ${error.message}`);
  }
}

/** Returns the text of a plain value, otherwise undefined. */
function plainText(value, kind) {
  if (kind !== undefined && !(typeof value === 'object' && value !== null && Array.isArray(value) === (kind === 'list'))) {
    return undefined;
  }
  try {
    if (walk(value, 0, MAX_VALUES) >= 0) {
      const text = JSON.stringify(value);
      return SUSPICIOUS.test(text) ? undefined : text;
    }
  } catch {
    // The page has thrown. The exact writer tells where.
  }
  return undefined;
}

/** Returns how many of `rest` values remain behind this one, or -1 if it is not plain. */
function walk(value, depth, rest) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return rest - 1;
    case 'number':
      return isPlainNumber(value) ? rest - 1 : -1;
    case 'object':
      break;
    default:
      return -1;
  }
  if (value === null) {
    return rest - 1;
  }
  if (depth === MAX_DEPTH || value.toJSON !== undefined) {
    return -1;
  }
  if (Array.isArray(value)) {
    const { length } = value;
    if (length >= rest) {
      return -1;
    }
    rest -= 1;
    for (let index = 0; index < length && rest >= 0; index++) {
      const element = value[index];
      // Within an array, undefined becomes null there, too.
      rest = element === undefined ? rest - 1 : walk(element, depth + 1, rest);
    }
    return rest;
  }
  if (toString.call(value) !== '[object Object]') {
    return -1;
  }
  const prototype = getPrototypeOf(value);
  if (prototype !== plainPrototype && prototype !== null && (isBinary(value) || value instanceof Map)) {
    return -1;
  }
  rest -= 1;
  const names = keys(value);
  for (let index = 0; index < names.length && rest >= 0; index++) {
    rest = walk(value[names[index]], depth + 1, rest);
  }
  return rest;
}

/** Returns whether `JSON.stringify()` writes a number as what it is: an integer or a float. */
function isPlainNumber(value) {
  return isInteger(value) || (Number.isFinite(value) && value % 1 !== 0);
}

function isPlainText(text) {
  return !(
    (text.includes('\\u') && ESCAPES.test(text)) ||
    (MANY_DIGITS.test(text) && LARGE_INTEGER.test(text)) ||
    (text.includes('-0') && NEGATIVE_ZERO.test(text)) ||
    (LARGE_EXPONENT.test(text) && LARGE_FLOAT.test(text))
  );
}
