/** The session, and what its methods return. */

import type { Deferred } from './extensions.js';
import type { Args, CloseReason, Ending, Kwargs, Serializer, Welcome } from './index.js';
import type { Meta } from './meta.js';
import type {
  Call,
  CallOptions,
  Endpoint,
  Event,
  EventHandler,
  Parts,
  PublishOptions,
  RegisterOptions,
  ResultDetails,
  SubscribeOptions,
} from './options.js';

// Without it, the types that are not exported would be.
export {};

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
