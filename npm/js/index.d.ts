/**
 * WAMP in the browser: routed RPC and PubSub over WebSocket, in WebAssembly.
 *
 * ```js
 * import { connect } from 'wampwerk';
 *
 * const session = await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1' });
 * console.log(await session.call('com.example.add', [2, 3]));
 * ```
 *
 * Sent values: `null` and `undefined` become null; a number that is an integer within
 * ±2^53 becomes an integer, any other number a float; a `bigint` becomes an integer (128 bits at
 * most, 64 in MessagePack); `ArrayBuffer` and its views become binary data; an array becomes a list; a plain object,
 * an instance of a class and a `Map` with string keys become a dict; an object with `toJSON()` (a
 * `Date`, say) becomes what that returns. Functions, symbols, errors, sets, promises, cycles and
 * what is deeper than 100 levels are refused with an {@link EncodeError} that names the place.
 *
 * Received values: null becomes `null`; an integer becomes a `number`, or a `bigint` outside
 * ±2^53; binary data becomes a `Uint8Array` of its own; a dict becomes a plain object.
 */

import type { ExtensionOptions, JoiningSession } from './extensions.js';
import type { Session } from './session.js';

export * from './component.js';
export * from './errors.js';
export * from './extensions.js';
export * from './meta.js';
export * from './options.js';
export * from './session.js';

/** The URIs of errors and of closing, under the names that they have in Rust. */
export * as uris from './uris.js';

/** A value received from a router. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value };

/** Positional arguments to send. */
export type Args = readonly unknown[];

/** Keyword arguments to send. */
export type Kwargs = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** Received positional arguments. */
export type ArgsIn = Value[];

/** Received keyword arguments. */
export type KwargsIn = { [key: string]: Value };

/** A wire format. */
export type Serializer = 'cbor' | 'msgpack' | 'json';

/** Match policy of a topic or procedure. */
export type Match = 'exact' | 'prefix' | 'wildcard';

/** Source from which {@link init} can load the wasm module. */
export type WasmSource =
  | string
  | URL
  | Request
  | Response
  | BufferSource
  | WebAssembly.Module
  | Promise<Response>;

/**
 * Loads the main wasm module. {@link connect} does it by itself, from `wampwerk_bg.wasm` beside
 * `index.js`; call it only to load earlier, or from somewhere else. Further calls do nothing.
 * `options.auth` is the source of the authentication module: see {@link initAuth}. It is not loaded
 * before it is needed.
 *
 * @throws {ConnectError} if it cannot be loaded, with the URL; a further call tries again
 */
export function init(source?: WasmSource, options?: { auth?: WasmSource }): Promise<void>;

/**
 * Loads the authentication module, from `wampwerk_auth_bg.wasm` beside `index.js`. It contains the
 * computations of `wampcra`, `cryptosign`, `scram` and `wamp-scram`, and is loaded by itself if one of
 * these methods is offered with its settings, or before `onchallenge` is called for one. Call it only
 * to load it earlier or from somewhere else, or to use {@link auth_cra} and {@link auth_cryptosign}
 * outside of `onchallenge`. Further calls do nothing.
 *
 * @throws {ConnectError} if it cannot be loaded, with the URL; a further call tries again
 */
export function initAuth(source?: WasmSource): Promise<void>;

export interface ConnectOptions extends ExtensionOptions {
  /** URL of the router: `ws://` or `wss://`. */
  url: string | URL;
  /** Realm to join. */
  realm: string;
  /** Serializers to offer, in the order of preference. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly Serializer[];
  /** Time limit of each step (connecting, joining) in milliseconds. Default: 10 000. */
  timeout?: number;
  /**
   * True to offer the batched subprotocols, too, each before the one without batches. Messages that
   * are sent at the same time then form one WebSocket message. Default: false.
   */
  batched?: boolean;
  /**
   * Value of `discloseMe` for calls and publications that do not set it. Default: unset; the router
   * decides.
   */
  discloseMe?: boolean;
  /**
   * Inspects the router's WELCOME before the session is returned. If it returns `false` or throws,
   * also by a promise, the session is left, and {@link connect} fails with
   * `wamp.error.cannot_authenticate` and the thrown value as `cause`. {@link Session.rejoin} calls
   * it, too.
   *
   * ```js
   * const onWelcome = ({ authrole }) => authrole === 'admin';
   * ```
   */
  onWelcome?: (welcome: Welcome) => unknown;
  /**
   * Gives up connecting and joining when it aborts, also while `onWelcome` runs: {@link connect} fails
   * with the signal's reason. A session that {@link connect} has returned stays.
   */
  signal?: AbortSignal;
  /**
   * Receives errors that handlers and callbacks of the session throw. `where` is a text for people.
   * Default: `reportError()`; Node has none, and ends the process.
   */
  onUserError?: (error: unknown, where: string) => unknown;
  /**
   * Authentication methods with their settings, in the order of preference. The router chooses the
   * first that it supports. Cannot be combined with `authmethods`. Default: none, which means
   * `anonymous` for most routers.
   *
   * ```js
   * await connect({ url, realm, authentication: { wampcra: { authid: 'joe', secret: 'secret2' } } });
   * ```
   *
   * If the router refuses the session, {@link connect} fails with the router's reason, such as
   * `wamp.error.authentication_failed` (Crossbar: `wamp.error.not_authorized`).
   */
  authentication?: Authentication;
  /**
   * Names of the methods to offer, as in Autobahn|JS: those that {@link onchallenge} answers, or
   * without it those that need no answer, such as `anonymous` and `cookie`.
   */
  authmethods?: readonly string[];
  /** Requested authid. */
  authid?: string;
  /** Requested role. */
  authrole?: string;
  /** Additional data for the router. */
  authextra?: Kwargs;
  /**
   * Answers the router's challenge, as in Autobahn|JS: with the signature, or `[signature, extra]`,
   * or a promise of either. Time limit: `timeout`. If it throws, {@link connect} fails with
   * `wamp.error.cannot_authenticate` and the error as `cause`; the router receives the text.
   *
   * ```js
   * const onchallenge = (_session, method) => prompt(`The ${method}, please`);
   * await connect({ url, realm, authmethods: ['ticket'], authid: 'joe', onchallenge });
   * ```
   *
   * @param session not joined yet; it has `log()` and `defer()`
   */
  onchallenge?: (session: JoiningSession, method: string, extra: KwargsIn) => ChallengeAnswer | PromiseLike<ChallengeAnswer>;
}

