// Subscriptions and registrations for users.

import { log } from './log.js';
import { attemptNow, own, tell } from './check.js';
import { described, WampError } from './errors.js';
import { pump as pumpEvents } from './module/subscription.js';
import { UNAVAILABLE } from './uris.js';

export const pump = Symbol('pump');
const next = Symbol('next');

export class Subscription {
  #raw;
  #errors;
  #active = true;
  #unsubscribed;

  constructor(token, raw, topic, errors, onLagged = undefined) {
    own(token, 'subscribe()');
    this.#raw = raw;
    this.#errors = errors;
    this.topic = topic;
    raw.tellLagged = (missed) => {
      if (this.#active) {
        tellLagged(missed, topic, onLagged, errors);
      }
    };
  }

  get id() {
    return this.#raw.id;
  }

  get isActive() {
    return this.#active && this.#raw.isActive;
  }

  get ended() {
    return this.#raw.ended();
  }

  unsubscribe() {
    this.#active = false;
    this.#raw.clear();
    this.#unsubscribed ??= described(this.#raw.unsubscribe(), this.#errors);
    return this.#unsubscribed;
  }

  /** Passes the events to a handler one after the other until the end. */
  [pump](handler) {
    pumpEvents(this.#raw, (event) => {
      if (!this.#active || !isReadable(event, this.#errors)) {
        return undefined;
      }
      const { args, kwargs, details } = event;
      return attemptNow(() => handler(args, kwargs, details), this.#errors, 'an event handler');
    });
  }

  /** Resolves to the next event; undefined after the last. */
  async [next]() {
    while (this.#active) {
      const event = this.#raw.take();
      if (event === undefined) {
        if (this.#raw.isOver) {
          break;
        }
        await new Promise((resolve) => (this.#raw.wake = resolve));
      } else if (isReadable(event, this.#errors)) {
        return event;
      }
    }
    this.#active = false;
    return undefined;
  }
}

export class EventStream extends Subscription {
  #turn = Promise.resolve();

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    // One after the other: two concurrent reads would want the same event.
    const item = this.#turn.then(async () => {
      const value = await this[next]();
      return value === undefined ? { done: true, value } : { done: false, value };
    });
    this.#turn = item.then(nothing, nothing);
    return item;
  }

  async return(value) {
    await this.unsubscribe();
    return { done: true, value };
  }
}

export class Registration {
  #raw;
  #errors;
  #unregistered;

  constructor(token, raw, procedure, errors) {
    own(token, 'register()');
    this.#raw = raw;
    this.#errors = errors;
    this.procedure = procedure;
  }

  get id() {
    return this.#raw.id;
  }

  get isActive() {
    return this.#unregistered === undefined && this.#raw.isActive;
  }

  get ended() {
    return this.#raw.ended();
  }

  unregister() {
    if (this.#unregistered === undefined) {
      // Already revoked by the router, or ended with the session.
      const active = this.#raw.isActive;
      this.#unregistered = active
        ? described(this.#raw.unregister(), this.#errors)
        : Promise.resolve();
    }
    return this.#unregistered;
  }
}

/** Returns whether an event could be decoded. Reports it otherwise, and the next one follows. */
export function isReadable({ error }, errors) {
  if (error !== undefined) {
    tell(error, errors, 'an event');
  }
  return error === undefined;
}

/** Reports lost events: to `onLagged`, otherwise to `onUserError`, otherwise to the console. */
export function tellLagged(missed, topic, onLagged, errors) {
  const text = `${missed} events of ${topic} were dropped: they are handled too slowly`;
  if (onLagged !== undefined) {
    attemptNow(() => onLagged(missed), errors, 'onLagged');
  } else if (errors.onUserError !== undefined) {
    tell(new WampError(UNAVAILABLE, [text]), errors, `the subscription of ${topic}`);
  } else {
    log('warn', `wampwerk: ${text}`);
  }
}

function nothing() {}
