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

import type { Deferred, ExtensionOptions, JoiningSession } from './extensions.js';
import type { Meta } from './meta.js';

export * from './component.js';
export * from './extensions.js';
export * from './meta.js';

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

/** Cancel mode of a call. */
export type CancelMode =
  /** The callee continues, and its answer is dropped. */
  | 'skip'
  /** The callee is interrupted; the router keeps the call open until it has ended there. */
  | 'kill'
  /** The callee is interrupted, and the call ends at the router at once. */
  | 'killnowait';

/**
 * Options of a call. `P` is the type of a progressive result.
 *
 * Other options are sent unchanged if their name has an underscore, as on the wire:
 * `{ x_priority: 3 }`. All others are refused with a `TypeError`.
 */
export interface CallOptions<P = unknown> {
  /**
   * Time limit for the result in milliseconds; in a call with progressive results, for each next
   * result. Then the call fails with {@link TimeoutError} and is cancelled at the router. The timer
   * runs on this side and needs no support by the router. Default: no limit.
   */
  timeout?: number;
  /**
   * Time limit at the router in milliseconds (rounded up); then the call fails with
   * `wamp.error.timeout`. A router without call timeouts ignores it.
   *
   * **Crossbar reads the number as seconds** and answers `wamp.error.canceled`: with it, `5_000`
   * means 83 minutes. `timeout` means the same everywhere; prefer it.
   */
  routerTimeout?: number;
  /**
   * Cancels the call when it aborts: the promise is rejected with the signal's reason at once (an
   * `AbortError` unless the signal has another), and CANCEL is sent to the router.
   */
  signal?: AbortSignal;
  /** Cancel mode if the call is cancelled. Default: `'killnowait'`. */
  cancelMode?: CancelMode;
  /** True to return each result as a {@link Result} with `details`. Default: false. */
  details?: boolean;
  /**
   * Receives progressive results, in the form of the final one, in order and before the promise
   * resolves. Its errors are passed to `reportError()`. See also {@link Call}.
   */
  onProgress?: (step: P) => unknown;
  /** True to disclose the caller to the callee. Default: that of {@link ConnectOptions}. */
  discloseMe?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a publication. Others are sent as with {@link CallOptions}. */
export interface PublishOptions {
  /** True to wait until the router has accepted the event. Default: false. */
  acknowledge?: boolean;
  /** True to exclude this session from the receivers. Default: true. */
  excludeMe?: boolean;
  /** Ids of the sessions that are excluded. */
  exclude?: readonly number[];
  /** Authids whose sessions are excluded. */
  excludeAuthid?: readonly string[];
  /** Roles whose sessions are excluded. */
  excludeAuthrole?: readonly string[];
  /** Ids of the only sessions that receive the event. Empty: no session (Crossbar: all). */
  eligible?: readonly number[];
  /** The only authids whose sessions receive the event. */
  eligibleAuthid?: readonly string[];
  /** The only roles whose sessions receive the event. */
  eligibleAuthrole?: readonly string[];
  /**
   * True to retain the event for later subscribers that set `getRetained`. The router retains the
   * last event of each topic. Default: false.
   */
  retain?: boolean;
  /** True to disclose the publisher to subscribers. Default: that of {@link ConnectOptions}. */
  discloseMe?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a subscription. Others are sent as with {@link CallOptions}. */
export interface SubscribeOptions {
  /**
   * Match policy of the topic. `'prefix'`: all topics with this beginning; `'wildcard'`: an empty
   * component matches any one, as in `com..created`. Default: `'exact'`.
   */
  match?: Match;
  /** True to receive retained events first, with `details.retained`. Default: false. */
  getRetained?: boolean;
  /** Maximum number of waiting events; further ones are lost and counted. Default: 1024. */
  queue?: number;
  /**
   * Receives the number of lost events, at the place where they are missing. They are also in
   * {@link EventDetails.missed} of the next event. Default: `onUserError`; without it, a warning in the
   * console.
   */
  onLagged?: (missed: number) => unknown;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a registration. Others are sent as with {@link CallOptions}. */
export interface RegisterOptions {
  /** Match policy of the procedure; see {@link SubscribeOptions.match}. Default: `'exact'`. */
  match?: Match;
  /** Invocation policy; it must be equal for all callees of the procedure. Default: `'single'`. */
  invoke?: 'single' | 'first' | 'last' | 'random' | 'roundrobin';
  /** Maximum number of concurrent calls (Crossbar, embedded router). Default: no limit. */
  concurrency?: number;
  /**
   * True to take the procedure over from a callee that registered it with this option, too
   * (Crossbar, embedded router), such as after a reconnect. Default: false.
   */
  forceReregister?: boolean;
  /** True to request the callers' identities. Default: the router decides. */
  discloseCaller?: boolean;
  /**
   * True to apply the callers' `routerTimeout` here instead of at the router: `details.signal` is
   * aborted then, and the caller receives `wamp.error.timeout`. Default: false.
   */
  forwardTimeout?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** Details of a result; see {@link CallOptions.details}. */
export interface ResultDetails {
  /** True for a progressive result. */
  progress?: boolean;
  /** Session of the callee if the router discloses it; so are `calleeAuthid` and `calleeAuthrole`. */
  callee?: number;
  calleeAuthid?: string;
  calleeAuthrole?: string;
  /** Number of progressive results lost before this one, because they were read too slowly. */
  missed?: number;
  [detail: string]: Value | undefined;
}

/** Details of an event. */
export interface EventDetails {
  /** Topic of the event. */
  topic: string;
  /** Id of the publication. */
  publication: number;
  /** Session of the publisher if disclosed; so are `publisherAuthid` and `publisherAuthrole`. */
  publisher?: number;
  publisherAuthid?: string;
  publisherAuthrole?: string;
  /** True for a retained event, published before the subscription. */
  retained?: boolean;
  /** Number of events lost before this one, because the handler was too slow. */
  missed?: number;
  [detail: string]: Value | undefined;
}

/** Details of an invocation, and functions for its progress. */
export interface InvocationDetails {
  /** Called procedure; for a pattern registration not the pattern. */
  readonly procedure: string;
  /** Session of the caller if disclosed; so are `callerAuthid` and `callerAuthrole`. */
  readonly caller?: number;
  readonly callerAuthid?: string;
  readonly callerAuthrole?: string;
  /** Time limit of the call in milliseconds, if the caller set one. */
  readonly timeout?: number;
  /**
   * Aborted when the caller cancels or the session ends; its reason is the {@link WampError}. The
   * endpoint's result is then dropped.
   *
   * ```js
   * session.register('com.example.load', async ([url], kwargs, { signal }) => {
   *   const response = await fetch(url, { signal });
   *   return response.text();
   * });
   * ```
   */
  readonly signal: AbortSignal;
  /**
   * Sends a progressive result. Undefined if the caller did not request any.
   *
   * ```js
   * session.register('com.example.count', async ([to], kwargs, { progress }) => {
   *   for (let n = 1; n < to; n++) await progress?.([n]);
   *   return to;
   * });
   * ```
   *
   * It resolves when the result is on its way. It is rejected with `wamp.error.canceled` if the call
   * is over, and with an {@link EncodeError} if the values cannot be sent. If the promise
   * is not awaited, the former is ignored, and the latter is an `unhandledrejection` of the page.
   */
  readonly progress?: (
    args?: Args | null,
    kwargs?: Kwargs | null,
  ) => Promise<void>;
  /**
   * All parts of the arguments; one part unless the caller sends several. The loop throws if the
   * call is cancelled, or if parts were lost because more than 1024 were waiting.
   *
   * ```js
   * session.register('com.example.sum', async (args, kwargs, { chunks }) => {
   *   let sum = 0;
   *   for await (const { args } of chunks) sum += args[0];
   *   return sum;
   * });
   * ```
   */
  readonly chunks: AsyncIterableIterator<Result>;
  readonly [detail: string]: unknown;
}

/** An event of a subscription. */
export interface Event {
  args: ArgsIn;
  kwargs: KwargsIn;
  details: EventDetails;
}

/**
 * Receives the events of a subscription one after the other: the next one waits until the returned
 * promise has settled. Errors are passed to `reportError()`, and the next event follows.
 */
export type EventHandler<A extends any[] = any[], K = Record<string, any>> = (
  args: A,
  kwargs: K,
  details: EventDetails,
) => unknown;

/**
 * A procedure. Several calls may run at the same time if it is asynchronous.
 *
 * The return value is the result: one positional value, none for `undefined`, or a {@link Result}
 * for any other form. A {@link WampError} that it throws goes to the caller as it is, an error of a
 * class of {@link Session.define} under its URI; any other error does as
 * `wamp.error.runtime_error` with its message.
 */
export type Endpoint<A extends any[] = any[], K = Record<string, any>> = (
  args: A,
  kwargs: K,
  details: InvocationDetails,
) => unknown;

/**
 * A running call: a promise of the result, and an iterable of the progressive results before it.
 *
 * ```js
 * const call = session.call('com.example.count', [10]);
 * for await (const step of call) console.log(step);
 * console.log('the last:', await call);
 * ```
 *
 * The loop requests progressive results, so it must begin before anything is awaited, and only
 * once. Leaving it cancels the call; if the call fails, the loop throws. At most 1024 results wait;
 * further ones are lost and counted in {@link ResultDetails.missed} (without `details`, on the
 * console).
 */
export interface Call<T, P = T> extends Promise<T>, AsyncIterable<P> {}

/**
 * Arguments that come in parts, each a list or a {@link Result} with keyword values: a generator,
 * a `ReadableStream`, or any other asynchronous iterable. The value that a generator returns is the
 * last part.
 */
export type Parts = AsyncIterable<Args | Result> | ReadableStream<Args | Result>;

/** A session in a realm, created by {@link connect}. */
export class Session {
  private constructor();

