// Subscriptions and registrations for users.

import { attempt, own, tell } from './check.js';
import { described } from './errors.js';

export const pump = Symbol('pump');
const take = Symbol('take');

export class Subscription {
  #raw;
  #errors;
  #active = true;
  #unsubscribed;
  #ended;

  constructor(token, raw, topic, errors) {
    own(token, 'subscribe()');
    this.#raw = raw;
    this.#errors = errors;
    this.topic = topic;
  }

  get id() {
    return this.#raw.id;
  }

  get isActive() {
    return this.#active && this.#raw.isActive;
  }

  get ended() {
    this.#ended ??= this.#raw.ended();
    return this.#ended;
  }

  unsubscribe() {
    this.#active = false;
    // Must be requested first.
    void this.ended;
    this.#unsubscribed ??= described(this.#raw.unsubscribe(), this.#errors);
    return this.#unsubscribed;
  }

  /** Returns the next events as a list; undefined after the last. */
  async [take]() {
    const batch = this.#active ? await described(this.#raw.next()) : null;
    if (batch === null) {
      this.#active = false;
    }
    return this.#active ? batch.filter((event) => this.#isReadable(event)) : null;
  }

  /** Passes the events to a handler one after the other until the end. */
  async [pump](handler) {
    for (let batch = await this[take](); batch !== null; batch = await this[take]()) {
      for (const { args, kwargs, details } of batch) {
        if (!this.#active) {
          return;
        }
        await attempt(() => handler(args, kwargs, details), this.#errors, 'an event handler');
      }
    }
  }

  /** Returns whether an event could be decoded. Reports it otherwise, and the next one follows. */
  #isReadable({ error }) {
    if (error !== undefined) {
      tell(this.#errors.from(error), this.#errors, 'an event');
    }
    return error === undefined;
  }
}

export class EventStream extends Subscription {
  #batch = [];
  #turn = Promise.resolve();
  #over = false;

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    // One after the other: two concurrent reads would want the same event.
    const item = this.#turn.then(() => this.#next());
    this.#turn = item.then(nothing, nothing);
    return item;
  }

  async return(value) {
    await this.unsubscribe();
    return { done: true, value };
  }

  unsubscribe() {
    this.#over = true;
    this.#batch = [];
    return super.unsubscribe();
  }

  async #next() {
    while (!this.#over && this.#batch.length === 0) {
      const batch = await this[take]();
      if (batch === null) {
        this.#over = true;
      } else if (!this.#over) {
        this.#batch = batch.reverse();
      }
    }
    const value = this.#batch.pop();
    return value === undefined ? { done: true, value } : { done: false, value };
  }
}

export class Registration {
  #raw;
  #errors;
  #unregistered;
  #ended;

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
    this.#ended ??= this.#raw.ended();
    return this.#ended;
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

function nothing() {}
