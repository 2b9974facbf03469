// Computations of authentication for the user's `onchallenge`, with the names of Autobahn|JS. The
// module is loaded before `onchallenge` is called, and by `initAuth()`.

import { isObject, need } from './check.js';
import { WampError } from './errors.js';
import { authNow, computeNow } from './loading-auth.js';
import { INVALID_ARGUMENT } from './uris.js';

export const auth_cra = Object.freeze({
  sign(key, challenge) {
    need('challenge', challenge, typeof challenge === 'string');
    const octets = octetsOf('key', key);
    return computed(() => computeNow(({ wampcraSign }) => wampcraSign(octets, challenge)));
  },

  derive_key(secret, salt, iterations = 1000, keylen = 32) {
    need('salt', salt, typeof salt === 'string');
    needCount('iterations', iterations);
    needCount('keylen', keylen);
    const octets = octetsOf('secret', secret);
    const derive = ({ wampcraDeriveKey }) => wampcraDeriveKey(octets, salt, iterations, keylen);
    return computed(() => new TextDecoder().decode(computeNow(derive)));
  },
});

export const auth_cryptosign = Object.freeze({
  public_key(seed) {
    const octets = octetsOf('seed', seed);
    return computed(({ privateKey, publicKeyOf }) => publicKeyOf(privateKey(octets)));
  },

  sign_challenge(seed, challenge) {
    const text = isObject(challenge) ? challenge.challenge : challenge;
    need('challenge', text, typeof text === 'string');
    const binding = isObject(challenge) ? challenge.channel_binding : undefined;
    if (binding !== undefined && binding !== null) {
      throw new TypeError('the challenge is bound to the TLS connection, which no browser tells');
    }
    const octets = octetsOf('seed', seed);
    return computed(({ privateKey, signed }) => signed(privateKey(octets), text));
  },
});

function computed(run) {
  const module = authNow();
  try {
    return run(module);
  } catch (cause) {
    throw new WampError(INVALID_ARGUMENT, [cause.message], {}, cause.message, { cause });
  }
}

function octetsOf(what, value) {
  need(what, value, typeof value === 'string' || value instanceof Uint8Array);
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}

function needCount(what, value) {
  need(what, value, Number.isInteger(value) && value > 0 && value < 2 ** 32);
}
