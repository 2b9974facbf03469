/** Secrets, keys and salts that are drawn, and what routers store of them. */

/** Draws a ticket, password or shared secret: 32 characters of `a` to `z` and `2` to `7`, which are 160 random bits. */
export function generateSecret(): string;

/** Draws a salt for WAMP-CRA: 16 random bytes in Base64. The router stores `auth_cra.derive_key(secret, salt)`. */
export function generateSalt(): string;

/**
 * Draws a key pair for cryptosign, each key as 64 hexadecimal digits: `privkey` is the setting of the client,
 * `pubkey` is for the router. Loads the authentication module.
 */
export function generateKey(): Promise<{ privkey: string; pubkey: string }>;

/** Settings of {@link scramCredential}. */
export interface ScramOptions {
  /** `'scram'` for Autobahn and Crossbar, `'wamp-scram'` for the specification. Default: `'scram'`. */
  dialect?: 'scram' | 'wamp-scram';
  /** Key derivation function. Default: `'argon2id-13'`. */
  kdf?: 'argon2id-13' | 'pbkdf2';
  /** Default: 16 random bytes. */
  salt?: Uint8Array;
  /** Default: 3, or 600 000 for `'pbkdf2'`. */
  iterations?: number;
  /** Memory in KiB; Argon2 only. Default: 65 536. */
  memory?: number;
}

/** What a router stores of a password: the form of Crossbar's configuration, with hexadecimal digits. */
export interface ScramCredential {
  kdf: string;
  memory?: number;
  iterations: number;
  salt: string;
  'stored-key': string;
  'server-key': string;
}

/**
 * Derives what a router stores of a password. It is a secret: it allows guessing passwords and impersonating the
 * router. Loads the authentication module, and takes some tenths of a second of this thread.
 *
 * @throws {TypeError} if an option is of the wrong type
 * @throws {Error} if the cost is out of bounds, or the password has characters that SASLprep forbids
 */
export function scramCredential(password: string, options?: ScramOptions): Promise<ScramCredential>;

/** Draws a secret for one-time passwords (RFC 6238): 20 random bytes in Base32. */
export function generateTotpSecret(): string;

/**
 * Computes a one-time password of six digits for a time in milliseconds since 1970, by default now, shifted by
 * `offset` steps of 30 s. Needs `crypto.subtle`, which a page has over https and on localhost only.
 */
export function computeTotp(secret: string, options?: { time?: number; offset?: number }): Promise<string>;

/** Resolves to whether a one-time password is valid now, or was valid one step before or will be one step after. */
export function checkTotp(code: string, secret: string, options?: { time?: number }): Promise<boolean>;