  /** The session's id. */
  readonly id: number;
  /** The realm that was joined. */
  readonly realm: string;
  /** Serializer that the router chose. */
  readonly serializer: Serializer;
  /** Details of the router's WELCOME. */
  readonly welcome: Welcome;
  /** The authid of the session. */
  readonly authid: string | undefined;
  /** Role of the session. */
  readonly authrole: string | undefined;
  /** Authentication method. */
  readonly authmethod: string | undefined;
  /** Authentication provider. */
  readonly authprovider: string | undefined;
  /** Additional data of the router. */
  readonly authextra: Welcome['authextra'];
  /** The meta API: sessions, registrations and subscriptions of the router. */
  readonly meta: Meta;
  /** True until the session has ended. */
  readonly isOpen: boolean;
  /** Reason for its end; null while it is open. */
  readonly closeReason: CloseReason | null;
  /** Resolves when the session has ended, for any reason. Never rejects. */
  readonly closed: Promise<CloseReason>;

  /**
   * Returns whether the router announced a feature: `supports('dealer', 'call_canceling')`. Requests
   * that need a missing feature fail with `wamp.error.feature_not_supported` and are not sent.
   */
  supports(role: 'broker' | 'dealer' | (string & {}), feature: string): boolean;

  /** Features of the router by the roles of this side, as in Autobahn|JS. */
  readonly features: Readonly<Record<'publisher' | 'subscriber' | 'caller' | 'callee', Record<string, boolean>>>;
  /** The subscriptions that are active. */
  readonly subscriptions: Subscription[];
  /** The registrations that are active. */
  readonly registrations: Registration[];
  /** As `subscription.unsubscribe()`. @throws {TypeError} if it is not one of this session */
  unsubscribe(subscription: Subscription): Promise<void>;
  /** As `registration.unregister()`. @throws {TypeError} if it is not one of this session */
  unregister(registration: Registration): Promise<void>;
  /** Writes to the console with the session's id, at the level `info`; see {@link setLogLevel}. */
  log(...words: unknown[]): void;
  /** Returns a promise with its functions, as Autobahn|JS does. */
  defer<T = unknown>(): Deferred<T>;

