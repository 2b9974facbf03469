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
}

/**
 * Connects to a router and joins a realm.
 *
 * The session stays open until {@link Session.leave}, or until the router or the network ends it;
 * letting go of the object does not end it.
 *
 * @throws {ConnectError} if the router cannot be reached or does not let the session in
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

export interface CallOptions {
  /** How long to wait for the result, in milliseconds. Default: for ever. */
  timeout?: number;
  /** Whether the callee may know the caller. Default: the router's rule. */
  disclose_me?: boolean;
  /** Further options, sent as they are. */
  [option: string]: unknown;
}

export interface PublishOptions {
  /** Whether to wait until the router has taken the event. Default: false. */
  acknowledge?: boolean;
  /** Whether this session itself gets no event. Default: true. */
  exclude_me?: boolean;
  /** Ids of sessions that get no event. */
  exclude?: readonly number[];
  /** Ids of the only sessions that get the event. */
  eligible?: readonly number[];
  /** Whether subscribers may know the publisher. Default: the router's rule. */
  disclose_me?: boolean;
  /** Further options, sent as they are. */
  [option: string]: unknown;
}

export interface SubscribeOptions {
  /** How the topic is matched, where the router can do more than `'exact'`, the default. */
  match?: Match;
  /** Further options, sent as they are. */
  [option: string]: unknown;
}

export interface RegisterOptions {
  /** How the procedure is matched, where the router can do more than `'exact'`, the default. */
  match?: Match;
  /** How several callees share the procedure, where the router can. Default: `'single'`. */
  invoke?: 'single' | 'first' | 'last' | 'random' | 'roundrobin';
  /** Further options, sent as they are. */
  [option: string]: unknown;
}

/** What is known about an event. */
export interface EventDetails {
  /** The topic it was published to. */
  topic: string;
  /** The event's id. */
  publication: number;
  /** The publisher's session, if the router tells. */
  publisher?: number;
  /** How many events were lost before this one because the handler was too slow; else not there. */
  missed?: number;
  [detail: string]: Value | undefined;
}

/** What is known about an invocation. */
export interface InvocationDetails {
  /** The procedure that was called. */
  procedure: string;
  /** The caller's session, if the router tells. */
  caller?: number;
  [detail: string]: Value | undefined;
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
 * for any other form. A {@link WampError} that it throws goes to the caller as it is; any other
 * error does as `wamp.error.runtime_error` with its message.
 */
export type Endpoint = (
  args: any[],
  kwargs: Record<string, any>,
  details: InvocationDetails,
) => unknown;

/** A session in a realm. Made by {@link connect}. */
export class Session {
  private constructor();

  /** The session's id. */
  readonly id: number;
  /** The realm that was joined. */
  readonly realm: string;
  /** The wire format that the router chose. */
  readonly serializer: Serializer;
  /** Whether the session can still be used. */
  readonly isOpen: boolean;
  /** Why it ended; null while it is open. */
  readonly closeReason: CloseReason | null;
  /** Resolves when the session has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<CloseReason>;

  /**
   * Calls a procedure. The result is its one positional value, `undefined` if it has none, and a
   * {@link Result} if it has several or keyword values.
   *
   * @throws {WampError} with the `uri`, `args` and `kwargs` that the callee or the router answered
   * @throws {TimeoutError} if `options.timeout` passed
   * @throws {EncodeError} if the arguments cannot be sent
   * @throws {SessionClosedError} if the session has ended, or ends before the answer
   */
  call<T = unknown>(
    procedure: string,
    args?: Args | null,
    kwargs?: Kwargs | null,
    options?: CallOptions | null,
  ): Promise<T>;

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
   * Leaves the realm. It resolves when the session is over, after 3 s at the latest, also if it had
   * ended before; the connection is closed right behind it.
   *
   * @param reason a URI. Default: `wamp.close.close_realm`
   * @param message a text for people
   */
  leave(reason?: string, message?: string): Promise<CloseReason>;

  /**
   * Calls back once when the session has ended, whoever ended it, also if it already has.
   *
   * @returns a function that takes the callback back
   */
  onClose(callback: (reason: CloseReason) => void): () => void;
}

/** A result or a reply that is more than one positional value. */
export class Result {
  constructor(args?: unknown[], kwargs?: Record<string, unknown>);
  args: any[];
  kwargs: Record<string, any>;
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
