/** Components, Autobahn|JS's connections, and the computations of authentication. */

import type { ExtensionOptions, JoiningSession } from './extensions.js';
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

/** Retry settings under Autobahn's names. Delays are in seconds. */
export interface RetryOptions {
  /** Maximum number of consecutive retries without a join; -1: no limit. */
  max_retries?: number;
  /** Delay before the first retry. Default: 1.5. */
  initial_retry_delay?: number;
  /** Maximum delay. Default: 300. */
  max_retry_delay?: number;
  /** Factor of the delay after each retry, 1 to 1000. Default: 1.5. */
  retry_delay_growth?: number;
  /** Random variation of delays: standard deviation as a fraction of the delay, 0 to 1. Default: 0.1. */
  retry_delay_jitter?: number;
}

/** Transport to the router: the keys of Autobahn's dict that apply to browsers. */
export interface Transport extends RetryOptions {
  type?: 'websocket';
  /** URL, `ws://` or `wss://`; or a function that returns it, or a promise of it, for each attempt. */
  url: string | URL | (() => string | URL | PromiseLike<string | URL>);
  /** Serializers to offer, in the order of preference. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly Serializer[];
  options?: {
    /** Maximum size of a message in bytes. */
    maxMessagePayloadSize?: number;
    /** Time limit for opening, in seconds. Default: 10. */
    openHandshakeTimeout?: number;
  };
}

/** A transport: its settings, or its URL alone. */
export type TransportLike = Transport | Transport['url'];

/** Identity of the session; as in {@link ConnectOptions}. */
export interface Credentials {
  authmethods?: readonly string[];
  authid?: string;
  authrole?: string;
  authextra?: Kwargs;
  onchallenge?: (
    session: JoiningSession,
    method: string,
    extra: KwargsIn,
  ) => ChallengeAnswer | PromiseLike<ChallengeAnswer>;
}

export interface ComponentOptions extends Credentials, ExtensionOptions {
  /** Realm to join. Default: `realm1`. */
  realm?: string;
  /**
   * Transports to the router, tried one after the other in a circle. Default:
   * `ws://127.0.0.1:8080/ws`.
   */
  transports?: TransportLike | readonly TransportLike[];
  /**
   * As in {@link ConnectOptions}; or a function that returns it, or a promise of it, for each
   * attempt, such as for tickets that expire.
   */
  authentication?: Authentication | (() => Authentication | PromiseLike<Authentication>);
  /** Any value of the application; see {@link Component.extra}. */
  extra?: unknown;
  /**
   * Main function of the component. It runs once per join. When it returns, the session is left and
   * {@link Component.start} resolves. If it throws, another attempt follows after a delay. Without
   * `main` the component runs until it is stopped or the page leaves the session.
   */
  main?: (session: Session, component: Component) => unknown;
  /**
   * Returns whether an error makes further attempts pointless. The second argument is the default
   * decision: true if the router refuses the credentials or the realm, such as for a wrong password
   * or `wamp.error.no_such_realm`.
   */
  isFatal?: (error: unknown, byDefault: boolean) => boolean;
  /**
   * True if an attempt fails when a declared registration or subscription is refused, or when a
   * `join` listener throws. Default: false; then the error is reported and the session is ready.
   */
  strict?: boolean;
  /** Time limit of each step (connecting, joining) in milliseconds. Default: 10 000. */
  timeout?: number;
  /** As in {@link ConnectOptions}. Default: false. */
  batched?: boolean;
  /** As in {@link ConnectOptions}. */
  discloseMe?: boolean;
  /**
   * Receives errors that listeners and handlers throw, and refusals of declared registrations and
   * subscriptions. `where` is a text for people. Default: `reportError()`.
   */
  onUserError?: (error: unknown, where: string) => unknown;
}

/** State of a component. */
export type ComponentState =
  | 'idle'
  | 'connecting'
  | 'joining'
  | 'joined'
  /** The session is over or being left, and the last listeners run. */
  | 'leaving'
  /** The component waits before the next attempt. */
  | 'waiting'
  /** The browser is offline; the component waits until it is online. */
  | 'offline'
  | 'stopping'
  | 'done';

/** A connection, as in the `connect` event. */
export interface TransportInfo {
  readonly type: string;
  readonly url: string;
  /** Subprotocol that the router chose, such as `wamp.2.cbor`. */
  readonly protocol: string;
}

