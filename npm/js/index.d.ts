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
 * Values on their way out: `null` and `undefined` become null; a number that is an integer within
 * ±2^53 becomes an integer, any other number a float; a `bigint` becomes an integer (64 bits at
 * most); `ArrayBuffer` and its views become binary data; an array becomes a list; a plain object,
 * an instance of a class and a `Map` with string keys become a dict; an object with `toJSON()` (a
 * `Date`, say) becomes what that returns. Functions, symbols, errors, sets, promises, cycles and
 * what is deeper than 100 levels are refused with an {@link EncodeError} that names the place.
 *
 * Values on their way in: null becomes `null`; an integer becomes a `number`, or a `bigint` outside
 * ±2^53; binary data becomes a `Uint8Array` of its own; a dict becomes a plain object.
 */

import type { Meta } from './meta.js';

export * from './component.js';
export * from './meta.js';

/** The URIs of errors and of closing, under the names that they have in Rust. */
export * as uris from './uris.js';

/** What comes in from a router. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value };

/** Positional values on their way out. */
export type Args = readonly unknown[];

/** Keyword values on their way out. */
export type Kwargs = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** Positional values as they come in. */
export type ArgsIn = Value[];

/** Keyword values as they come in. */
export type KwargsIn = { [key: string]: Value };

/** A wire format. */
export type Serializer = 'cbor' | 'msgpack' | 'json';

/** How a topic or a procedure is matched. */
export type Match = 'exact' | 'prefix' | 'wildcard';

/** What {@link init} can load the wasm module from. */
export type WasmSource =
  | string
  | URL
  | Request
  | Response
  | BufferSource
  | WebAssembly.Module
  | Promise<Response>;

/**
 * Loads the wasm module. {@link connect} does it by itself, from `wampwerk_bg.wasm` beside
 * `index.js`; call it only to load earlier, or from somewhere else. Further calls do nothing.
 *
 * @throws {ConnectError} if it cannot be loaded; a further call tries again
 */
export function init(source?: WasmSource): Promise<void>;

export interface ConnectOptions {
  /** Where the router is: `ws://` or `wss://`. */
  url: string | URL;
  /** The realm to join. */
  realm: string;
  /** What to offer, best first. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly Serializer[];
  /** How long each step (connecting, joining) may take, in milliseconds. Default: 10 000. */
  timeout?: number;
  /**
   * Whether to offer the subprotocols with batches of messages, too, each before the one without.
   * What is sent at a time then goes as one WebSocket message. Default: false.
   */
  batched?: boolean;
  /**
   * What calls and publications say about `discloseMe` unless they say it themselves. Default:
   * nothing, so it is the router's rule.
   */
  discloseMe?: boolean;
  /**
   * A look at WELCOME before the session is handed out. If it returns `false` or throws (or the
   * promise that it returns gives that), the session is left again, and {@link connect} fails with
   * `wamp.error.cannot_authenticate` and what was thrown as the error's `cause`. It is asked for
   * {@link Session.rejoin}, too.
   *
   * ```js
   * const onWelcome = ({ authrole }) => authrole === 'admin';
   * ```
   */
  onWelcome?: (welcome: Welcome) => unknown;
  /**
   * How the session proves who it is: methods with their settings, the preferred first; the router
   * takes the first that it can do. Not with `authmethods`. Default: none is offered, which is
   * `anonymous` for most routers.
   *
   * ```js
   * await connect({ url, realm, authentication: { wampcra: { authid: 'joe', secret: 'secret2' } } });
   * ```
   *
   * A router that does not let it in makes {@link connect} fail with the router's reason, as
   * `wamp.error.authentication_failed` (Crossbar: `wamp.error.not_authorized`).
   */
  authentication?: Authentication;
  /**
   * The names of the methods to offer, as in Autobahn|JS: those that {@link onchallenge} answers,
   * or without it those that need no answer, as `anonymous` and `cookie`.
   */
  authmethods?: readonly string[];
  /** Who the session wants to be. */
  authid?: string;
  /** The role that it wants. */
  authrole?: string;
  /** More for the router. */
  authextra?: Kwargs;
  /**
   * Answers the router's challenge, as in Autobahn|JS: with the signature, or `[signature, extra]`,
   * or a promise of that. It has as long as `timeout`. What it throws makes {@link connect} fail
   * with `wamp.error.cannot_authenticate`, as the error's `cause`; the router is told the text.
   *
   * ```js
   * const onchallenge = (_session, method) => prompt(`The ${method}, please`);
   * await connect({ url, realm, authmethods: ['ticket'], authid: 'joe', onchallenge });
   * ```
   *
   * @param session undefined: there is none yet
   */
  onchallenge?: (session: undefined, method: string, extra: KwargsIn) => ChallengeAnswer | PromiseLike<ChallengeAnswer>;
}

