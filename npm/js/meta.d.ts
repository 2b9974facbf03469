/** What a session can ask the router about others, and be told of them. */

import type {
  ArgsIn,
  EventDetails,
  KwargsIn,
  Match,
  Subscription,
  Value,
} from './index.js';

/** A session, as its router tells of it. */
export interface SessionInfo {
  /** Its id. */
  session: number;
  /** As whom it has joined. */
  authid?: string | null;
  /** Its role. */
  authrole?: string | null;
  /** How it has proved who it is. */
  authmethod?: string | null;
  /** Who has checked that. */
  authprovider?: string | null;
  [detail: string]: Value | undefined;
}

/** What is the same of registrations and subscriptions. */
interface Info {
  /** Its id. */
  id: number;
  /** When it was made: ISO 8601, in UTC. */
  created?: string;
  /** The procedure, topic or pattern. */
  uri: string;
  /** How it matches. */
  match: Match;
  [detail: string]: Value | undefined;
}

/** A registration, as its router tells of it. */
export interface RegistrationInfo extends Info {
  /** How its calls are shared among its callees. */
  invoke: string;
}

/** A subscription, as its router tells of it. */
export interface SubscriptionInfo extends Info {}

/** Ids by the way they match. */
export interface Lists {
  exact: number[];
  prefix: number[];
  /** Crossbar leaves it empty for subscriptions. */
  wildcard: number[];
}

/** What has been ended. */
export interface Killed {
  /** How many sessions. */
  count: number;
  /** Which, where the router tells; it may tell the count alone. */
  sessions: number[];
}

export interface KillOptions {
  /** The reason in GOODBYE, a URI. Default: the router's, as `wamp.close.killed`. */
  reason?: string;
  /** A text for people in GOODBYE. */
  message?: string;
}

/** What is wanted of an event history; all must hold. Crossbar knows `limit` only. */
export interface HistoryOptions {
  /** Whether the newest come first. Default: false. */
  reverse?: boolean;
  /** At most so many. */
  limit?: number;
  /** Of this topic, where the subscription is to a pattern. */
  topic?: string;
  /** Times are RFC 3339 texts: published then or later … */
  fromTime?: string;
  /** … later … */
  afterTime?: string;
  /** … before … */
  beforeTime?: string;
  /** … then or before. */
  untilTime?: string;
  /** Ids of publications go by their position in the history: from this on … */
  fromPublication?: number;
  /** … behind … */
  afterPublication?: number;
  /** … before … */
  beforePublication?: number;
  /** … up to and with this. */
  untilPublication?: number;
}

/** An event that the router has kept. */
export interface HistoryEvent {
  /** When it was published: RFC 3339. Crossbar gives `time_ns` instead. */
  timestamp?: string;
  /** The subscription that it was kept for. */
  subscription?: number;
  /** The event's id. */
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
 * It is made of calls and subscriptions, and fails as these do: with
 * `wamp.error.no_such_procedure` where the router does not have it, or does not let this session.
 * What it has it announces; see {@link Session.supports}.
 */
export class Meta {
  private constructor();

  /** How many sessions there are, of all roles or of these only. */
  sessionCount(authroles?: readonly string[]): Promise<number>;
  /** The ids of the sessions, of all roles or of these only. */
  sessionList(authroles?: readonly string[]): Promise<number[]>;
  /** @throws {WampError} `wamp.error.no_such_session` */
  sessionGet(session: number): Promise<SessionInfo>;
  /** Ends a session. @throws {WampError} `wamp.error.no_such_session` */
  kill(session: number, options?: KillOptions): Promise<Killed>;
  /** Ends all sessions of an authid; this one is spared, but not by Crossbar. */
  killByAuthid(authid: string, options?: KillOptions): Promise<Killed>;
  /** Ends all sessions of a role; this one is spared, but not by Crossbar. */
  killByAuthrole(authrole: string, options?: KillOptions): Promise<Killed>;
  /** Ends all other sessions. Crossbar does not have it. */
  killAll(options?: KillOptions): Promise<Killed>;

  registrationList(): Promise<Lists>;
  /** The registration that was made with this procedure or pattern. */
  registrationLookup(procedure: string, match?: Match): Promise<number | null>;
  /** The registration that a call of this procedure would go to. */
  registrationMatch(procedure: string): Promise<number | null>;
  /** @throws {WampError} `wamp.error.no_such_registration`, as the two below */
  registrationGet(registration: number): Promise<RegistrationInfo>;
  /** The sessions that serve it. */
  registrationListCallees(registration: number): Promise<number[]>;
  registrationCountCallees(registration: number): Promise<number>;
  /** Takes a registration away from one of its callees; that one is told. */
  removeCallee(registration: number, callee: number, options?: { reason?: string }): Promise<void>;

  subscriptionList(): Promise<Lists>;
  /** The subscription that was made with this topic or pattern. */
  subscriptionLookup(topic: string, match?: Match): Promise<number | null>;
  /** All subscriptions that would get an event of this topic. */
  subscriptionMatch(topic: string): Promise<number[]>;
  /** @throws {WampError} `wamp.error.no_such_subscription`, as the two below */
  subscriptionGet(subscription: number): Promise<SubscriptionInfo>;
  /** The sessions that have it. */
  subscriptionListSubscribers(subscription: number): Promise<number[]>;
  subscriptionCountSubscribers(subscription: number): Promise<number>;
  /** Takes a subscription away from one of its subscribers; that one is told. */
  removeSubscriber(
    subscription: number,
    subscriber: number,
    options?: { reason?: string },
  ): Promise<void>;

  /**
   * The events that the router has kept of a subscription. Which topics have a history is a matter
   * of the router's configuration.
   *
   * @throws {WampError} `wamp.error.no_such_subscription`, `wamp.error.history_unavailable`
   */
  events(subscription: number, options?: HistoryOptions): Promise<HistoryEvent[]>;

  /** Calls back for sessions that join. */
  onSessionJoin(handler: (info: SessionInfo) => unknown): Promise<Subscription>;
  /** Calls back for sessions that have left. Crossbar does not tell who they were. */
  onSessionLeave(
    handler: (info: { session: number; authid?: string; authrole?: string }) => unknown,
  ): Promise<Subscription>;
  /** Calls back for new registrations: before `onRegistrationRegister`. */
  onRegistrationCreate(
    handler: (info: { session: number; registration: RegistrationInfo }) => unknown,
  ): Promise<Subscription>;
  /** Calls back for callees that are added. */
  onRegistrationRegister(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls back for callees that go. */
  onRegistrationUnregister(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls back for registrations whose last callee has gone. */
  onRegistrationDelete(handler: RegistrationHandler): Promise<Subscription>;
  /** Calls back for new subscriptions: before `onSubscriptionSubscribe`. */
  onSubscriptionCreate(
    handler: (info: { session: number; subscription: SubscriptionInfo }) => unknown,
  ): Promise<Subscription>;
  /** Calls back for subscribers that are added. */
  onSubscriptionSubscribe(handler: SubscriptionHandler): Promise<Subscription>;
  /** Calls back for subscribers that go. */
  onSubscriptionUnsubscribe(handler: SubscriptionHandler): Promise<Subscription>;
  /** Calls back for subscriptions whose last subscriber has gone. */
  onSubscriptionDelete(handler: SubscriptionHandler): Promise<Subscription>;
}

type RegistrationHandler = (info: { session: number; registration: number }) => unknown;

type SubscriptionHandler = (info: { session: number; subscription: number }) => unknown;
