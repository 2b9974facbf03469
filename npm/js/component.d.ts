/** What stays up: components, and Autobahn|JS's connections; and the computations of authentication. */

import type {
  Authentication,
  ChallengeAnswer,
  CloseReason,
  Endpoint,
  EventHandler,
  Kwargs,
  KwargsIn,
  RegisterOptions,
  Serializer,
  Session,
  SubscribeOptions,
  Welcome,
} from './index.js';

/** How often, and after which delays, is tried again: Autobahn's names, in seconds. */
export interface RetryOptions {
  /** How many retries may follow each other without a join between them; -1: no limit. */
  max_retries?: number;
  /** What the first retry waits. Default: 1.5. */
  initial_retry_delay?: number;
  /** The longest delay. Default: 300. */
  max_retry_delay?: number;
  /** By what the delay is multiplied after each retry, 1 to 1000. Default: 1.5. */
  retry_delay_growth?: number;
  /** How far delays scatter: the standard deviation as a part of the delay, 0 to 1. Default: 0.1. */
  retry_delay_jitter?: number;
}

/** One way to the router: Autobahn's dict, as far as browsers have a say. */
export interface Transport extends RetryOptions {
  type?: 'websocket';
  /** `ws://` or `wss://`; or a function that gives it, or a promise of it, at each attempt. */
  url: string | URL | (() => string | URL | PromiseLike<string | URL>);
  /** What to offer, best first. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly Serializer[];
  options?: {
    /** In bytes. */
    maxMessagePayloadSize?: number;
    /** In seconds. Default: 10. */
    openHandshakeTimeout?: number;
  };
}

/** What can be given as a transport: whole, or its URL alone. */
export type TransportLike = Transport | Transport['url'];

/** Who the session is to be; as in {@link ConnectOptions}. */
export interface Credentials {
  authmethods?: readonly string[];
  authid?: string;
  authrole?: string;
  authextra?: Kwargs;
  onchallenge?: (
    session: undefined,
    method: string,
    extra: KwargsIn,
  ) => ChallengeAnswer | PromiseLike<ChallengeAnswer>;
}

export interface ComponentOptions extends Credentials {
  /** The realm to join. Default: `realm1`. */
  realm?: string;
  /**
   * Ways to the router, tried one after the other, round and round. Default:
   * `ws://127.0.0.1:8080/ws`.
   */
  transports?: TransportLike | readonly TransportLike[];
  /**
   * As in {@link ConnectOptions}; or a function that gives it, or a promise of it, at each attempt:
   * for tickets that expire.
   */
  authentication?: Authentication | (() => Authentication | PromiseLike<Authentication>);
  /** Anything for your own use: {@link Component.extra}. */
  extra?: unknown;
  /**
   * What the component is there for. It runs once per join; when it returns, the session is left,
   * and {@link Component.start} resolves. If it throws, there is another attempt, with a delay.
   * Without it the component stays up until it is stopped or somebody leaves the session.
   */
  main?: (session: Session, component: Component) => unknown;
  /**
   * Whether an error makes further attempts pointless; the second argument is what holds without
   * it: true if the router does not let us in because of who we are or what we ask for, as with a
   * wrong password or `wamp.error.no_such_realm`.
   */
  isFatal?: (error: unknown, byDefault: boolean) => boolean;
  /**
   * Whether the attempt fails if something declared is refused, or a `join` listener throws.
   * Default: false; it is told, and the session is ready all the same.
   */
  strict?: boolean;
  /** How long each step (connecting, joining) may take, in milliseconds. Default: 10 000. */
  timeout?: number;
  /** As in {@link ConnectOptions}. Default: false. */
  batched?: boolean;
  /** As in {@link ConnectOptions}. */
  discloseMe?: boolean;
  /**
   * Gets what listeners and handlers throw, and what is refused of what is declared; `where` is a
   * text for people. Default: it goes to `reportError()`.
   */
  onUserError?: (error: unknown, where: string) => unknown;
}

/** What a component is doing. */
export type ComponentState =
  | 'idle'
  | 'connecting'
  | 'joining'
  | 'joined'
  /** The session is over, or being left, and its listeners say goodbye. */
  | 'leaving'
  /** It waits before the next attempt. */
  | 'waiting'
  /** So it does, and the browser is offline: it goes on when that is over. */
  | 'offline'
  | 'stopping'
  | 'done';

/** A connection, as the `connect` event tells of it. */
export interface TransportInfo {
  readonly type: string;
  readonly url: string;
  /** The subprotocol that the router chose, as `wamp.2.cbor`. */
  readonly protocol: string;
}