/** What goes to the router as the answer to its challenge: the signature, and more. */
export type ChallengeAnswer = string | readonly [signature: string, extra: Kwargs];

/** What all methods may have; they must say the same. */
export interface Identity {
  /** Who the session wants to be. */
  authid?: string;
  /** The role that it wants. */
  authrole?: string;
  /** More for the router. */
  authextra?: Kwargs;
}

/** Methods of authentication, with their settings. Their order counts. */
export interface Authentication {
  anonymous?: Identity;
  'anonymous-proxy'?: Identity;
  /** The browser sends the cookie. */
  cookie?: Identity;
  /** The browser has shown a certificate. */
  tls?: Identity;
  /** The secret goes to the router as it is. */
  ticket?: Identity & { ticket: string };
  /** The challenge is signed with a secret that both know. */
  wampcra?: Identity & { authid: string; secret: string };
  /** The challenge is signed with an Ed25519 key. */
  cryptosign?: CryptosignSettings;
  'cryptosign-proxy'?: CryptosignSettings;
  /** SCRAM as Autobahn and Crossbar speak it: both ends prove that they know the password. */
  scram?: Identity & { authid: string; password: string };
  /** SCRAM as the specification has it. With both dialects their settings must be the same. */
  'wamp-scram'?: Identity & { authid: string; password: string };
}

export interface CryptosignSettings extends Identity {
  /**
   * The private key: its seed as 64 hexadecimal digits or 32 bytes, or the text of an OpenSSH key
   * without a passphrase.
   */
  privkey: string | Uint8Array;
  /** The router's public key, as 64 hexadecimal digits: a router that does not prove it is left. */
  router_key?: string;
}

/**
 * Connects to a router and joins a realm.
 *
 * The session stays open until {@link Session.leave}, or until the router or the network ends it;
 * letting go of the object does not end it.
 *
 * @throws {ConnectError} if the router cannot be reached or does not let the session in, or
 *   `onWelcome` refuses it
 * @throws {TimeoutError} if it takes too long
 * @throws {TypeError} if an option is of the wrong type
 */
export function connect(options: ConnectOptions): Promise<Session>;

/** Who ended a session, and how. */
export type CloseKind =
  /** We left, and the router answered. */
  | 'left'
  /** The router said goodbye. */
  | 'goodbye'
  /** The router aborted the session. */
  | 'aborted'
  /** The router broke the protocol, and we aborted. */
  | 'violation'
  /** The connection was closed or broke. */
  | 'transport-lost'
  /** The router did not answer in time. */
  | 'timed-out';

/** Why a session ended. */
export interface CloseReason {
  readonly kind: CloseKind;
  /** The reason as a URI, as in `wamp.close.normal`. */
  readonly reason: string;
  /** A text for people, if there is one. */
  readonly message: string | null;
}

/** Who ended a subscription or registration, and why. */
export interface Ending {
  /** Its own session, the router (which took it back), or the end of the session. */
  readonly kind: 'withdrawn' | 'revoked' | 'closed';
  /** The reason as a URI, where there is one; else empty. */
  readonly reason: string;
  /** A text for people, if there is one. */
  readonly message: string | null;
}

/** What the router says in WELCOME, as it is on the wire. */
export interface Welcome {
  /** As whom the session has joined. */
  readonly authid?: string;
  /** Its role. */
  readonly authrole?: string;
  /** How it has proved who it is. */
  readonly authmethod?: string;
  /** Who has checked that. */
  readonly authprovider?: string;
  /** What else the router says about it. */
  readonly authextra?: KwargsIn;
  /** The router's name and version. */
  readonly agent?: string;
  /** The router's roles, with the features that it has; see {@link Session.supports}. */
  readonly roles?: {
    readonly [role: string]: { readonly features?: { readonly [feature: string]: boolean } };
  };
  readonly [detail: string]: unknown;
}

