// Cryptobox: end-to-end encryption with NaCl boxes (X25519, XSalsa20, Poly1305), as in the Rust library and in
// Autobahn|Python. The sealed data is the JSON of a dict of `uri`, `args` and `kwargs`, after a nonce of 24 octets.

import { base64, fromBase64 } from './challenge.js';
import { isObject, key as token, need, own } from './check.js';
import * as json from './codecs/json.js';
import { textOf, WampError } from './errors.js';
import { compile, unloadable } from './compiling.js';
import { Sink } from './sink.js';
import { ENCRYPTION_DECRYPT_ERROR } from './uris.js';
import * as bindings from './wampwerk_box_bg.js';

/** Bundlers find the file by this expression. */
const FILE = {
  url: new URL('wampwerk_box_bg.wasm', import.meta.url),
  name: 'wampwerk_box_bg.wasm',
  setter: 'initCryptobox()',
};

const ALGORITHM = 'cryptobox';
const KEY_SIZE = 32;
const NONCE_SIZE = 24;

/** The loading of the module, until it has failed. */
let loading;
let isLoaded = false;

export function initCryptobox(source) {
  loading ??= start(source).catch((error) => {
    // So that the next attempt can load it again.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function start(source) {
  const module = await compile(FILE, source);
  let instance;
  try {
    instance = await WebAssembly.instantiate(module, { './wampwerk_box_bg.js': bindings });
  } catch (cause) {
    throw unloadable(FILE, source, cause);
  }
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  isLoaded = true;
}

/** Returns the functions of the module. */
function computations() {
  if (!isLoaded) {
    throw new Error('cryptobox is not loaded: await initCryptobox() before');
  }
  return bindings;
}

/** The keys of originators and responders for URIs, as far as they are known here. */
export class Key {
  #originator;
  #responder;

  constructor(given, originator, responder) {
    own(given, 'Key.originator() and the like');
    this.#originator = originator;
    this.#responder = responder;
  }

  static originator(privateKey, responderPublic) {
    const pair = [octets("the originator's private key", privateKey), octets("the responder's public key", responderPublic)];
    return new Key(token, new Box(...pair), undefined);
  }

  static responder(privateKey, originatorPublic) {
    const pair = [octets("the responder's private key", privateKey), octets("the originator's public key", originatorPublic)];
    return new Key(token, undefined, new Box(...pair));
  }

  static both(originatorPrivate, responderPrivate) {
    const originator = octets("the originator's private key", originatorPrivate);
    const responder = octets("the responder's private key", responderPrivate);
    return new Key(token, new Box(originator, undefined, responder), new Box(responder, undefined, originator));
  }

  static shared(privateKey) {
    return Key.both(privateKey, privateKey);
  }

  /** Returns the box of a side, undefined if its keys are not known. */
  on(side) {
    return side === 'originator' ? this.#originator : this.#responder;
  }
}

/** A payload codec that encrypts with a key for each part of the URI space. */
export class KeyRing {
  #keys = new Map();

  setKey(prefix, key) {
    need('prefix', prefix, typeof prefix === 'string');
    need('key', key, key === null || key === undefined || key instanceof Key);
    if (key) {
      this.#keys.set(prefix, key);
    } else {
      this.#keys.delete(prefix);
    }
    return this;
  }

  static async generateKey() {
    const secret = crypto.getRandomValues(new Uint8Array(KEY_SIZE));
    await initCryptobox();
    return { private: base64(secret), public: base64(computations().boxPublicKey(secret)) };
  }

  /** Loads what `encode()` and `decode()` need. */
  load() {
    return initCryptobox();
  }

  encode(uri, args, kwargs, side) {
    const box = this.#find(uri, side);
    if (box === undefined) {
      return undefined;
    }
    const sink = new Sink();
    json.encode({ uri, args, kwargs }, 'the payload', sink);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_SIZE));
    const sealed = computations().boxSeal(box.key, nonce, sink.written());
    const payload = new Uint8Array(NONCE_SIZE + sealed.length);
    payload.set(nonce);
    payload.set(sealed, NONCE_SIZE);
    return { payload, form: 'enc', scheme: ALGORITHM, serializer: 'json' };
  }

  decode(uri, { payload, scheme, serializer }, side) {
    if (scheme !== ALGORITHM) {
      throw unreadable(`encoded by "${scheme}", not "${ALGORITHM}"`);
    }
    if (serializer !== 'json') {
      throw unreadable(`written in "${serializer}", not json`);
    }
    const box = this.#find(uri, side);
    if (box === undefined) {
      throw unreadable(`no key for "${uri}"`);
    }
    if (payload.length < NONCE_SIZE) {
      throw unreadable('too short for a nonce');
    }
    const [nonce, sealed] = [payload.subarray(0, NONCE_SIZE), payload.subarray(NONCE_SIZE)];
    const content = computations().boxOpen(box.key, nonce, sealed);
    if (content === undefined) {
      throw unreadable('encrypted with another key, or changed on its way');
    }
    return opened(content);
  }

  /** Returns the box of the longest prefix. */
  #find(uri, side) {
    let found;
    for (const [prefix, key] of this.#keys) {
      if (uri.startsWith(prefix) && prefix.length >= (found?.length ?? 0)) {
        found = { length: prefix.length, key };
      }
    }
    return found?.key.on(side);
  }
}

/** The key that two key pairs share, computed once. */
class Box {
  #private;
  #public;
  #other;
  #shared;

  /** A private key, and a public key or the private key that it belongs to. */
  constructor(ours, theirs, theirPrivate) {
    this.#private = ours;
    this.#public = theirs;
    this.#other = theirPrivate;
  }

  get key() {
    if (this.#shared === undefined) {
      const { boxPublicKey, boxSharedKey } = computations();
      this.#shared = boxSharedKey(this.#private, this.#public ?? boxPublicKey(this.#other));
    }
    return this.#shared;
  }
}

/** A missing part equals null, and null equals empty. */
function opened(content) {
  let dict;
  try {
    dict = json.decode(content);
  } catch (error) {
    throw unreadable(textOf(error));
  }
  const args = dict?.args ?? [];
  const kwargs = dict?.kwargs ?? {};
  if (!isObject(dict) || typeof dict.uri !== 'string' || !Array.isArray(args) || !isObject(kwargs) || kwargs instanceof Uint8Array) {
    throw unreadable('not a dict of `uri`, `args` and `kwargs`');
  }
  return { uri: dict.uri, args, kwargs };
}

function octets(name, text) {
  need(name, text, typeof text === 'string');
  const invalid = (reason) => new TypeError(`${name} is not ${KEY_SIZE} octets in Base64: ${reason}`);
  let found;
  try {
    found = fromBase64('it', text);
  } catch (error) {
    // The text of the error shows nothing of the key.
    throw invalid(error.message);
  }
  if (found.length !== KEY_SIZE) {
    throw invalid(`it has ${found.length} octets`);
  }
  return found;
}

function unreadable(text) {
  return new WampError(ENCRYPTION_DECRYPT_ERROR, [text]);
}