/** Notice before another attempt, or of the last failure. */
export interface RetryNotice {
  /** URL of the next attempt; `'url'` if a function returns it. */
  readonly transport: string;
  /** Number of the next attempt over that transport since the start or the last join; the first is 1. */
  readonly attempt: number;
  /** Number of failed attempts over all transports since the start or the last join. */
  readonly failures: number;
  /** Delay before the next attempt, in milliseconds. */
  readonly delay: number;
  /** True if another attempt follows; otherwise the answer has no effect. */
  readonly willRetry: boolean;
  /** The error; errors of your own functions are passed unchanged. */
  readonly error: unknown;
  /**
   * Kind of failure: no connection; the realm was not joined; the session was lost; a function that
   * returns URL or credentials failed (or, in strict components, a declaration or `join` listener);
   * `main` failed.
   */
  readonly kind: 'connect' | 'refused' | 'lost' | 'handler' | 'main';
  /** Reason for the end of the session or of joining; null without a connection. */
  readonly closeReason: CloseReason | null;
  /** Sets the delay before the next attempt, in milliseconds. Of several listeners the last one counts. */
  readonly retryAfter: (delay: number) => void;
}

/** Events of a component with the arguments of their listeners. */
export interface ComponentEvents {
  /** The component starts. */
  start: undefined;
  /** The connection is open; joining follows. */
  connect: TransportInfo;
  /** A session is joined; declared registrations and subscriptions are active. */
  join: Session;
  /** A session is joined, and all `join` listeners have completed. */
  ready: Session;
  /**
   * A declared registration or subscription is active only now: the router had refused it in this session, or it was
   * declared while there was a session. The argument is its procedure or topic. What is refused is tried again after
   * 1 s, 2 s, and so on up to 60 s.
   */
  established: string;
  /** A session is over, or the router refused it. */
  leave: CloseReason;
  /** The connection is gone. The argument is true if it was closed in order. */
  disconnect: boolean;
  /** An attempt failed, or a session was lost. */
  connectfailure: unknown;
  /** An attempt failed, and a retry may follow, unless a listener returns `false` or a promise of it. */
  retry: RetryNotice;
}

/**
 * A session that reconnects: described once, it connects and joins, and does both again whenever
 * the connection is lost.
 *
 * ```js
 * const component = new Component({ transports: 'wss://example.com/ws', realm: 'realm1' });
 * component.register('com.example.add', ([a, b]) => a + b);
 * component.on('ready', (session) => console.log(`here as ${session.authid}`));
 * await component.start();
 * ```
 *
 * The component makes no attempts while the browser is offline, and the next one as soon as it is
 * online.
 */
export class Component {
  /**
   * @throws {TypeError} if an option is unknown or of the wrong type
   * @throws {ConnectError} if a setting cannot be used, with its key
   */
  constructor(options?: ComponentOptions);

  readonly realm: string;
  extra: unknown;
  /** The current session, if there is one. */
  readonly session: Session | null;
  readonly state: ComponentState;

  /**
   * Adds a listener. All listeners of one event run concurrently, and the component continues when
   * all of them have completed (`ready` runs beside `main`). Their errors are passed to
   * {@link ComponentOptions.onUserError}.
   *
   * @returns a function that removes the listener
   */
  on<Name extends keyof ComponentEvents>(
    name: Name,
    listener: (about: ComponentEvents[Name]) => unknown,
  ): () => boolean;

  /** Removes a listener. Returns whether it existed. */
  off<Name extends keyof ComponentEvents>(
    name: Name,
    listener: (about: ComponentEvents[Name]) => unknown,
  ): boolean;

  /**
   * Registers a procedure after each join from now on, and at once if there is a session. Set `forceReregister` to take it over from an
   * old session that the router still has.
   *
   * @returns a function that removes it for later sessions
   */
  register<A extends any[] = any[], K = Record<string, any>>(
    procedure: string,
    endpoint: Endpoint<A, K>,
    options?: RegisterOptions,
  ): () => boolean;

  /** Subscribes after each join from now on, and at once if there is a session, as {@link register}. */
  subscribe<A extends any[] = any[], K = Record<string, any>>(
    topic: string,
    handler: EventHandler<A, K>,
    options?: SubscribeOptions,
  ): () => boolean;

  /**
   * Starts the component. A second start while it runs joins the first. A component that is done can
   * be started again. It runs even if the page keeps no reference to it.
   *
   * Resolves when `main` has returned, the page has left the session, or the component was stopped.
   *
   * @throws the fatal error, if another attempt is pointless (see `isFatal`): the router's refusal, or
   *   the error of `main`
   * @throws {ConnectError} if no attempt is left or wanted; its `cause` is the last error
   * @throws the signal's reason, if the signal stopped it
   */
  start(options?: { signal?: AbortSignal }): Promise<void>;

