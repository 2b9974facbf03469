// Passes authentication methods to the module, and its questions to them.

import { textOf } from '../errors.js';
import * as port from './port.js';

/** Forgets provers, and a payload codec, that have not reached the module. */
export function discard(methods, codec = undefined) {
  for (const { prover } of methods) {
    port.close(prover);
  }
  port.close(codec);
}

/** Returns `methods` of the settings for the module. See `provers.js` for the provers. */
export function methodsOf(provers) {
  return provers.map(({ methods, authid, authrole, authextra, begin }) => {
    const prover = port.open(new Prover(begin));
    return { names: methods, authid, authrole, authextra, prover };
  });
}

class Prover {
  #begin;

  constructor(begin) {
    this.#begin = begin;
  }

  /** Begins an attempt to join. */
  begin() {
    const proof = this.#begin();
    const attempt = port.open(new Attempt(proof));
    return JSON.stringify({ attempt, authextra: proof.authextra ?? {} });
  }

  onForget(_, number) {
    port.close(number);
  }
}

class Attempt {
  #proof;

  constructor(proof) {
    this.#proof = proof;
  }

  onAsk(record) {
    const [question, method] = [record.u32(), record.text()];
    record.u32();
    const { extra = {} } = record.dict() ?? {};
    return () => void this.#answer(question, extra, method);
  }

  /** Checks WELCOME.Details. */
  check(text) {
    const [details] = JSON.parse(text || '[{}]');
    this.#proof.check?.(details);
    return '';
  }

  onForget(_, number) {
    port.close(number);
  }

  async #answer(question, extra, method) {
    let reply;
    try {
      const { signature, extra: more = {} } = await this.#proof.answer(extra, method);
      reply = (fields) => {
        fields.byte(1);
        fields.json({ signature, extra: more }, 'the answer to the challenge');
      };
      port.send(port.REPLY, question, reply);
    } catch (error) {
      if (port.isUsable()) {
        port.send(port.REPLY, question, (fields) => {
          fields.byte(0);
          fields.string(textOf(error));
        });
      }
    }
  }
}
