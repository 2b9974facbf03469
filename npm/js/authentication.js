// Identity and authentication of a connection.

import { isObject, need } from './check.js';
import { described, textOf } from './errors.js';
import { methodsOf } from './module/provers.js';
import { JoiningSession } from './session.js';
import { proversOfNames, readAuthentication } from './provers.js';
import { CANNOT_AUTHENTICATE } from './uris.js';

export const authenticationOptions = [
  'authentication',
  'authmethods',
  'authid',
  'authrole',
  'authextra',
  'onchallenge',
];

/** Authentication settings of a connection, read again for each session on it. */
export class Credentials {
  /** `authid`, `authrole` and `authextra`. */
  identity;
  /** True if there are methods, or a function that returns them. */
  hasMethods;
  /** Resolves to the provers of the methods. */
  #provers;
  #onchallenge;
  /** Realm of the session that is joined. */
  #realm;
  /** The last error of `onchallenge`, in a list. */
  #thrown = [];

  constructor(options) {
    const { authentication, authmethods, authid, authrole, authextra, onchallenge } = options;
    const isFresh = typeof authentication === 'function';
    need('authentication', authentication, authentication === undefined || isFresh || isObject(authentication));
    need('authmethods', authmethods, authmethods === undefined || Array.isArray(authmethods));
    for (const method of authmethods ?? []) {
      need('a method of authmethods', method, typeof method === 'string' && method !== '');
    }
    need('authid', authid, authid === undefined || typeof authid === 'string');
    need('authrole', authrole, authrole === undefined || typeof authrole === 'string');
    need('authextra', authextra, authextra === undefined || isObject(authextra));
    need('onchallenge', onchallenge, onchallenge === undefined || typeof onchallenge === 'function');
    if (authentication !== undefined && (authmethods !== undefined || onchallenge !== undefined)) {
      throw new TypeError('there are both authentication and authmethods or onchallenge');
    }
    if (onchallenge !== undefined && !(authmethods?.length > 0)) {
      throw new TypeError('onchallenge needs authmethods');
    }
    this.identity = { authid, authrole, authextra };
    this.hasMethods = authentication !== undefined || authmethods?.length > 0;
    this.#onchallenge = onchallenge;
    this.#realm = options.realm ?? 'realm1';
    // A weak reference: the module must not keep the user's functions alive.
    const weak = new WeakRef(this);
    const answer = onchallenge && ((method, extra) => weak.deref()?.#answer(method, extra));
    this.#provers = isFresh
      ? async () => {
          const given = await authentication();
          need('authentication', given, isObject(given));
          return readAuthentication(given)();
        }
      : authentication === undefined
        ? async () => proversOfNames(authmethods ?? [], answer)
        : readAuthentication(authentication);
  }

  /** Resolves to the methods for the module, with provers of their own. */
  async methods() {
    return methodsOf(await this.#provers());
  }

  /** Waits for a join; an error of `onchallenge` is the cause of its failure. */
  async joined(promise, realm = this.#realm) {
    this.#realm = realm;
    this.#thrown = [];
    try {
      return await described(promise);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Returns the error with the error of `onchallenge` as its cause, if that caused it. */
  explained(error) {
    if (this.#thrown.length > 0 && error?.uri === CANNOT_AUTHENTICATE) {
      error.cause = this.#thrown[0];
    }
    return error;
  }

  async #answer(method, extra) {
    try {
      this.#thrown = [];
      const answer = await this.#onchallenge.call(undefined, new JoiningSession(this.#realm), method, extra);
      const [signature, more = {}] = Array.isArray(answer) ? answer : [answer];
      need('what onchallenge gives', signature, typeof signature === 'string');
      need('what onchallenge gives with it', more, isObject(more));
      return { signature, extra: more };
    } catch (error) {
      this.#thrown = [error];
      throw new Error(textOf(error));
    }
  }
}