/** How the router is told that a call is given up. */
export type CancelMode =
  /** The callee goes on, and its answer is dropped. */
  | 'skip'
  /** The callee is interrupted; the router keeps the call open until it has ended there. */
  | 'kill'
  /** The callee is interrupted, and the router is done with the call at once. */
  | 'killnowait';

/**
 * Options of a call. `P` is what a progressive result is.
 *
 * Other options of the router are sent as they are, under their names on the wire, which have an
 * underscore: `{ x_priority: 3 }`. Anything else is refused with a `TypeError`.
 */
export interface CallOptions<P = unknown> {
  /**
   * How long to wait for the result, in milliseconds; of a call with progressive results, how long
   * for the next one. Then the call fails with {@link TimeoutError} and is cancelled at the router.
   * The timer is this side's own and needs nothing of the router. Default: for ever.
   */
  timeout?: number;
  /**
   * How long the router lets the call run, in milliseconds (rounded up); the call then fails with
   * `wamp.error.timeout`. A router without call timeouts ignores it.
   *
   * **Crossbar reads the number as seconds** and answers `wamp.error.canceled`: with it, `5_000`
   * means 83 minutes. `timeout` means the same everywhere; prefer it.
   */
  routerTimeout?: number;
  /**
   * Gives the call up when it aborts: the promise is rejected with the signal's reason at once
   * (an `AbortError`, unless the signal was given another), and the router is told.
   */
  signal?: AbortSignal;
  /** How the router is told when the call is given up. Default: `'killnowait'`. */
  cancelMode?: CancelMode;
  /** Whether results are to be {@link Result}s with `details` in any case. Default: false. */
  details?: boolean;
  /**
   * Asks for progressive results, and gets each in the form that the last one has, in order and
   * before the promise resolves. What it throws goes to `reportError()`. See also {@link Call}.
   */
  onProgress?: (step: P) => unknown;
  /** Whether the callee may know the caller. Default: that of {@link ConnectOptions}. */
  discloseMe?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a publication. Others are sent as with {@link CallOptions}. */
export interface PublishOptions {
  /** Whether to wait until the router has taken the event. Default: false. */
  acknowledge?: boolean;
  /** Whether this session itself gets no event. Default: true. */
  excludeMe?: boolean;
  /** Ids of sessions that get no event. */
  exclude?: readonly number[];
  /** Authids whose sessions get no event. */
  excludeAuthid?: readonly string[];
  /** Roles whose sessions get no event. */
  excludeAuthrole?: readonly string[];
  /** Ids of the only sessions that get the event. Empty: nobody (Crossbar: everybody). */
  eligible?: readonly number[];
  /** The only authids whose sessions get the event. */
  eligibleAuthid?: readonly string[];
  /** The only roles whose sessions get the event. */
  eligibleAuthrole?: readonly string[];
  /**
   * Whether the router keeps the event for those who subscribe later with `getRetained`. It keeps
   * the last one of each topic. Default: false.
   */
  retain?: boolean;
  /** Whether subscribers may know the publisher. Default: that of {@link ConnectOptions}. */
  discloseMe?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a subscription. Others are sent as with {@link CallOptions}. */
export interface SubscribeOptions {
  /**
   * How the topic is matched. Default: `'exact'`. `'prefix'`: all topics that begin so;
   * `'wildcard'`: an empty component stands for any one, as in `com..created`.
   */
  match?: Match;
  /** Whether to get the retained events first, with `details.retained`. Default: false. */
  getRetained?: boolean;
  /** How many events may wait; what comes beyond is lost, and counted. Default: 1024. */
  queue?: number;
  [option: `${string}_${string}`]: unknown;
}

/** Options of a registration. Others are sent as with {@link CallOptions}. */
export interface RegisterOptions {
  /** How the procedure is matched, as with {@link SubscribeOptions.match}. Default: `'exact'`. */
  match?: Match;
  /** How several callees share the procedure; all must say the same. Default: `'single'`. */
  invoke?: 'single' | 'first' | 'last' | 'random' | 'roundrobin';
  /** How many calls this callee takes at a time (Crossbar, embedded router). Default: no limit. */
  concurrency?: number;
  /**
   * Whether to take the procedure over from a callee that registered it with this option, too
   * (Crossbar, embedded router): as after a reconnect. Default: false.
   */
  forceReregister?: boolean;
  /** Whether to be told who calls. Default: the router's rule. */
  discloseCaller?: boolean;
  /**
   * Whether callers' `routerTimeout` is kept here and not by the router: `details.signal` is aborted
   * then, and the caller gets `wamp.error.timeout`. Default: false.
   */
  forwardTimeout?: boolean;
  [option: `${string}_${string}`]: unknown;
}

/** What is known about a result; see {@link CallOptions.details}. */
export interface ResultDetails {
  /** Whether it is a progressive one. */
  progress?: boolean;
  /** The session that answered, if the router tells; as `calleeAuthid` and `calleeAuthrole`. */
  callee?: number;
  calleeAuthid?: string;
  calleeAuthrole?: string;
  /** How many progressive results were lost before this one, taken too slowly; else not there. */
  missed?: number;
  [detail: string]: Value | undefined;
}

/** What is known about an event. */
export interface EventDetails {
  /** The topic it was published to. */
  topic: string;
  /** The event's id. */
  publication: number;
  /** The publisher's session, if the router tells; as `publisherAuthid` and `publisherAuthrole`. */
  publisher?: number;
  publisherAuthid?: string;
  publisherAuthrole?: string;
  /** Whether it was published before the subscription, and kept. */
  retained?: boolean;
  /** How many events were lost before this one because the handler was too slow; else not there. */
  missed?: number;
  [detail: string]: Value | undefined;
}

/** What is known about an invocation, and what an endpoint can do beside answering. */
export interface InvocationDetails {
  /** The procedure that was called; with a pattern, which one. */
  readonly procedure: string;
  /** The caller's session, if the router tells; as `callerAuthid` and `callerAuthrole`. */
  readonly caller?: number;
  readonly callerAuthid?: string;
  readonly callerAuthrole?: string;
  /** How long the call may take, in milliseconds, if the caller said so. */
  readonly timeout?: number;
  /**
   * Aborted when the caller gives the call up or the session ends; its reason is the
   * {@link WampError}. What the endpoint returns then goes nowhere.
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
   * Sends a result that is not the last. Not there if the caller did not ask for such.
   *
   * ```js
   * session.register('com.example.count', async ([to], kwargs, { progress }) => {
   *   for (let n = 1; n < to; n++) await progress?.([n]);
   *   return to;
   * });
   * ```
   *
   * It resolves when the result is on its way. It is rejected with `wamp.error.canceled` if the call
   * is over, and with an {@link EncodeError} if the values cannot be sent. Where nobody waits for
   * it, the former passes quietly, and the latter is an `unhandledrejection` of the page.
   */
  readonly progress?: (
    args?: Args | null,
    kwargs?: Kwargs | null,
  ) => Promise<void>;
  /**
   * All arguments, part by part, if the caller sends them so; else the one part there is. The loop
   * throws if the call is given up in between, and if parts were lost because more than 1024 were
   * waiting.
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
 * Gets the events of a subscription one after the other: the next one waits until what the handler
 * returned has settled. What it throws goes to `reportError()`, and the next event follows.
 */
export type EventHandler = (
  args: any[],
  kwargs: Record<string, any>,
  details: EventDetails,
) => unknown;

/**
 * Answers calls; several at a time if it is asynchronous.
 *
 * What it returns is the result: one positional value, none for `undefined`, or a {@link Result}
 * for any other form. A {@link WampError} that it throws goes to the caller as it is, an error of a
 * class of {@link Session.define} under its URI; any other error does as
 * `wamp.error.runtime_error` with its message.
 */
export type Endpoint = (
  args: any[],
  kwargs: Record<string, any>,
  details: InvocationDetails,
) => unknown;

/**
 * A call under way: a promise of the result, and a loop over the progressive results before it.
 *
 * ```js
 * const call = session.call('com.example.count', [10]);
 * for await (const step of call) console.log(step);
 * console.log('the last:', await call);
 * ```
 *
 * The loop asks for progressive results, so it must begin where the call is made: before anything is
 * awaited, and once. Leaving it cancels the call; if the call fails, the loop throws. At most 1024
 * results wait for it, beyond they are lost and counted in {@link ResultDetails.missed} (without
 * `details`, the console tells).
 */
export interface Call<T, P = T> extends Promise<T>, AsyncIterable<P> {}

/**
 * Arguments that come in parts, each a list or a {@link Result} with keyword values: a generator,
 * a `ReadableStream`, or any other asynchronous iterable. The value that a generator returns is the
 * last part.
 */
export type Parts = AsyncIterable<Args | Result> | ReadableStream<Args | Result>;

/** A session in a realm. Made by {@link connect}. */
export class Session {
  private constructor();

