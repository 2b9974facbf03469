/** The meta API: requests and events about sessions, registrations and subscriptions. */

import type {
  ArgsIn,
  EventDetails,
  KwargsIn,
  Match,
  Subscription,
  Value,
} from './index.js';

/** A session, as described by the router. */
export interface SessionInfo {
  /** Its id. */
  session: number;
  /** The authid of the session. */
  authid?: string | null;
  /** Its role. */
  authrole?: string | null;
  /** Authentication method. */
  authmethod?: string | null;
  /** Authentication provider. */
  authprovider?: string | null;
  [detail: string]: Value | undefined;
}

/** Common fields of registrations and subscriptions. */
interface Info {
  /** Its id. */
  id: number;
  /** Time of creation: ISO 8601, in UTC. */
  created?: string;
  /** The procedure, topic or pattern. */
  uri: string;
  /** Match policy. */
  match: Match;
  [detail: string]: Value | undefined;
}

/** A registration, as described by the router. */
export interface RegistrationInfo extends Info {
  /** Invocation policy. */
  invoke: string;
}

/** A subscription, as described by the router. */
export interface SubscriptionInfo extends Info {}

/** Ids by match policy. */
export interface Lists {
  exact: number[];
  prefix: number[];
  /** Always empty in Crossbar's subscription lists. */
  wildcard: number[];
}

/** Result of ending several sessions. */
export interface Killed {
  /** Number of sessions. */
  count: number;
  /** Ids of the sessions; some routers return the number only. */
  sessions: number[];
}

export interface KillOptions {
  /** Reason in GOODBYE, a URI. Default: the router's, such as `wamp.close.killed`. */
  reason?: string;
  /** Text for people in GOODBYE. */
  message?: string;
}

/** Filter of an event history; all conditions must hold. Crossbar supports `limit` only. */
export interface HistoryOptions {
  /** True to return the newest events first. Default: false. */
  reverse?: boolean;
  /** Maximum number of events. */
  limit?: number;
  /** Topic of the events, for a pattern subscription. */
  topic?: string;
  /** Published at this time or later. Times are RFC 3339 texts. */
  fromTime?: string;
  /** Published later than this time. */
  afterTime?: string;
  /** Published before this time. */
  beforeTime?: string;
  /** Published at this time or before. */
  untilTime?: string;
  /** From this publication on. Ids of publications mean positions in the history. */
  fromPublication?: number;
  /** After this publication. */
  afterPublication?: number;
  /** Before this publication. */
  beforePublication?: number;
  /** Up to this publication, included. */
  untilPublication?: number;
}

/** An event of the history. */
export interface HistoryEvent {
  /** Time of publication: RFC 3339. Crossbar sends `time_ns` instead. */
  timestamp?: string;
  /** Id of the subscription that has the history. */
  subscription?: number;
  /** Id of the publication. */
  publication: number;
  args: ArgsIn;
  kwargs: KwargsIn;
  details: Partial<EventDetails>;
  [detail: string]: unknown;
}

/**
 * The meta API of a session's router, as `session.meta`.
 *
 * ```js
 * const { meta } = session;
 * for (const id of await meta.sessionList()) {
 *   const { authid, authrole } = await meta.sessionGet(id);
 *   console.log(id, authid, authrole);
 * }
 * await meta.onSessionJoin(({ session }) => console.log(`${session} has joined`));
 * ```
 *
 * The methods are calls and subscriptions and fail as these do: with
 * `wamp.error.no_such_procedure` if the router does not have the procedure, or does not allow it to
 * this session. The router announces the available parts; see {@link Session.supports}.
 */
export class Meta {
  private constructor();