  /**
   * Stops the component in any state: leaves a session with GOODBYE, ends a delay. Resolves when it
   * is done.
   */
  stop(): Promise<void>;

  /** Makes the next attempt now, if the component waits for one. */
  retryNow(): void;
}

export interface ConnectionOptions extends Credentials, RetryOptions, ExtensionOptions {
  /** URL of the router. */
  url?: Transport['url'];
  /**
   * List of transports, tried in a circle. Settings that a transport does not have are taken from
   * the connection.
   */
  transports?: readonly TransportLike[];
  realm: string;
  authentication?: ComponentOptions['authentication'];
  serializers?: readonly Serializer[];
  /** Maximum number of retries per transport; -1: no limit. Default: 15. */
  max_retries?: number;
  /** True to retry before the first connection, too. Default: true. */
  retry_if_unreachable?: boolean;
  /** Receives errors of callbacks. Default: `reportError()`. */
  on_user_error?: (error: unknown, message: string) => unknown;
  /** Receives internal errors of the library. Default: `reportError()`. */
  on_internal_error?: (error: unknown, message: string) => unknown;
  isFatal?: ComponentOptions['isFatal'];
  timeout?: number;
  batched?: boolean;
  discloseMe?: boolean;
}

/**
 * Reason for the end of a connection. `closed`: in order, by this side or by the router. `lost`: it
 * broke. `unreachable`: none was made since `open()`. `unsupported`: none can be made, because of
 * the settings or the wasm module.
 */
export type ConnectionReason = 'closed' | 'lost' | 'unreachable' | 'unsupported';

export interface ConnectionDetails {
  /** URI of the reason given by either side, or of the error. */
  reason: string | null;
  /** A text for people. */
  message: string | null;
  /** Delay before the next attempt in seconds; null without another attempt. */
  retry_delay: number | null;
  /** Number of the next retry, from 1 on; null without one. */
  retry_count: number | null;
  will_retry: boolean;
}

/**
 * A {@link Component} with the interface of Autobahn|JS's `Connection`.
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

  /** Called for each session: the first one, and each one after a loss. */
  onopen?: (session: Session, details: Welcome & { readonly transport: TransportInfo }) => unknown;
  /**
   * Called for each failed attempt and each ended session, the last time with `will_retry` false. A
   * truthy return value, or promise of one, prevents the next attempt. No attempt is made before the
   * promise has settled.
   */
  onclose?: (reason: ConnectionReason, details: ConnectionDetails) => unknown;

  readonly session: Session | null;
  /** True while a realm is joined. */
  readonly isOpen: boolean;
  /** True while there is a connection, joined or not. */
  readonly isConnected: boolean;
  /** True while it waits for the next attempt. */
  readonly isRetrying: boolean;
  readonly transport: { readonly info: TransportInfo } | null;

  /**
   * Opens the connection, also again after a close. If it waits for the next attempt, makes it now.
   *
   * @throws {Error} if it is open, or opening
   */
  open(): void;

  /**
   * Closes the connection in any state, without retries. Resolves after the last `onclose`.
   *
   * @throws {Error} if it is closed
   */
  close(reason?: string, message?: string): Promise<void>;
}

/**
 * WAMP-CRA for your own `onchallenge`, where the authentication module is loaded; elsewhere
 * `await initAuth()` before.
 */
export const auth_cra: {
  /** Returns the signature of a challenge in base64. */
  sign(key: string | Uint8Array, challenge: string): string;
  /** Returns the key of a salted secret in base64. Defaults: 1000 iterations, 32 octets. */
  derive_key(secret: string | Uint8Array, salt: string, iterations?: number, keylen?: number): string;
};

/**
 * Cryptosign for your own `onchallenge`. `seed` is the private key: 32 octets, or 64
 * hexadecimal digits. The authentication module is loaded in `onchallenge`; elsewhere
 * `await initAuth()` before.
 */
export const auth_cryptosign: {
  /** Returns the public key for `authextra.pubkey`: 64 hexadecimal digits. */
  public_key(seed: string | Uint8Array): string;
  /** Returns the answer to a challenge: to its text, or to the `extra` of `onchallenge`. */
  sign_challenge(seed: string | Uint8Array, challenge: string | KwargsIn): string;
};
