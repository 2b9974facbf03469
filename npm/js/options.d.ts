/** Options, details, handlers and running calls of a session. */

import type { Args, ArgsIn, Kwargs, KwargsIn, Match, Value } from './index.js';
import type { Result } from './session.js';

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
