// A component of the module.

import { attend, component, declare, state } from '../wampwerk.js';
import { textOf } from '../errors.js';
import { codecOf } from './codec.js';
import { Fields } from './fields.js';
import * as port from './port.js';
import { discard } from './provers.js';
import { completed } from './record.js';
import { Procedure } from './registration.js';
import { JoinedSession } from './session.js';
import { pump, Source } from './subscription.js';

/** Drops the module's part of a component that nobody uses any more. */
const unused = new FinalizationRegistry((numbers) => {
  for (const number of numbers) {
    port.close(number);
    if (port.isUsable()) {
      port.send(port.DROP, number);
    }
  }
});

port.onUnknown((number, receiver) =>
  // The module chooses the numbers of a component's sessions.
  receiver === 'onJoined' ? { onJoined: (record) => void new JoinedSession(number, record) } : undefined,
);

/** A component. Its functions are reached by `hooks`, which must not keep them alive. */
export class ComponentLink {
  #number;
  /** All numbers in the module. */
  #numbers;
  #owner;

  /** @throws a report */
  constructor(settings, hooks) {
    const owner = new Owner(hooks);
    const dialers = settings.transports.map(({ dialer }) => dialer);
    this.#owner = owner;
    this.#number = port.open(owner);
    try {
      reporting(() => component(this.#number, jsonOf(settings)));
    } catch (report) {
      [this.#number, settings.codec, ...dialers].forEach(port.close);
      throw report;
    }
    this.#numbers = [this.#number, ...dialers];
    unused.register(this, this.#numbers);
  }

  get state() {
    return this.#state[0];
  }

  /** Name of the current transport. */
  get transport() {
    return this.#state[1];
  }

  /** Resolves when the component is done. */
  start() {
    return this.#request(port.START);
  }

  /** Resolves at the end of the component. */
  stop() {
    return this.#request(port.STOP);
  }

  retryNow() {
    port.send(port.RETRY_NOW, this.#number);
  }

  /** `answer` is created by `endpoint.js`. Returns a number for `off()`. */
  register(procedure, answer, options) {
    const owner = this.#owner;
    const declared = new Procedure(answer, () => owner.codec);
    return this.#declared(declared, (number) => declare(this.#number, number, procedure, jsonOf(options)));
  }

  /**
   * `handle` receives events, as in `pump()`, and `lagged` the numbers of those that were dropped. Returns a
   * number for `off()`.
   */
  subscribe(topic, handle, lagged, options, queue = 0) {
    const owner = this.#owner;
    const source = new Source(topic, () => owner.codec);
    source.tellLagged = lagged;
    pump(source, handle);
    return this.#declared(source, (number) => attend(this.#number, number, topic, jsonOf(options), queue));
  }

  off(number) {
    const place = this.#numbers.indexOf(number);
    if (place >= 0) {
      this.#numbers.splice(place, 1);
    }
    port.targetOf(number)?.withdraw?.();
    port.close(number);
    port.send(port.OFF, number);
  }

  get #state() {
    return state(this.#number).split(' ');
  }

  #declared({ number }, establish) {
    try {
      reporting(() => establish(number));
    } catch (report) {
      port.close(number);
      throw report;
    }
    this.#numbers.push(number);
    return number;
  }

  #request(kind) {
    return port.request(kind, this.#number, (settle) => new port.Request(settle));
  }
}

/** Answers the questions of a component. */
class Owner {
  /** Codec of the current connection. */
  codec;
  #hooks;

  constructor(hooks) {
    this.#hooks = hooks;
  }

  onAsk(record) {
    const [question, what, session] = [record.u32(), record.text(), port.targetOf(record.u32())];
    const about = session ?? record.dict();
    return () => void this.#answer(question, what, about);
  }

  onTell(record) {
    const report = record.report();
    return () => this.#hooks.tell(report);
  }

  /** Answers `true`, `false`, or nothing for the default decision. */
  isFatal(text) {
    const [{ byDefault, ...report }] = JSON.parse(text);
    return String(this.#hooks.isFatal(completed(report, port.thrownValue), byDefault));
  }

  async #answer(question, what, about) {
    let value;
    try {
      value = await this.#hooks.ask(what, await this.#prepared(what, about));
      port.send(port.REPLY, question, (fields) => {
        fields.byte(1);
        fields.json(value, what);
      });
    } catch (error) {
      discard(value?.methods ?? []);
      if (port.isUsable()) {
        const thrown = port.keepThrown(error);
        port.send(port.REPLY, question, (fields) => {
          fields.byte(0);
          fields.json(thrown, what);
        });
      }
    }
  }

  async #prepared(what, about) {
    switch (what) {
      case 'connect': {
        const { serializer, ...info } = about;
        try {
          this.codec = await codecOf(serializer);
        } catch (error) {
          this.#hooks.fail(error);
          throw error;
        }
        return info;
      }
      case 'retry':
        return { ...about, error: completed(about.error, port.thrownValue) };
      case 'connectfailure':
        return completed(about, port.thrownValue);
      default:
        return about;
    }
  }
}

function jsonOf(value) {
  const fields = new Fields();
  fields.json(value, 'options');
  // Without the length.
  return fields.written().slice(4);
}

function reporting(run) {
  try {
    run();
  } catch (report) {
    if (typeof report !== 'string') {
      throw report;
    }
    throw completed(JSON.parse(report)[0], port.thrownValue);
  }
}
