/** Cryptobox: end-to-end encryption with NaCl boxes, as in the Rust library and in Autobahn|Python. */

import type { WasmSource } from './index.js';
import type { EncodedPayload, PayloadCodec, PayloadSide } from './extensions.js';

/**
 * Loads the module with the computations, from `wampwerk_box_bg.wasm` beside `cryptobox.js`. `connect` and
 * components with a {@link KeyRing} do it by themselves; call it only to load it from somewhere else. Further
 * calls do nothing.
 *
 * @throws {ConnectError} if it cannot be loaded, with the URL; a further call tries again
 */
export function initCryptobox(source?: WasmSource): Promise<void>;

/** A random key pair, in Base64. */
export interface KeyPair {
  readonly private: string;
  /** For the peers. */
  readonly public: string;
}

/**
 * The keys of originators (callers, publishers) and responders (callees, subscribers) for URIs, as far as
 * they are known here. All are given in Base64. The functions throw a `TypeError` if a key is not 32 octets.
 */
export class Key {
  private constructor();
  /** Returns the key of callers and publishers. */
  static originator(privateKey: string, responderPublic: string): Key;
  /** Returns the key of callees and subscribers. */
  static responder(privateKey: string, originatorPublic: string): Key;
  /** Returns the key of a peer that is both. */
  static both(originatorPrivate: string, responderPrivate: string): Key;
  /** Returns a key of one private key that all participants share. */
  static shared(privateKey: string): Key;
}

/**
 * A payload codec that encrypts with a key for each part of the URI space, as Autobahn's `KeyRing`. Its
 * computations are a module of their own, which is loaded before the session joins.
 *
 * ```js
 * import { Key, KeyRing } from 'wampwerk/cryptobox.js';
 *
 * const ring = new KeyRing().setKey('com.example.', Key.originator(ownPrivate, theirPublic));
 * const session = await connect({ url, realm, payloadCodec: ring });
 * ```
 */
export class KeyRing implements PayloadCodec {
  /**
   * Sets the key of all URIs with this prefix; the longest matching prefix counts, and `''` is the key of
   * all others. `null` removes the key. What has no key is sent as it is. Errors are encrypted with the key
   * of the error's URI.
   */
  setKey(prefix: string, key: Key | null): this;
  /** Returns a random key pair. */
  static generateKey(): Promise<KeyPair>;
  load(): Promise<void>;
  encode(uri: string, args: any[], kwargs: Record<string, any>, side: PayloadSide): EncodedPayload | undefined;
  decode(uri: string, encoded: EncodedPayload, side: PayloadSide): { args: any[]; kwargs: Record<string, any>; uri: string };
}