  /** The session's id. */
  readonly id: number;
  /** The realm that was joined. */
  readonly realm: string;
  /** The wire format that the router chose. */
  readonly serializer: Serializer;
  /** What the router said when it let the session in. */
  readonly welcome: Welcome;
  /** As whom the router sees the session. */
  readonly authid: string | undefined;
  /** Its role. */
  readonly authrole: string | undefined;
  /** How it was authenticated. */
  readonly authmethod: string | undefined;
  /** Who has authenticated it. */
  readonly authprovider: string | undefined;
  /** What else the router says about it. */
  readonly authextra: Welcome['authextra'];
  /** What the router can tell about its sessions, registrations and subscriptions. */
  readonly meta: Meta;
  /** Whether the session can still be used. */
  readonly isOpen: boolean;
  /** Why it ended; null while it is open. */
  readonly closeReason: CloseReason | null;
  /** Resolves when the session has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<CloseReason>;

  /**
   * Whether the router announced a feature: `supports('dealer', 'call_canceling')`. What needs one
   * that it did not is refused with `wamp.error.feature_not_supported`, before it is sent.
   */
  supports(role: 'broker' | 'dealer' | (string & {}), feature: string): boolean;

  /**
   * Gives the errors of a URI a class of your own, in both directions, for this session and those
   * that {@link rejoin} makes of it.
   *
   * An error with that URI that comes in is made by `new errorClass(...args)`, and gets the
   * properties of a {@link WampError} where it does not have such itself; a subclass of
   * {@link WampError} is made as that is. An instance that an endpoint throws goes out under the
   * URI, with its `args` (or else its message) and `kwargs`. Of a subclass, the nearest class that
   * is defined counts.
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
   * Gives the beginning of URIs a short name, for this session and those that {@link rejoin} makes
   * of it: after `prefix('shop', 'com.example.shop')`, `'shop:order'` means
   * `com.example.shop.order` wherever a topic or
   * procedure is called, published, subscribed or registered. `null` takes it back. A name that no
   * prefix is known for is taken as it is, since WAMP's URIs may have colons.
   */
  prefix(name: string, uri: string | null): this;

