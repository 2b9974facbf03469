// Computations of authentication for the user's `onchallenge`, with the names of Autobahn|JS.

import { cryptosignAnswer, cryptosignPublicKey, wampcraDeriveKey, wampcraSign } from './wampwerk.js';
import { isObject, need } from './check.js';
import { describedNow } from './errors.js';
import { isLoaded } from './loading.js';

export const auth_cra = Object.freeze({
  sign(key, challenge) {
    need('challenge', challenge, typeof challenge === 'string');
    return computed(() => wampcraSign(octets('key', key), challenge));
  },

  derive_key(secret, salt, iterations = 1000, keylen = 32) {
    need('salt', salt, typeof salt === 'string');
    needCount('iterations', iterations);
    needCount('keylen', keylen);
    return computed(() => wampcraDeriveKey(octets('secret', secret), salt, iterations, keylen));
  },
});

export const auth_cryptosign = Object.freeze({
  public_key(seed) {
    return computed(() => cryptosignPublicKey(octets('seed', seed)));
  },

  sign_challenge(seed, challenge) {
    const text = isObject(challenge) ? challenge.challenge : challenge;
    need('challenge', text, typeof text === 'string');
    const binding = isObject(challenge) ? challenge.channel_binding : undefined;
    if (binding !== undefined && binding !== null) {
      throw new TypeError('the challenge is bound to the TLS connection, which no browser tells');
    }
    return computed(() => cryptosignAnswer(octets('seed', seed), text));
  },
});

function computed(compute) {
  if (!isLoaded()) {
    throw new Error('the wasm module is not loaded yet: await init() before');
  }
  return describedNow(compute);
}

function octets(what, value) {
  need(what, value, typeof value === 'string' || value instanceof Uint8Array);
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}

function needCount(what, value) {
  need(what, value, Number.isInteger(value) && value > 0 && value < 2 ** 32);
}