  /**
   * Maps the errors of a URI to a class, in both directions, for this session and those that
   * {@link rejoin} creates.
   *
   * A received error with that URI is created by `new errorClass(...args)` and gets the missing
   * properties of a {@link WampError}; a subclass of {@link WampError} is created as that class is.
   * An instance that an endpoint throws is sent with the URI, with its `args` (or its message) and
   * `kwargs`. For a subclass, the nearest mapped class counts.
   *
   * ```js
   * class TooMuch extends Error {
   *   constructor(amount, limit) {
   *     super(`${amount} is more than ${limit}`);
   *     this.args = [amount, limit];
   *   }
   * }
   * session.define('com.example.error.too_much', TooMuch);
   * ```
   *
   * @throws {TypeError} if the URI has another class already, or the class is not one of errors
   */
  define(uri: string, errorClass: new (...args: any[]) => Error): this;

  /**
   * Defines a short name for the beginning of URIs, for this session and those that {@link rejoin}
   * creates: after `prefix('shop', 'com.example.shop')`, `'shop:order'` means
   * `com.example.shop.order` for any topic or procedure. `null` removes it. A name without a defined
   * prefix is used unchanged, since WAMP's URIs may contain colons.
   */
  prefix(name: string, uri: string | null): this;

  /** Returns the URI of a short name, or the name itself. */
  resolve(curie: string): string;

