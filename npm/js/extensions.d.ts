/** Options that few programs set, URI rules and patterns, and the log level. */

import type { Kwargs } from './index.js';

/** What a WebSocket class must have: the interface of browsers, as far as this package uses it. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly readyState: number;
  send(data: any): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => any) | null;
  onmessage: ((event: any) => any) | null;
  onerror: ((event: any) => any) | null;
  onclose: ((event: any) => any) | null;
  /** Used by the option `trace` alone. */
  addEventListener(type: any, listener: any, options?: any): void;
}

/** Options of {@link connect}, `Component` and `Connection`. */
export interface ExtensionOptions {
  /**
   * Class of the WebSocket. Default: that of the platform, if it has one. In Node, a class of the
   * package `ws` can set headers and TLS:
   *
   * ```js
   * import { WebSocket as Base } from 'ws';
   *
   * class WebSocket extends Base {
   *   constructor(url, protocols) {
   *     super(url, protocols, { headers: { authorization: token }, ca: certificate });
   *   }
   * }
   * await connect({ url, realm, WebSocket });
   * ```
   */
  WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
  /**
   * Receives each message that is sent or received. `true` writes them to the console by
   * `console.debug`. Default: false.
   */
  trace?: boolean | ((entry: TraceEntry) => unknown);
  /** Encodes the arguments of messages, such as by encryption. Default: none. */
  payloadCodec?: PayloadCodec;
  /** Further keys of HELLO.Details, for extensions of a router. */
  helloDetails?: Kwargs;
  /**
   * True to refuse topics and procedures that the strict rule does not allow, before they are sent:
   * components must be lower case letters, digits and `_`. Default: false.
   */
  strictUris?: boolean;
  /** Limits of what is received. */
  limits?: Limits;
  /**
   * True to send options although the router has not announced their features. The risk: a router that does not know
   * an option may ignore it, so that an event reaches sessions that it is not meant for, or end the session. Default:
   * false; such a request fails with `wamp.error.feature_not_supported`.
   */
  riskUnannounced?: boolean;
  /** Asks a silent router for a sign of life. Default: it is not asked. */
  heartbeat?: Heartbeat;
  /**
   * Roles of callers that see the stacks of what the session's endpoints throw, as `kwargs.traceback`. The router must
   * disclose the caller: `discloseCaller` of `register`, or `discloseMe` of the call. Nobody else gets them, also not if
   * an error of another callee is thrown again. Default: none.
   */
  tracebacks?: readonly string[];
}

/**
 * Times after which a silent router is asked, in milliseconds. A page cannot send pings of WebSocket, so a request is sent
 * that changes nothing and needs no permission: UNREGISTER for a registration that does not exist.
 */
export interface Heartbeat {
  /** Longest silence before the router is asked. */
  interval: number;
  /**
   * Time limit of the answer. Then the session ends, with the kind `timed-out`. Only whole messages count, so it must
   * be longer than the longest message takes. Default: 10 000.
   */
  timeout?: number;
}

/** Limits in bytes, each 1 to 2 147 483 647. */
export interface Limits {
  /**
   * What a message carries beside its arguments; many small values weigh more than their bytes. A call whose result
   * exceeds it fails with `wamp.error.payload_size_exceeded`; an event is missed. Default: 64 KiB.
   */
  details?: number;
  /** A message before the session is there. Default: 128 KiB. */
  joining?: number;
  /**
   * Events that wait in a subscription, and progressive results of a call. Further ones are dropped, and the loss is told.
   * Default: 64 MiB.
   */
  queue?: number;
  /** Calls that the procedures of the session work on. Further ones fail with `wamp.error.unavailable`. Default: 64 MiB. */
  running?: number;
}

/** A message of the trace. */
export interface TraceEntry {
  readonly direction: 'send' | 'receive';
  /** Name of the message, such as `'CALL'`. */
  readonly type: string;
  /** The message as a list; undefined if it cannot be decoded. Signatures are left out. */
  readonly message: any[] | undefined;
  /** Size in bytes. */
  readonly size: number;
  /** `Date.now()` of the message. */
  readonly time: number;
}

/** Encoded arguments, and what a peer needs to decode them. */
export interface EncodedPayload {
  payload: Uint8Array;
  /**
   * `ppt`: the payload passthru mode of the specification. `enc`: the payload transparency of Autobahn
   * and Crossbar. Default: `ppt`.
   */
  form?: 'ppt' | 'enc';
  /** `ppt_scheme` or `enc_algo`: `'cryptobox'`, `'mqtt'`, `'wamp'`, or one of your own, `'x_…'`. */
  scheme: string;
  /** Serializer of the arguments. */
  serializer?: string;
  /** Cipher; not in the form `enc`. */
  cipher?: string;
  /** Id of the key. */
  keyId?: string;
}

/** The own end of a message: that of caller and publisher, or that of callee and subscriber. */
export type PayloadSide = 'originator' | 'responder';

/**
 * A payload codec. Its functions answer at once; a {@link WampError} that they throw keeps its URI, and
 * fails the request.
 */
export interface PayloadCodec {
  /** Loads what the codec needs, before the first message. If it fails, so does connecting, with that error. */
  load?(): unknown;
  /**
   * Encodes the arguments of a message, or returns `undefined` to send them as they are. `uri` is the
   * topic, the procedure, or the URI of an error.
   */
  encode(uri: string, args: any[], kwargs: Record<string, any>, side: PayloadSide): EncodedPayload | undefined | null;
  /** Decodes arguments. A `uri` that was sealed with them must be that of the message. */
  decode(
    uri: string,
    encoded: EncodedPayload,
    side: PayloadSide,
  ): { args?: any[]; kwargs?: Record<string, any>; uri?: string };
}

/** What `onchallenge` gets in the place of a session: it is not joined yet. */
export interface JoiningSession {
  readonly id: null;
  readonly realm: string;
  readonly isOpen: false;
  log(...words: unknown[]): void;
  defer<T = unknown>(): Deferred<T>;
}

/** A promise with its functions, as Autobahn|JS has it. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
  reject(reason?: unknown): void;
}

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

/** Sets the least important level that the package writes to the console. Default: `'warn'`. */
export function setLogLevel(level: LogLevel): void;