/** What is said before another attempt, or that there is none. */
export interface RetryNotice {
  /** The URL that is tried next; `'url'` if a function gives it. */
  readonly transport: string;
  /** Which attempt over that transport comes next, from 1 on: since the start or the last join. */
  readonly attempt: number;
  /** How many attempts have failed since the start or the last join, over all transports. */
  readonly failures: number;
  /** How long it is going to wait, in milliseconds. */
  readonly delay: number;
  /** Whether there will be another attempt; if not, the answer does not matter. */
  readonly willRetry: boolean;
  /** What went wrong; what your own functions threw comes as it is. */
  readonly error: unknown;
  /**
   * There was no connection; the realm was not joined; the session was lost; a function that gives
   * URL or credentials failed (or, in strict components, a declaration or `join` listener); `main`
   * failed.
   */
  readonly kind: 'connect' | 'refused' | 'lost' | 'handler' | 'main';
  /** How the session, or the attempt to join, ended; null if there was no connection. */
  readonly closeReason: CloseReason | null;
}

/** `false`: no other attempt. A number: one after so many milliseconds. Else: as it was going to be. */
export type RetryAnswer = false | number | true | null | undefined | void;

/** The events of a component, with what their listeners get. */
export interface ComponentEvents {
  /** It begins. */
  start: undefined;
  /** There is a connection; joining comes next. */
  connect: TransportInfo;
  /** A session is joined; what is declared stands. */
  join: Session;
  /** A session is joined, and all `join` listeners are done. */
  ready: Session;
  /** A session is over, or the router did not let us in. */
  leave: CloseReason;
  /** The connection is gone; whether it was closed in order. */
  disconnect: boolean;
  /** An attempt failed, or a session was lost. */
  connectfailure: unknown;
  /** So it did, and this is what comes next: listeners may answer, also by a promise. */
  retry: RetryNotice;
}

/**
 * A session that stays up: described once, it connects, joins, and does it again whenever the
 * connection is lost.
 *
 * ```js
 * const component = new Component({ transports: 'wss://example.com/ws', realm: 'realm1' });
 * component.register('com.example.add', ([a, b]) => a + b);
 * component.on('ready', (session) => console.log(`here as ${session.authid}`));
 * await component.start();
 * ```
 *
 * The browser's going offline and online is heeded: it does not try while there is no network, and
 * does at once when there is.
 */
export class Component {
  /**
   * @throws {TypeError} if an option is unknown or of the wrong type
   * @throws {ConnectError} if a setting cannot be used, with its key. This needs the wasm module: as
   *   long as that is not loaded (see {@link init}), it is {@link start} that fails with it
   */
  constructor(options?: ComponentOptions);

  readonly realm: string;
  extra: unknown;
  /** The session, while there is one. */
  readonly session: Session | null;
  readonly state: ComponentState;

  /**
   * Adds a listener. Those of one event run at the same time, and the component goes on when all
   * that they return has settled (`ready` runs beside `main`). What they throw goes to
   * {@link ComponentOptions.onUserError}.
   *
   * @returns a function that takes it off again
   */
  on(name: 'retry', listener: (notice: RetryNotice) => RetryAnswer | PromiseLike<RetryAnswer>): () => boolean;
  on<Name extends Exclude<keyof ComponentEvents, 'retry'>>(
    name: Name,
    listener: (about: ComponentEvents[Name]) => unknown,
  ): () => boolean;

  /** Takes a listener off; whether there was one. */
  off<Name extends keyof ComponentEvents>(
    name: Name,
    listener: (about: ComponentEvents[Name]) => unknown,
  ): boolean;

  /**
   * Registers a procedure with each session that is joined from now on. To take it over from an old
   * session that the router still holds, set `forceReregister`.
   *
   * @returns a function that takes it back for the sessions to come
   */
  register(procedure: string, endpoint: Endpoint, options?: RegisterOptions): () => boolean;

  /** Subscribes with each session that is joined from now on, as {@link register} registers. */
  subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): () => boolean;

  /**
   * Starts it. While it runs, a second start joins the first; when it is done, it can be started
   * again. It goes on if nobody holds the object.
   *
   * Resolves when `main` has returned, somebody here has left the session, or it was stopped.
   *
   * @throws what is fatal, if another attempt is pointless (see `isFatal`): the router's refusal, or
   *   what `main` threw
   * @throws {ConnectError} if no attempt is left or wanted; its `cause` is the last error
   * @throws the signal's reason, if it was stopped by that
   */
  start(options?: { signal?: AbortSignal }): Promise<void>;

  /**
   * Stops it, whatever it is doing: a session is left with GOODBYE, a delay is ended. Resolves when
   * all is over.
   */
  stop(): Promise<void>;

  /** Makes the next attempt now, if it waits for one. */
  retryNow(): void;
}

