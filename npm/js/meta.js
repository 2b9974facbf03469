// The meta API: requests and events about sessions, registrations and subscriptions. Built on calls
// and subscriptions; the names are those of `session::meta` in Rust.

import { isObject, own, need, split } from './check.js';
import { Result } from './call.js';

/** The router checks what is given. */
const any = () => true;
const ends = ['from', 'after', 'before', 'until'].flatMap((word) => [`${word}Time`, `${word}Publication`]);
const filters = Object.fromEntries(['reverse', 'limit', 'topic', ...ends].map((name) => [name, any]));

export class Meta {
  #session;

  constructor(token, session) {
    own(token, 'session.meta');
    this.#session = session;
  }

  sessionCount(authroles) {
    return this.#ask('session.count', some(authroles));
  }

  sessionList(authroles) {
    return this.#ask('session.list', some(authroles));
  }

  sessionGet(session) {
    return this.#ask('session.get', [session]);
  }

  async kill(session, options) {
    await this.#kill('session.kill', [session], options);
    return { count: 1, sessions: [session] };
  }

  killByAuthid(authid, options) {
    return this.#kill('session.kill_by_authid', [authid], options);
  }

  killByAuthrole(authrole, options) {
    return this.#kill('session.kill_by_authrole', [authrole], options);
  }

  killAll(options) {
    return this.#kill('session.kill_all', [], options);
  }

  registrationList() {
    return this.#ask('registration.list', []);
  }

  registrationLookup(procedure, match = 'exact') {
    return this.#ask('registration.lookup', [procedure, { match }]);
  }

  registrationMatch(procedure) {
    return this.#ask('registration.match', [procedure]);
  }

  registrationGet(registration) {
    return this.#ask('registration.get', [registration]);
  }

  registrationListCallees(registration) {
    return this.#ask('registration.list_callees', [registration]);
  }

  registrationCountCallees(registration) {
    return this.#ask('registration.count_callees', [registration]);
  }

  async removeCallee(registration, callee, options) {
    const [{ reason }] = split(options, ['reason'], {});
    await this.#ask('registration.remove_callee', [registration, callee], given({ reason }));
  }

  subscriptionList() {
    return this.#ask('subscription.list', []);
  }

  subscriptionLookup(topic, match = 'exact') {
    return this.#ask('subscription.lookup', [topic, { match }]);
  }

  async subscriptionMatch(topic) {
    return (await this.#ask('subscription.match', [topic])) ?? [];
  }

  subscriptionGet(subscription) {
    return this.#ask('subscription.get', [subscription]);
  }

  subscriptionListSubscribers(subscription) {
    return this.#ask('subscription.list_subscribers', [subscription]);
  }

  subscriptionCountSubscribers(subscription) {
    return this.#ask('subscription.count_subscribers', [subscription]);
  }

  async removeSubscriber(subscription, subscriber, options) {
    const [{ reason }] = split(options, ['reason'], {});
    await this.#ask('subscription.remove_subscriber', [subscription, subscriber], given({ reason }));
  }

  async events(subscription, options) {
    const [, wire] = split(options, [], filters);
    const answer = await this.#ask('subscription.get_events', [subscription], wire);
    // The specification can be read in two ways: each event is an argument, or the one argument is
    // the list of them.
    const events = answer instanceof Result ? answer.args : (answer ?? []);
    return (Array.isArray(events) ? events : [events]).map(historyEvent);
  }

  onSessionJoin(handler) {
    return this.#on('session.on_join', handler, ([info]) => info);
  }

  onSessionLeave(handler) {
    return this.#on('session.on_leave', handler, ([session, authid, authrole]) => ({
      session,
      ...given({ authid, authrole }),
    }));
  }

  onRegistrationCreate(handler) {
    return this.#on('registration.on_create', handler, aboutRegistration);
  }

  onRegistrationRegister(handler) {
    return this.#on('registration.on_register', handler, aboutRegistration);
  }

  onRegistrationUnregister(handler) {
    return this.#on('registration.on_unregister', handler, aboutRegistration);
  }

  onRegistrationDelete(handler) {
    return this.#on('registration.on_delete', handler, aboutRegistration);
  }

  onSubscriptionCreate(handler) {
    return this.#on('subscription.on_create', handler, aboutSubscription);
  }

  onSubscriptionSubscribe(handler) {
    return this.#on('subscription.on_subscribe', handler, aboutSubscription);
  }

  onSubscriptionUnsubscribe(handler) {
    return this.#on('subscription.on_unsubscribe', handler, aboutSubscription);
  }

  onSubscriptionDelete(handler) {
    return this.#on('subscription.on_delete', handler, aboutSubscription);
  }

  #ask(procedure, args, kwargs) {
    return this.#session.call(`wamp.${procedure}`, args, kwargs);
  }

  async #kill(procedure, args, options) {
    const [{ reason, message }] = split(options, ['reason', 'message'], {});
    const answer = (await this.#ask(procedure, args, given({ reason, message }))) ?? [];
    // The specification's text has a count, its catalog and Crossbar a list.
    return Array.isArray(answer)
      ? { count: answer.length, sessions: answer }
      : { count: answer, sessions: [] };
  }

  async #on(topic, handler, read) {
    need('handler', handler, typeof handler === 'function');
    return this.#session.subscribe(`wamp.${topic}`, (args) => handler(read(args)));
  }
}

function some(authroles) {
  return authroles === undefined ? [] : [authroles];
}

function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function aboutRegistration([session, registration]) {
  return { session, registration };
}

function aboutSubscription([session, subscription]) {
  return { session, subscription };
}

/** Converts Crossbar's names of topic and publisher. */
function historyEvent(event) {
  const { details, args, kwargs, topic, session_id, authid, authrole, ...rest } = event;
  const { publisher_authid, publisher_authrole, ...known } = isObject(details) ? details : {};
  return {
    ...rest,
    args: args ?? [],
    kwargs: kwargs ?? {},
    details: given({
      topic: topic ?? undefined,
      publisher: session_id ?? undefined,
      publisherAuthid: publisher_authid ?? authid ?? undefined,
      publisherAuthrole: publisher_authrole ?? authrole ?? undefined,
      ...known,
    }),
  };
}
