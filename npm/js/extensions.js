// Options that few programs set: a WebSocket class, a trace of messages, a payload codec, further
// details of HELLO, strict URIs, limits, a heartbeat, tracebacks. What they need is loaded when they are set.

import { finite, isListOf, isObject, isText, need, needDuration } from './check.js';
import { ConnectError, textOf } from './errors.js';
import { later } from './later.js';
import * as port from './module/port.js';
import { made } from './module/socket.js';
import { UNAVAILABLE } from './uris.js';

export const extensionOptions = ['WebSocket', 'trace', 'payloadCodec', 'helloDetails', 'strictUris', 'limits', 'heartbeat', 'riskUnannounced', 'tracebacks'];

const LIMITS = ['details', 'joining', 'queue', 'running'];

/** Keys of HELLO.Details that have options of their own. */
const KNOWN = ['roles', 'agent', 'authmethods', 'authid', 'authrole', 'authextra'];

export class Extensions {
  /** Checks topics and procedures, once it is loaded and if that is wanted. */
  isUri;
  #given;
  #loaded;

  constructor({ WebSocket, trace, payloadCodec, helloDetails, strictUris = false, limits, heartbeat, riskUnannounced = false, tracebacks }) {
    need('WebSocket', WebSocket, WebSocket === undefined || typeof WebSocket === 'function');
    need('trace', trace, [undefined, true, false].includes(trace) || typeof trace === 'function');
    const isCodec = ({ encode, decode }) => typeof encode === 'function' && typeof decode === 'function';
    need('payloadCodec', payloadCodec, payloadCodec === undefined || (isObject(payloadCodec) && isCodec(payloadCodec)));
    need('helloDetails', helloDetails, helloDetails === undefined || isObject(helloDetails));
    for (const key of Object.keys(helloDetails ?? {})) {
      need('a key of helloDetails', key, !KNOWN.includes(key));
    }
    need('strictUris', strictUris, typeof strictUris === 'boolean');
    need('riskUnannounced', riskUnannounced, typeof riskUnannounced === 'boolean');
    need('limits', limits, limits === undefined || isObject(limits));
    for (const [name, bytes] of Object.entries(limits ?? {})) {
      need('a key of limits', name, LIMITS.includes(name));
      need(`limits.${name}`, bytes, bytes === undefined || (Number.isInteger(bytes) && bytes > 0 && bytes < 2 ** 31));
    }
    need('heartbeat', heartbeat, heartbeat === undefined || (isObject(heartbeat) && heartbeat.interval !== undefined));
    for (const [name, time] of Object.entries(heartbeat ?? {})) {
      need('a key of heartbeat', name, ['interval', 'timeout'].includes(name));
      needDuration(`heartbeat.${name}`, time);
    }
    need('tracebacks', tracebacks, tracebacks === undefined || isListOf(isText)(tracebacks));
    this.#given = { WebSocket, trace: trace || undefined, payloadCodec, helloDetails, strictUris, limits, heartbeat, riskUnannounced, tracebacks };
  }

  /** True if the module needs numbers of its own. */
  get isNeeded() {
    const { WebSocket, trace, payloadCodec } = this.#given;
    return (WebSocket ?? trace ?? payloadCodec) !== undefined;
  }

  /** Loads what is needed; `numbers()` can be called then. */
  async load() {
    const { trace, payloadCodec, strictUris, tracebacks } = this.#given;
    await payloadCodec?.load?.();
    try {
      if (strictUris) {
        this.isUri = (await later('patterns', () => import('./patterns.js'))).isUri;
      }
      this.#loaded = {
        traced: trace && (await later('tracing', () => import('./tracing.js'))).traced,
        traceback: tracebacks && (await later('tracebacks', () => import('./tracebacks.js'))).tracebackFor(tracebacks),
        Payloads: payloadCodec && (await later('payloads', () => import('./payloads.js'))).Payloads,
      };
    } catch (cause) {
      const text = `cannot load a file of the package: ${textOf(cause)}`;
      throw new ConnectError(UNAVAILABLE, [text], {}, text, { cause });
    }
  }

  /** Returns settings for the module, with a new number if there is a payload codec. */
  settings() {
    const { payloadCodec, helloDetails, limits, heartbeat, riskUnannounced } = this.#given;
    const settings = { helloDetails, limits, riskUnannounced };
    if (heartbeat !== undefined) {
      const { interval, timeout = 10_000 } = heartbeat;
      settings.heartbeat = { interval: finite(interval), timeout: finite(timeout) };
    }
    if (payloadCodec !== undefined) {
      settings.codec = port.open(new this.#loaded.Payloads(payloadCodec));
    }
    return settings;
  }

  /** Returns the lines of errors for callers that may see them; undefined without the option. */
  get traceback() {
    return this.#loaded.traceback;
  }

  /** Returns the function that makes WebSockets; undefined for that of the platform without a trace. */
  get make() {
    const { WebSocket, trace } = this.#given;
    if ((WebSocket ?? trace) === undefined) {
      return undefined;
    }
    const make = (url, protocols) => made(url, protocols, WebSocket);
    return trace === undefined ? make : (...given) => this.#loaded.traced(make(...given), trace);
  }
}