  /**
   * Calls a procedure. The result is its one positional value, `undefined` if it has none, and a
   * {@link Result} if it has several or keyword values, or if `options.details` is set.
   *
   * Arguments can come in {@link Parts}, if the router and the callee can take them so; `kwargs`
   * then go with the first. If their source fails, the call fails with that error and is cancelled.
   *
   * ```js
   * async function* samples() {
   *   for (let n = 0; n < 10; n++) yield [await nextSample()];
   * }
   * const mean = await session.call('com.example.mean', samples());
   * ```
   *
   * @throws {WampError} with the `uri`, `args` and `kwargs` that the callee or the router answered
   * @throws {TimeoutError} if `options.timeout` passed
   * @throws {EncodeError} if the arguments cannot be sent
   * @throws {SessionClosedError} if the session has ended, or ends before the answer
   * @throws the reason of `options.signal` if that was aborted
   */
  call<T extends Result = Result, P extends Result = T>(
    procedure: string,
    args: Args | Parts | null | undefined,
    kwargs: Kwargs | null | undefined,
    options: CallOptions<P> & { details: true },
  ): Call<T, P>;
  call<T = unknown, P = T>(
    procedure: string,
    args?: Args | Parts | null,
    kwargs?: Kwargs | null,
    options?: (CallOptions<P> & { details?: false }) | null,
  ): Call<T, P>;
  call<T = unknown, P = T>(
    procedure: string,
    args?: Args | Parts | null,
    kwargs?: Kwargs | null,
    options?: CallOptions<P | Result> | null,
  ): Call<T | Result, P | Result>;

  /**
   * Publishes an event. With `acknowledge`, waits for the router and resolves to the publication.
   *
   * @throws {WampError} if the router refused it; only with `acknowledge`
   * @throws {EncodeError} if the arguments cannot be sent
   * @throws {SessionClosedError} if the session has ended
   */
  publish(
    topic: string,
    args: Args | null | undefined,
    kwargs: Kwargs | null | undefined,
    options: PublishOptions & { acknowledge: true },
  ): Promise<Publication>;
  publish(
    topic: string,
    args?: Args | null,
    kwargs?: Kwargs | null,
    options?: (PublishOptions & { acknowledge?: false }) | null,
  ): Promise<undefined>;
  publish(
    topic: string,
    args?: Args | null,
    kwargs?: Kwargs | null,
    options?: PublishOptions | null,
  ): Promise<Publication | undefined>;