  /** Returns the number of sessions, of all roles or of these only. */
  sessionCount(authroles?: readonly string[]): Promise<number>;
  /** Returns the ids of the sessions, of all roles or of these only. */
  sessionList(authroles?: readonly string[]): Promise<number[]>;
  /** @throws {WampError} `wamp.error.no_such_session` */
  sessionGet(session: number): Promise<SessionInfo>;
  /** Ends a session. @throws {WampError} `wamp.error.no_such_session` */
  kill(session: number, options?: KillOptions): Promise<Killed>;
  /** Ends all sessions of an authid except this one; Crossbar ends this one, too. */
  killByAuthid(authid: string, options?: KillOptions): Promise<Killed>;
  /** Ends all sessions of a role except this one; Crossbar ends this one, too. */
  killByAuthrole(authrole: string, options?: KillOptions): Promise<Killed>;
  /** Ends all other sessions. Crossbar does not have it. */
  killAll(options?: KillOptions): Promise<Killed>;

  registrationList(): Promise<Lists>;
  /** Returns the id of the registration of this procedure or pattern. */
  registrationLookup(procedure: string, match?: Match): Promise<number | null>;
  /** Returns the id of the registration that a call of this procedure would use. */
  registrationMatch(procedure: string): Promise<number | null>;
  /** @throws {WampError} `wamp.error.no_such_registration`, as the two below */
  registrationGet(registration: number): Promise<RegistrationInfo>;
  /** Returns the ids of its callees. */
  registrationListCallees(registration: number): Promise<number[]>;
  registrationCountCallees(registration: number): Promise<number>;
  /** Removes a callee from a registration; the callee is notified. */
  removeCallee(registration: number, callee: number, options?: { reason?: string }): Promise<void>;

  subscriptionList(): Promise<Lists>;
  /** Returns the id of the subscription to this topic or pattern. */
  subscriptionLookup(topic: string, match?: Match): Promise<number | null>;
  /** Returns the ids of all subscriptions that would receive an event of this topic. */
  subscriptionMatch(topic: string): Promise<number[]>;
  /** @throws {WampError} `wamp.error.no_such_subscription`, as the two below */
  subscriptionGet(subscription: number): Promise<SubscriptionInfo>;
  /** Returns the ids of its subscribers. */
  subscriptionListSubscribers(subscription: number): Promise<number[]>;
  subscriptionCountSubscribers(subscription: number): Promise<number>;
  /** Removes a subscriber from a subscription; the subscriber is notified. */
  removeSubscriber(
    subscription: number,
    subscriber: number,
    options?: { reason?: string },
  ): Promise<void>;

  /**
   * Returns the event history of a subscription. The router's configuration decides which topics
   * have a history.
   *
   * @throws {WampError} `wamp.error.no_such_subscription`, `wamp.error.history_unavailable`
   */
  events(subscription: number, options?: HistoryOptions): Promise<HistoryEvent[]>;

  /** Calls the handler for each session that joins. */
  onSessionJoin(handler: (info: SessionInfo) => unknown): Promise<Subscription>;
  /** Calls the handler for each session that has left. Crossbar sends the id only. */
  onSessionLeave(
    handler: (info: { session: number; authid?: string; authrole?: string }) => unknown,
  ): Promise<Subscription>;
  /** Calls the handler for each new registration, before `onRegistrationRegister`. */
  onRegistrationCreate(
    handler: (info: { session: number; registration: RegistrationInfo }) => unknown,
  ): Promise<Subscription>;
  /** Calls the handler for each added callee. */
  onRegistrationRegister(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls the handler for each removed callee. */
  onRegistrationUnregister(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls the handler for each registration without a callee left. */
  onRegistrationDelete(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls the handler for each new subscription, before `onSubscriptionSubscribe`. */
  onSubscriptionCreate(
    handler: (info: { session: number; subscription: SubscriptionInfo }) => unknown,
  ): Promise<Subscription>;
  /** Calls the handler for each added subscriber. */
  onSubscriptionSubscribe(handler: SubscriptionHandler): Promise<Subscription>;
  /** Calls the handler for each removed subscriber. */
  onSubscriptionUnsubscribe(handler: SubscriptionHandler): Promise<Subscription>;
  /** Calls the handler for each subscription without a subscriber left. */
  onSubscriptionDelete(handler: SubscriptionHandler): Promise<Subscription>;
}

type RegistrationHandler = (info: { session: number; registration: number }) => unknown;

type SubscriptionHandler = (info: { session: number; subscription: number }) => unknown;
