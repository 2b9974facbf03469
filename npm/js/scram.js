// The methods `scram` and `wamp-scram`: both ends prove that they know a password.

import { base64, fromBase64, isEqual, optionalNumber, optionalText, text, unbound } from './challenge.js';
import { compute, computeNow } from './loading-auth.js';
import { quoted } from './reading.js';

/** The dialects: that of Autobahn and Crossbar, and that of the specification. */
const [AUTOBAHN, SPEC] = ['scram', 'wamp-scram'];

/** The key of WELCOME.Details.authextra that holds the router's signature. */
const verifierKeys = { [AUTOBAHN]: 'scram_server_signature', [SPEC]: 'verifier' };

const ARGON2 = 'argon2id13';

/** Maximum length of a nonce. */
const MAX_NONCE = 1024;

/** Returns the function that begins an attempt. `methods` are the dialects that are offered. */
export function scram({ methods, authid, password, acceptWeak, isBound }) {
  return () => {
    if (isBound) {
      throw unbound();
    }
    // With 24 octets the encoded nonce is a prefix of Crossbar's nonce, which is the Base64 of both.
    const nonce = base64(crypto.getRandomValues(new Uint8Array(24)));
    return begin(methods, { authid, password, acceptWeak }, nonce);
  };
}

/** Begins an attempt with a nonce. */
export function begin(dialects, secrets, nonce) {
  const rest = new Set(dialects);
  /** The dialect of the challenge, and the router's signature that WELCOME must have. */
  let answered;
  return {
    authextra: { nonce },
    async answer(extra, dialect) {
      if (!rest.delete(dialect)) {
        throw new Error(`${quoted(dialect)} was not offered`);
      }
      const [signature, verifier] = await answer({ ...secrets, dialect, nonce }, extra);
      answered = { dialect, verifier };
      return dialect === SPEC ? { signature, extra: { nonce: extra.nonce, channel_binding: null } } : { signature };
    },
    check(details) {
      if (answered === undefined) {
        throw new Error('scram: the router sent WELCOME without proving its identity');
      }
      const key = verifierKeys[answered.dialect];
      const found = text(details.authextra ?? {}, key, 'WELCOME.Details.authextra');
      // The specification's example has RFC 5802's prefix, its text does not.
      const octets = (signature) => new TextEncoder().encode(signature.replace(/^v=/, ''));
      if (!isEqual(octets(found), octets(answered.verifier))) {
        throw new Error('the router did not prove that it knows the user: its signature is wrong');
      }
    },
  };
}

/** Resolves to the client's proof, and to the router's signature that must follow. */
async function answer({ dialect, authid, password, acceptWeak, nonce }, extra) {
  const both = text(extra, 'nonce');
  if (!isOwn(nonce, both, dialect)) {
    throw new Error('CHALLENGE.Extra.nonce does not begin with the nonce of HELLO');
  }
  if ((optionalText(extra, 'channel_binding') ?? '') !== '') {
    throw new Error('CHALLENGE.Extra.channel_binding differs from the requested one');
  }
  const isArgon2 = kdfOf(text(extra, 'kdf')) === ARGON2;
  const salt = text(extra, 'salt');
  const iterations = optionalNumber(extra, 'iterations');
  if (iterations === undefined) {
    throw new Error('CHALLENGE.Extra.iterations is missing');
  }
  const memory = optionalNumber(extra, 'memory');
  const octets = fromBase64('CHALLENGE.Extra.salt', salt);
  const message = await authMessage(dialect, authid, nonce, both, salt, iterations);
  const cost = { isArgon2, salt: octets, iterations, memory, acceptWeak };
  const { client, stored, server } = await keysOf(dialect, password, cost);
  const sign = (key) => computeNow(({ wampcraSign }) => wampcraSign(key, message));
  const mask = fromBase64('a signature', sign(stored));
  return [base64(client.map((octet, place) => octet ^ mask[place])), sign(server)];
}

/** Resolves to the keys of a password (RFC 5802, section 3). */
export async function keysOf(dialect, password, { isArgon2, salt, iterations, memory, acceptWeak }) {
  // Autobahn and Crossbar take the password as it is.
  const prepared = dialect === SPEC ? await saslprep('the password', password) : password;
  const secret = new TextEncoder().encode(prepared);
  const derive = ({ scramKeys }) => scramKeys(dialect === SPEC, isArgon2, secret, salt, iterations, memory, acceptWeak);
  const keys = await compute(derive);
  return { client: keys.slice(0, 32), stored: keys.slice(32, 64), server: keys.slice(64) };
}

/** Autobahn has another spelling. */
function kdfOf(name) {
  const kdf = name === 'argon2id-13' ? ARGON2 : name;
  if (kdf !== ARGON2 && kdf !== 'pbkdf2') {
    throw new Error(`unknown kdf ${quoted([...name].slice(0, 40).join(''))}; known are argon2id13 and pbkdf2`);
  }
  return kdf;
}

/** Returns the text that both ends sign (RFC 5802, section 3: AuthMessage). */
async function authMessage(dialect, authid, nonce, both, salt, iterations) {
  let [name, binding] = [await saslprep('the authid', authid), ''];
  if (dialect === SPEC) {
    name = name.replaceAll('=', '=3D').replaceAll(',', '=2C');
    binding = btoa('n,,');
  }
  return `n=${name},r=${nonce},r=${both},s=${salt},i=${iterations},c=${binding},r=${both}`;
}

/** Applies SASLprep, which changes no printable ASCII. */
async function saslprep(name, given) {
  if (/^[ -~]*$/.test(given)) {
    return given;
  }
  const { prepared } = await import('./saslprep.js');
  return prepared(name, given);
}

/** Returns whether a nonce starts with the client's nonce and is longer. */
function isOwn(nonce, both, dialect) {
  // Printable, without commas (RFC 5802, section 7).
  if (!/^[!-+\--~]+$/.test(both) || both.length > MAX_NONCE || both.length <= nonce.length) {
    return false;
  }
  return both.startsWith(nonce) || (dialect === AUTOBAHN && startsWithOctets(both, nonce));
}

/** Crossbar concatenates the octets of both nonces. */
function startsWithOctets(both, nonce) {
  try {
    const [all, ours] = [both, nonce].map(atob);
    return btoa(all) === both && all.length > ours.length && all.startsWith(ours);
  } catch {
    return false;
  }
}