  /**
   * Subscribes to a topic with a handler. It gets events until `unsubscribe()` or the session's
   * end; dropping the {@link Subscription} changes nothing.
   *
   * @throws {WampError} if the router refused it
   * @throws {SessionClosedError} if the session has ended
   */
  subscribe<A extends any[] = any[], K = Record<string, any>>(
    topic: string,
    handler: EventHandler<A, K>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;

  /**
   * Subscribes to a topic for a loop. Leaving the loop unsubscribes; the session's end ends it.
   *
   * ```js
   * for await (const { args } of session.subscribe('com.example.topic')) {
   *   if (args[0] === 'enough') break;
   * }
   * ```
   *
   * With `await` in front it is the {@link EventStream} that the router has confirmed.
   *
   * @throws {WampError} if the router refused it
   * @throws {SessionClosedError} if the session has ended
   */
  subscribe(
    topic: string,
    options?: SubscribeOptions,
  ): Promise<EventStream> & AsyncIterable<Event>;

  /**
   * Registers a procedure until `unregister()` or the session's end; dropping the
   * {@link Registration} changes nothing.
   *
   * @throws {WampError} if the router refused it, as `wamp.error.procedure_already_exists`
   * @throws {SessionClosedError} if the session has ended
   */
  register<A extends any[] = any[], K = Record<string, any>>(
    procedure: string,
    endpoint: Endpoint<A, K>,
    options?: RegisterOptions,
  ): Promise<Registration>;

  /**
   * Registers all functions of an object, or none: its own, and those of its class and of the classes
   * that this extends, up to the first that is not yours (as `EventTarget` or `Map`). Each is called
   * as a method of the object, and its procedure is the prefix, a dot (unless the prefix ends in
   * one) and its name.
   *
   * ```js
   * const { add } = await session.registerAll('com.example.calc', {
   *   add: ([a, b]) => a + b,
   *   sub: ([a, b]) => a - b,
   * });
   * await add.unregister(); // com.example.calc.add
   * ```
   *
   * @throws {WampError} if the router refused one of them; the others are unregistered
   * @throws {SessionClosedError} if the session has ended
   */
  registerAll<K extends string>(
    prefix: string,
    endpoints: Record<K, Endpoint>,
    options?: RegisterOptions,
  ): Promise<Record<K, Registration>>;
  registerAll<T extends object>(
    prefix: string,
    endpoints: T & Endpoints<T>,
    options?: RegisterOptions,
  ): Promise<Registrations<T>>;

  /**
   * Adds a testament: an event that the router publishes when this session ends, for any reason.
   * Several are published in the order in which they were added.
   *
   * @throws {WampError} `wamp.error.no_such_procedure` if the router has no testaments
   */
  addTestament(
    topic: string,
    args?: Args | null,
    kwargs?: Kwargs | null,
    options?: TestamentOptions,
  ): Promise<void>;

  /** Removes all testaments of a scope. Default: `'destroyed'`. */
  flushTestaments(scope?: TestamentScope): Promise<void>;

  /**
   * Leaves the realm. Resolves when the session is over, after 3 s at the latest, also if it had
   * ended before. The connection is closed right after it.
   *
   * @param reason a URI. Default: `wamp.close.close_realm`
   * @param message a text for people
   */
  leave(reason?: string, message?: string): Promise<CloseReason>;

  /**
   * Leaves, and joins a realm again over the same connection. This session is over then. The new
   * session takes over its {@link define} and {@link prefix} definitions.
   *
   * @param realm Default: the same
   * @throws {ConnectError} if the router or `onWelcome` refuses the new session, or if this one is
   *   over
   */
  rejoin(realm?: string): Promise<Session>;

  /**
   * Calls the function once when the session has ended, for any reason, also if it already has.
   *
   * @returns a function that removes the callback
   */
  onClose(callback: (reason: CloseReason) => void): () => void;
}

/** Time when a testament is published; both are equal where sessions cannot be resumed. */
export type TestamentScope =
  /** When the session is over. */
  | 'destroyed'
  /** When its connection is lost. */
  | 'detached';

/** Options of a testament. */
export interface TestamentOptions extends PublishOptions {
  /** Default: `'destroyed'`. */
  scope?: TestamentScope;
}

/** Names in an object, without those of extended classes of the browser. */
type Own<T> = T extends EventTarget ? Exclude<keyof T, keyof EventTarget> : keyof T;

/** Whether a function takes a list first, of whatever elements. */
type IsEndpoint<F> = F extends (args: infer A, ...rest: any[]) => unknown
  ? unknown extends A
    ? true
    : A extends any[]
      ? F extends Endpoint<A, any>
        ? true
        : false
      : false
  : false;

/** An object whose functions are all {@link Endpoint}s. */
export type Endpoints<T> = {
  [K in Own<T>]: T[K] extends (...args: any[]) => unknown
    ? IsEndpoint<T[K]> extends true
      ? T[K]
      : never
    : T[K];
};

/** A {@link Registration} for each function of an object. */
export type Registrations<T> = {
  [K in Own<T> as T[K] extends (...args: any[]) => unknown ? K : never]: Registration;
};

/** A result or a reply that is more than one positional value. */
export class Result<A extends unknown[] = any[], K extends object = Record<string, any>> {
  constructor(args?: A, kwargs?: K);
  args: A;
  kwargs: K;
  /** Details, for results with {@link CallOptions.details} only. */
  readonly details?: ResultDetails;
}

/** An event that the router has accepted. */
export class Publication {
  private constructor();
  /** Id of the publication. */
  readonly id: number;
}

/** A subscription with a handler. */
export class Subscription {
  protected constructor();
  /** The subscription's id. */
  readonly id: number;
  /** The topic or pattern. */
  readonly topic: string;
  /** True until the subscription has ended. */
  readonly isActive: boolean;
  /** Resolves when it has ended, for any reason, including a revocation by the router. */
  readonly ended: Promise<Ending>;
  /**
   * Unsubscribes. The handler receives no further event, even if it has already arrived. Further
   * calls, and calls after the session's end, do nothing.
   *
   * @throws {WampError} if the router refused it
   */
  unsubscribe(): Promise<void>;
}

/** A subscription for a loop. Its queue is bounded; see {@link EventDetails.missed}. */
export class EventStream extends Subscription implements AsyncIterableIterator<Event> {
  next(): Promise<IteratorResult<Event, undefined>>;
  return(value?: undefined): Promise<IteratorResult<Event, undefined>>;
  [Symbol.asyncIterator](): this;
}

/** A registered procedure. */
export class Registration {
  private constructor();
  /** The registration's id. */
  readonly id: number;
  /** The procedure or pattern. */
  readonly procedure: string;
  /** True until the registration has ended. */
  readonly isActive: boolean;
  /** Resolves when it has ended, for any reason, including a revocation by the router. */
  readonly ended: Promise<Ending>;
  /**
   * Unregisters. Running calls are still answered. Further calls of this method, and calls after the
   * session's end, do nothing.
   *
   * @throws {WampError} if the router refused it
   */
  unregister(): Promise<void>;
}

/**
 * Error that a callee or the router sent, or that an endpoint throws to send it. The other errors of
 * the package are subclasses of it.
 */
export class WampError extends Error {
  /**
   * @param uri the error as a URI
   * @param args positional values, often one text for people
   * @param message the text of the error. Default: `uri` and, if it is a text, `args[0]`
   */
  constructor(
    uri: string,
    args?: unknown[],
    kwargs?: Record<string, unknown>,
    message?: string,
    options?: { cause?: unknown },
  );
  /** The error as a URI. */
  uri: string;
  /** Positional values of the error. */
  args: any[];
  /** Keyword values of the error. */
  kwargs: Record<string, any>;
  /** Session of the callee if disclosed; so are `calleeAuthid` and `calleeAuthrole`. */
  callee?: number;
  calleeAuthid?: string;
  calleeAuthrole?: string;
  /** Lines that the callee has sent to callers of this role, also in `kwargs`. */
  traceback?: string[];
  /**
   * All details of an error that was received, if it has some: also `forward_for`, and keys of extensions such as `x_…`.
   */
  details?: { callee?: number; calleeAuthid?: string; calleeAuthrole?: string; [key: string]: any };
}

/** The router could not be reached, or refused the session; `uri` is its reason. */
export class ConnectError extends WampError {}

/** The session has ended; `uri` is the reason. */
export class SessionClosedError extends WampError {}

/** A time limit has passed. */
export class TimeoutError extends WampError {}

/** A value cannot be sent; the message contains its path, such as `args[0].user.name`. */
export class EncodeError extends WampError {}

/** A received value cannot be decoded. */
export class DecodeError extends WampError {}