/** Answer to the router's challenge: the signature, or the signature and extra data. */
export type ChallengeAnswer = string | readonly [signature: string, extra: Kwargs];

/** Identity of the session. It must be the same for all methods. */
export interface Identity {
  /** Requested authid. */
  authid?: string;
  /** Requested role. */
  authrole?: string;
  /** Additional data for the router. */
  authextra?: Kwargs;
}

/** Authentication methods with their settings, in the order of preference. */
export interface Authentication {
  anonymous?: Identity;
  'anonymous-proxy'?: Identity;
  /** The browser sends the cookie. */
  cookie?: Identity;
  /** The browser has shown a certificate. */
  tls?: Identity;
  /** The secret is sent to the router. */
  ticket?: Identity & { ticket: string };
  /** The challenge is signed with a shared secret. */
  wampcra?: Identity & { authid: string; secret: string };
  /** The challenge is signed with an Ed25519 key. */
  cryptosign?: CryptosignSettings;
  'cryptosign-proxy'?: CryptosignSettings;
  /** SCRAM in the dialect of Autobahn and Crossbar: both ends prove that they know the password. */
  scram?: Identity & { authid: string; password: string };
  /** SCRAM of the specification. If both dialects are set, their settings must be equal. */
  'wamp-scram'?: Identity & { authid: string; password: string };
}

export interface CryptosignSettings extends Identity {
  /**
   * The private key: its seed as 64 hexadecimal digits or 32 bytes, or the text of an OpenSSH key
   * without a passphrase.
   */
  privkey: string | Uint8Array;
  /** Router's public key as 64 hexadecimal digits. A router that cannot prove it is rejected. */
  router_key?: string;
}

/**
 * Connects to a router and joins a realm.
 *
 * The session stays open until {@link Session.leave}, or until the router or the network ends it;
 * dropping the object does not end it.
 *
 * @throws {ConnectError} if the router cannot be reached or refuses the session, or
 *   `onWelcome` refuses it
 * @throws {TimeoutError} if it takes too long
 * @throws {TypeError} if an option is of the wrong type
 */
export function connect(options: ConnectOptions): Promise<Session>;

/** Kind of the end of a session. */
export type CloseKind =
  /** This side left, and the router answered. */
  | 'left'
  /** The router sent GOODBYE. */
  | 'goodbye'
  /** The router aborted the session. */
  | 'aborted'
  /** The router broke the protocol, and this side aborted. */
  | 'violation'
  /** The connection was closed or broke. */
  | 'transport-lost'
  /** The router did not answer in time. */
  | 'timed-out';

/** Reason for the end of a session. */
export interface CloseReason {
  readonly kind: CloseKind;
  /** The reason as a URI, such as `wamp.close.normal`. */
  readonly reason: string;
  /** Text for people, if there is one. */
  readonly message: string | null;
}

/** Reason for the end of a subscription or registration. */
export interface Ending {
  /** Cause: its own session, a revocation by the router, or the end of the session. */
  readonly kind: 'withdrawn' | 'revoked' | 'closed';
  /** Reason as a URI; empty without one. */
  readonly reason: string;
  /** Text for people, if there is one. */
  readonly message: string | null;
}

/** Details of the router's WELCOME, as on the wire. */
export interface Welcome {
  /** The authid of the session. */
  readonly authid?: string;
  /** Role of the session. */
  readonly authrole?: string;
  /** Authentication method. */
  readonly authmethod?: string;
  /** Authentication provider. */
  readonly authprovider?: string;
  /** Additional data of the router. */
  readonly authextra?: KwargsIn;
  /** The router's name and version. */
  readonly agent?: string;
  /** Roles of the router with their features; see {@link Session.supports}. */
  readonly roles?: {
    readonly [role: string]: { readonly features?: { readonly [feature: string]: boolean } };
  };
  readonly [detail: string]: unknown;
}
