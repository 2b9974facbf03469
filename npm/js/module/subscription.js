// A subscription of the module. Its events wait here until a consumer takes them.

import * as json from '../codecs/json.js';
import { renamed } from './details.js';
import { established } from './established.js';
import * as port from './port.js';

/** Number of events that are taken before the module is told. It passes 64 that have not been. */
const CREDIT = 32;

/** Events that wait for a consumer. */
export class Source {
  /** Called when there is an event, or the end. */
  wake = nothing;
  /** Receives the number of events that were lost. */
  tellLagged = nothing;
  /** True after the last event. */
  isOver = false;
  #events = [];
  #taken = 0;
  #missed = 0;

  /** `codec` returns the codec of the events. */
  constructor(topic, codec) {
    this.topic = topic;
    this.codec = codec;
    this.number = port.open(this);
  }

  /** Returns the next event, `{args, kwargs, details}` or `{error}`; undefined if there is none now. */
  take() {
    const event = this.#events.shift();
    if (event !== undefined && ++this.#taken >= CREDIT) {
      this.#grant();
    }
    return event;
  }

  /** Drops the events that wait. */
  clear() {
    this.#events = [];
  }

  /** Drops the events that wait, and all further ones. */
  withdraw() {
    this.clear();
    this.isOver = true;
  }

  onEvent(record) {
    const event = this.#read(record);
    return () => this.#put(event);
  }

  onLagged(record) {
    const missed = record.f64();
    this.#missed += missed;
    return () => this.tellLagged(missed);
  }

  onOver() {
    return () => this.#end();
  }

  lost() {
    this.#end();
  }

  #put(event) {
    if (!this.isOver) {
      this.#events.push(event);
      this.wake();
    }
  }

  #end() {
    this.isOver = true;
    this.wake();
  }

  #grant() {
    const taken = this.#taken;
    this.#taken = 0;
    if (!this.isOver && port.isUsable()) {
      port.send(port.CREDIT, this.number, (fields) => fields.u32(taken));
    }
  }

  #read(record) {
    const publication = record.f64();
    const topic = record.text() || this.topic;
    const isJson = record.u8() === 1;
    const missed = this.#missed;
    this.#missed = 0;
    try {
      const codec = this.codec();
      const given = record.dict(isJson ? json : codec);
      const details = given === undefined ? {} : renamed(given);
      details.publication = publication;
      details.topic = topic;
      if (missed > 0) {
        details.missed = missed;
      }
      const event = record.args(codec);
      event.details = details;
      return event;
    } catch (error) {
      return { error };
    }
  }
}

/**
 * Passes the events of a source to a function, one after the other: waits if it returns a promise. The
 * function throws nothing, and its promises are never rejected.
 */
export function pump(source, handle) {
  let isBusy = false;
  const drain = () => {
    while (!isBusy) {
      const event = source.take();
      if (event === undefined) {
        return;
      }
      const handled = handle(event);
      if (handled !== undefined) {
        isBusy = true;
        void handled.then(() => {
          isBusy = false;
          drain();
        });
      }
    }
  };
  source.wake = drain;
  drain();
}

/** A subscription. */
export class JoinedSubscription extends established(Source) {
  #lastRecords = 2;

  constructor(settle, session, topic) {
    super(settle, session, topic, () => session.codec);
  }

  unsubscribe() {
    return this.withdrawn(port.UNSUBSCRIBE);
  }

  onOver() {
    this.finish();
    return super.onOver();
  }

  /** The ending and the end of the events come in any order. */
  finish() {
    this.#lastRecords -= 1;
    if (this.#lastRecords === 0) {
      super.finish();
    }
  }
}

function nothing() {}
