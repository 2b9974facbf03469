// The methods whose answers are computed. This file and what it imports are loaded together with the
// authentication module, whose functions are `bindings`.

import { fromHex, hex, isEqual, optionalNumber, optionalText, own, text, unbound } from './challenge.js';
import { privateKey } from './keys.js';
import { compute, computeNow } from './loading-auth.js';
import { invalid, isSet, within } from './reading.js';

export * as bindings from './wampwerk_auth_bg.js';
export { privateKey } from './keys.js';
export { begin as beginScram, scram } from './scram.js';

/** Returns the function that begins an attempt by WAMP-CRA. */
export function wampcra(secret) {
  const octets = new TextEncoder().encode(secret);
  const answer = async (extra) => {
    const challenge = text(extra, 'challenge');
    const salt = optionalText(extra, 'salt');
    if (salt === undefined) {
      return { signature: await compute(({ wampcraSign }) => wampcraSign(octets, challenge)) };
    }
    const iterations = optionalNumber(extra, 'iterations') ?? 1000;
    const keylen = optionalNumber(extra, 'keylen') ?? 32;
    const signature = await compute(({ wampcraDeriveKey, wampcraSign }) =>
      wampcraSign(wampcraDeriveKey(octets, salt, iterations, keylen), challenge),
    );
    return { signature };
  };
  return () => ({ answer });
}

/** Returns the function that begins an attempt by cryptosign. */
export function cryptosign({ key, pubkey, isBound, routerKey }) {
  const [seed, publicKey] = within('privkey', () => {
    const seed = read(() => privateKey(key));
    return [seed, read(() => publicKeyOf(seed))];
  });
  if (pubkey !== undefined && pubkey !== publicKey) {
    throw invalid('authextra.pubkey', 'it is not the public key of privkey');
  }
  const router = routerKey && within('router_key', () => read(() => fromHex('the public key', routerKey, 32)));
  return () => {
    if (isBound) {
      throw unbound();
    }
    return begin(seed, publicKey, router);
  };
}

/** Returns the public key of a private key in hexadecimal digits. */
export function publicKeyOf(seed) {
  return hex(computeNow(({ cryptosignPublicKey }) => cryptosignPublicKey(seed)));
}

/** Returns the answer to a challenge of cryptosign: the signature and the signed message. */
export function signed(seed, challenge) {
  const message = fromHex('the challenge', challenge, 32);
  const signature = computeNow(({ cryptosignSign }) => cryptosignSign(seed, message));
  return hex(signature) + hex(message);
}

/** Begins an attempt. The `router`, if it is there, must prove itself. */
function begin(seed, pubkey, router) {
  let isProved = router === undefined;
  const challenge = isProved ? undefined : crypto.getRandomValues(new Uint8Array(32));
  return {
    authextra: isProved ? { pubkey } : { pubkey, challenge: hex(challenge) },
    async answer(extra) {
      if (isSet(own(extra, 'channel_binding'))) {
        throw new Error('CHALLENGE.Extra.channel_binding differs from the requested one');
      }
      if (router !== undefined) {
        verify(router, challenge, own(extra, 'signature'));
        isProved = true;
      }
      const given = own(extra, 'challenge');
      if (typeof given !== 'string') {
        throw new Error('CHALLENGE.Extra.challenge is missing or not a string');
      }
      return { signature: signed(seed, given) };
    },
    check() {
      if (!isProved) {
        throw new Error('cryptosign: the router sent WELCOME without proving its identity');
      }
    },
  };
}

/** Checks that the router has signed the challenge. */
export function verify(router, challenge, response) {
  if (typeof response !== 'string') {
    throw new Error('the router did not prove itself: CHALLENGE.Extra.signature is missing');
  }
  try {
    const octets = fromHex('the signature', response, 96);
    const [signature, message] = [octets.subarray(0, 64), octets.subarray(64)];
    if (!isEqual(message, challenge)) {
      throw new Error('the signature is about another challenge or channel');
    }
    computeNow(({ cryptosignVerify }) => cryptosignVerify(router, message, signature));
  } catch (cause) {
    throw new Error(`the router is not who it should be: ${cause.message}`, { cause });
  }
}

/** Reads a setting: an error is about it. */
function read(run) {
  try {
    return run();
  } catch (error) {
    throw invalid('', error.message);
  }
}
