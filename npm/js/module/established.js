// What subscriptions and registrations have in common: the router confirms them, and they end.

import * as port from './port.js';

/** Adds this to a receiver of records, whose constructor takes what is `given`. */
export const established = (Base) =>
  class extends Base {
    #isActive = true;
    #settle;
    #ended;
    #resolveEnded;

    constructor(settle, session, ...given) {
      super(...given);
      this.session = session;
      this.#settle = settle;
      this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    }

    get isActive() {
      return this.#isActive && this.session.closeReason === null;
    }

    /** Resolves to its ending. */
    ended() {
      return this.#ended;
    }

    /** Sends the command that ends it; resolves when it has ended, also by the end of the session. */
    withdrawn(kind) {
      return port.request(kind, this.number, (settle) => new port.Request(settle, this.session));
    }

    /** Takes note of its last record. */
    finish() {
      port.close(this.number);
    }

    // Records

    onEstablished(record) {
      this.id = record.f64();
      return () => this.#settle.resolve(this);
    }

    onFailed(record) {
      const report = record.report(this.session.codec);
      port.close(this.number);
      return () => this.#settle.reject(report);
    }

    onEnded(record) {
      const ending = record.dict();
      this.#isActive = false;
      this.finish();
      return () => this.#resolveEnded(ending);
    }

    lost(error) {
      super.lost?.();
      this.#isActive = false;
      this.#settle.reject(error);
      this.#resolveEnded({ kind: 'closed', reason: error.uri, message: error.message });
    }
  };