export interface ConnectionOptions extends Credentials, RetryOptions {
  /** Where the router is. */
  url?: Transport['url'];
  /**
   * The same as a list, tried round and round; what a transport does not say itself is as the
   * connection says.
   */
  transports?: readonly TransportLike[];
  realm: string;
  authentication?: ComponentOptions['authentication'];
  serializers?: readonly Serializer[];
  /** For each transport. Default: 15; -1: no limit. */
  max_retries?: number;
  /** Whether to try again before there ever was a connection. Default: true. */
  retry_if_unreachable?: boolean;
  /** Gets what callbacks throw. Default: it goes to `reportError()`. */
  on_user_error?: (error: unknown, message: string) => unknown;
  /** Gets what goes wrong within the library. Default: it goes to `reportError()`. */
  on_internal_error?: (error: unknown, message: string) => unknown;
  isFatal?: ComponentOptions['isFatal'];
  timeout?: number;
  batched?: boolean;
  discloseMe?: boolean;
}

/**
 * `closed`: in order, by us or by the router. `lost`: it broke. `unreachable`: there was none since
 * `open()`. `unsupported`: there cannot be any, because of the settings or the wasm module.
 */
export type ConnectionReason = 'closed' | 'lost' | 'unreachable' | 'unsupported';

export interface ConnectionDetails {
  /** The URI that the router or we gave as the reason, or that of the error. */
  reason: string | null;
  /** A text for people. */
  message: string | null;
  /** How long it waits, in seconds; null if there is no other attempt. */
  retry_delay: number | null;
  /** Which retry it will be, from 1 on; null if there is none. */
  retry_count: number | null;
  will_retry: boolean;
}

/**
 * Autobahn|JS's `Connection`: a {@link Component} under the names that are known from there.
 *
 * ```js
 * const connection = new Connection({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1' });
 * connection.onopen = (session, details) => console.log(`here as ${details.authid}`);
 * connection.onclose = (reason, { will_retry }) => console.log(reason, will_retry);
 * connection.open();
 * ```
 */
export class Connection {
  /** @throws as {@link Component}'s */
  constructor(options: ConnectionOptions);

  /** Called for each session, the first one and those after a loss. */
  onopen?: (session: Session, details: Welcome & { readonly transport: TransportInfo }) => unknown;
  /**
   * Called for each attempt that failed and each session that ended, the last time with
   * `will_retry` false. If what it returns, or the promise of it, is truthy, there is no other
   * attempt; and none is made before it has settled.
   */
  onclose?: (reason: ConnectionReason, details: ConnectionDetails) => unknown;

  readonly session: Session | null;
  /** Whether a realm is joined. */
  readonly isOpen: boolean;
  /** Whether there is a connection, joined or not. */
  readonly isConnected: boolean;
  /** Whether it waits for the next attempt. */
  readonly isRetrying: boolean;
  readonly transport: { readonly info: TransportInfo } | null;

  /**
   * Opens it, or opens it again. While it waits for the next attempt, that is made now.
   *
   * @throws {Error} if it is open, or opening
   */
  open(): void;

  /**
   * Closes it for good, whatever it is doing. Resolves behind the last `onclose`.
   *
   * @throws {Error} if it is closed
   */
  close(reason?: string, message?: string): Promise<void>;
}

/** WAMP-CRA, for an `onchallenge` of your own. The wasm module must be loaded, as it is there. */
export const auth_cra: {
  /** The signature over a challenge: base64. */
  sign(key: string | Uint8Array, challenge: string): string;
  /** The key of a salted secret: base64. Defaults: 1000 iterations, 32 octets. */
  derive_key(secret: string | Uint8Array, salt: string, iterations?: number, keylen?: number): string;
};

/**
 * Cryptosign, for an `onchallenge` of your own. `seed` is the private key: 32 octets, or 64
 * hexadecimal digits. The wasm module must be loaded: `await init()`.
 */
export const auth_cryptosign: {
  /** The public key, for `authextra.pubkey`: 64 hexadecimal digits. */
  public_key(seed: string | Uint8Array): string;
  /** The answer to a challenge: the text, or the whole `extra` of `onchallenge`. */
  sign_challenge(seed: string | Uint8Array, challenge: string | KwargsIn): string;
};