  /** What a short name stands for, or the name itself. */
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
   * Publishes an event. With `acknowledge` it waits for the router, and gives the event's id.
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
   * end; letting go of the {@link Subscription} changes nothing.
   *
   * @throws {WampError} if the router refused it
   * @throws {SessionClosedError} if the session has ended
   */
  subscribe(
    topic: string,
    handler: EventHandler,
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
   * Offers a procedure, until `unregister()` or the session's end; letting go of the
   * {@link Registration} changes nothing.
   *
   * @throws {WampError} if the router refused it, as `wamp.error.procedure_already_exists`
   * @throws {SessionClosedError} if the session has ended
   */
  register(
    procedure: string,
    endpoint: Endpoint,
    options?: RegisterOptions,
  ): Promise<Registration>;

  /**
   * Offers all functions of an object, or none: its own, and those of its class and of the classes
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
   * @throws {WampError} if the router refused one of them; the others are taken back
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
   * Has the router publish an event when this session ends, in whatever way. Several are published
   * in the order in which they were added.
   *
   * @throws {WampError} `wamp.error.no_such_procedure` if the router has no testaments
   */
  addTestament(
    topic: string,
    args?: Args | null,
    kwargs?: Kwargs | null,
    options?: TestamentOptions,
  ): Promise<void>;

  /** Takes back all testaments of a scope. Default: `'destroyed'`. */
  flushTestaments(scope?: TestamentScope): Promise<void>;

  /**
   * Leaves the realm. It resolves when the session is over, after 3 s at the latest, also if it had
   * ended before; the connection is closed right behind it.
   *
   * @param reason a URI. Default: `wamp.close.close_realm`
   * @param message a text for people
   */
  leave(reason?: string, message?: string): Promise<CloseReason>;

  /**
   * Leaves, and joins a realm again over the same connection. This session is over then; what was
   * given to {@link define} and {@link prefix} goes over to the new one.
   *
   * @param realm Default: the same
   * @throws {ConnectError} if the router or `onWelcome` does not let the new session in, or this one
   *   is over
   */
  rejoin(realm?: string): Promise<Session>;

  /**
   * Calls back once when the session has ended, whoever ended it, also if it already has.
   *
   * @returns a function that takes the callback back
   */
  onClose(callback: (reason: CloseReason) => void): () => void;
}

/** When a testament is published; the same where sessions cannot be resumed. */
export type TestamentScope =
  /** When the session is over. */
  | 'destroyed'
  /** When its connection is lost. */
  | 'detached';

/** How a testament is published, and when. */
export interface TestamentOptions extends PublishOptions {
  /** Default: `'destroyed'`. */
  scope?: TestamentScope;
}

/** The names in an object but those of the browser's that its class extends. */
type Own<T> = T extends EventTarget ? Exclude<keyof T, keyof EventTarget> : keyof T;

/** An object whose functions are all {@link Endpoint}s. */
export type Endpoints<T> = {
  [K in Own<T>]: T[K] extends (...args: any[]) => unknown
    ? T[K] extends Endpoint
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
  /** Only of results, and with {@link CallOptions.details}. */
  readonly details?: ResultDetails;
}

/** An event that the router has taken. */
export class Publication {
  private constructor();
  /** The event's id. */
  readonly id: number;
}

/** A subscription with a handler. */
export class Subscription {
  protected constructor();
  /** The subscription's id. */
  readonly id: number;
  /** The topic or pattern. */
  readonly topic: string;
  /** Whether events can still come. */
  readonly isActive: boolean;
  /** Resolves when it has ended, whoever ended it: also when the router took it back. */
  readonly ended: Promise<Ending>;
  /**
   * Ends it. The handler gets no event from now on, also none that has already arrived. Further
   * calls, and those after the session's end, do nothing.
   *
   * @throws {WampError} if the router refused it
   */
  unsubscribe(): Promise<void>;
}

/** A subscription for a loop. Events that wait for it are bounded; see {@link EventDetails.missed}. */
export class EventStream extends Subscription implements AsyncIterableIterator<Event> {
  next(): Promise<IteratorResult<Event, undefined>>;
  return(value?: undefined): Promise<IteratorResult<Event, undefined>>;
  [Symbol.asyncIterator](): this;
}

/** A procedure that is offered. */
export class Registration {
  private constructor();
  /** The registration's id. */
  readonly id: number;
  /** The procedure or pattern. */
  readonly procedure: string;
  /** Whether it can still be called. */
  readonly isActive: boolean;
  /** Resolves when it has ended, whoever ended it: also when the router took it back. */
  readonly ended: Promise<Ending>;
  /**
   * Takes it back. Calls that are under way are still answered. Further calls, and those after the
   * session's end, do nothing.
   *
   * @throws {WampError} if the router refused it
   */
  unregister(): Promise<void>;
}

/**
 * What a callee or the router answered, and what an endpoint throws to answer so. The other errors
 * of the package are subclasses of it.
 */
export class WampError extends Error {
  /**
   * @param uri what went wrong, as a URI
   * @param args values about it, often one text for people
   * @param message the text of the error. Default: `uri` and, if it is a text, `args[0]`
   */
  constructor(
    uri: string,
    args?: unknown[],
    kwargs?: Record<string, unknown>,
    message?: string,
    options?: { cause?: unknown },
  );
  /** What went wrong, as a URI. */
  uri: string;
  /** Positional values about it. */
  args: any[];
  /** Keyword values about it. */
  kwargs: Record<string, any>;
  /** The session that answered so, if the router tells; as `calleeAuthid` and `calleeAuthrole`. */
  callee?: number;
  calleeAuthid?: string;
  calleeAuthrole?: string;
}

/** The router could not be reached, or did not let the session in; `uri` is its reason. */
export class ConnectError extends WampError {}

/** The session has ended; `uri` is the reason. */
export class SessionClosedError extends WampError {}

/** Something took longer than it was allowed to. */
export class TimeoutError extends WampError {}

/** A value cannot be sent; the message names its place, as in `args[0].user.name`. */
export class EncodeError extends WampError {}

/** What came in cannot be read. */
export class DecodeError extends WampError {}
