// Reads the transports of components and connections: URLs and Autobahn's dicts, strictly. What no
// browser can do is refused by name; nothing is ignored.

import { LONGEST, need } from './check.js';
import * as read from './reading.js';
import { Fields, invalid, within } from './reading.js';
import { checkScheme, checkTransportUrl, checkUrl, isRawSocket, noRawSocket, shown } from './url.js';

/** The serializers, in the order in which they are offered by default. */
export const SERIALIZERS = ['cbor', 'msgpack', 'json'];

const TRANSPORT = [
  'type',
  'url',
  'endpoint',
  'serializers',
  'serializer',
  'options',
  'proxy',
  'headers',
  'max_retries',
  'initial_retry_delay',
  'max_retry_delay',
  'retry_delay_growth',
  'retry_delay_jitter',
];

const REFUSED = 'the browser decides this; it cannot be set in a page';
const SERVER = 'this is an option of servers';
const OBJECTS = 'a dict cannot have it, because its values are objects; use perMessageDeflate';
const FRAMES = 'RFC 6455 demands it of clients';

/** Maximum size in bytes. */
const LARGEST = 2 ** 31 - 1;

/** Retry delays in seconds, where none is set. */
const [INITIAL_DELAY, MAX_DELAY] = [1.5, 300];

const bytes = (least, most) => (value) => read.integer(value, least, most, ' bytes');
const seconds = (value) => read.number(value, 0, LONGEST / 1000, ' seconds');
const refused = (text) => () => {
  throw invalid('', text);
};
const only = (wanted, reason) => (value) => {
  if (read.boolean(value) !== wanted) {
    throw invalid('', `it can only be ${wanted}: ${reason}`);
  }
};

function someSeconds(value) {
  const time = seconds(value);
  // As nanoseconds.
  if (Math.round(time * 1e9) === 0) {
    throw invalid('', 'it must be more than 0 seconds');
  }
  return time;
}

function deflate(value) {
  if (typeof value !== 'boolean' && read.kindOf(value) !== 'dict') {
    throw read.mustBe('true, false or a dict', value);
  }
}

function version(value) {
  // Autobahn has the number of the draft of RFC 6455, the wire has 13.
  if (value !== 13 && value !== 18) {
    throw invalid('', "the protocol's version is always that of RFC 6455 (13; in Autobahn 18)");
  }
}

function noOffers(value) {
  if (!Array.isArray(value) || value.length > 0) {
    throw invalid('', OBJECTS);
  }
}

/** Options of Autobahn's `setProtocolOptions` that can be set somewhere. */
const SETTABLE = {
  maxFramePayloadSize: bytes(1, LARGEST),
  maxMessagePayloadSize: bytes(1, LARGEST),
  openHandshakeTimeout: someSeconds,
  closeHandshakeTimeout: someSeconds,
  serverConnectionDropTimeout: someSeconds,
  autoPingInterval: seconds,
  autoPingTimeout: seconds,
  autoPingSize: bytes(12, 125),
  autoPingRestartOnAnyTraffic: read.boolean,
  autoFragmentSize: bytes(0, LARGEST),
  perMessageDeflate: deflate,
  failByDrop: read.boolean,
};

/** The others, which have one value or none. */
const FIXED = {
  tcpNoDelay: only(true, 'each socket has TCP_NODELAY'),
  echoCloseCodeReason: only(true, "the peer's code and reason are always echoed"),
  version,
  utf8validateIncoming: only(true, 'text is always checked'),
  applyMask: only(true, FRAMES),
  maskClientFrames: only(true, FRAMES),
  acceptMaskedServerFrames: only(false, 'RFC 6455 forbids it'),
  perMessageCompressionOffers: noOffers,
  perMessageCompressionAccept: refused(OBJECTS),
};
for (const name of [
  'versions',
  'maskServerFrames',
  'requireMaskedClientFrames',
  'webStatus',
  'serveFlashSocketPolicy',
  'flashSocketPolicy',
  'allowedOrigins',
  'allowNullOrigin',
  'maxConnections',
  'trustXForwardedFor',
]) {
  FIXED[name] = refused(SERVER);
}

const OPTIONS = { ...SETTABLE, ...FIXED };

/** Options that the browser decides by itself, in the order in which they are refused. */
const NOT_HERE = [
  'maxFramePayloadSize',
  'closeHandshakeTimeout',
  'serverConnectionDropTimeout',
  'autoFragmentSize',
  'perMessageDeflate',
  'failByDrop',
  'autoPingInterval',
  'autoPingTimeout',
  'autoPingSize',
  'autoPingRestartOnAnyTraffic',
];

/**
 * Reads the transports of a component: a URL, a function that returns one, a dict, or a list of them.
 * `timeout`, in milliseconds, is for transports that do not set a time limit.
 *
 * Returns for each `{ url | urlFunction, name, serializers?, batched, handshakeTimeout?,
 * maxMessageSize?, retry? }`: times in milliseconds, sizes in bytes, and in `retry` what is set of
 * `{ maxRetries, initialDelay, maxDelay, growth, jitter }`. `maxRetries` is Infinity for no limit.
 *
 * @throws {ConnectError} with the path of the setting
 */
export function readTransports(transports, { timeout, batched = false } = {}) {
  const list = Array.isArray(transports) ? transports : [transports];
  need('transports', transports, list.length > 0);
  return list.map((transport, place) => {
    const path = `transports[${place}]`;
    const isWhole = read.kindOf(transport) === 'dict';
    need(path, transport, isWhole || isUrl(transport));
    const dict = isWhole ? transport : { url: transport };
    const settings = read.checked(() => within(path, () => readTransport(dict)));
    settings.handshakeTimeout ??= timeout;
    return { ...settings, batched };
  });
}

/** Reads the settings of a single connection, as `readTransports` does. */
export function readConnection({ url, serializers, timeout, batched = false }) {
  const text = String(url);
  checkUrl(text);
  const offer = (value) => within('serializers', () => serializersOf(value));
  const offered = serializers === undefined ? undefined : read.checked(() => offer(serializers));
  return { url: text, name: shown(text), serializers: offered, batched, handshakeTimeout: timeout };
}

function isUrl(value) {
  return typeof value === 'string' || value instanceof URL || typeof value === 'function';
}

function readTransport(dict) {
  const fields = new Fields(dict, TRANSPORT);
  const given = fields.get('url');
  const urlFunction = typeof given === 'function' ? given : undefined;
  const url = given instanceof URL ? String(given) : urlFunction ? undefined : fields.text('url');
  const type = fields.map('type', typeOf);
  if (given === undefined) {
    throw read.missing('url');
  }
  if (type === undefined ? url !== undefined && isRawSocket(url) : type === 'rawsocket') {
    throw noRawSocket();
  }
  if (fields.get('serializer') !== undefined) {
    throw invalid('serializer', 'websocket has the key serializers instead');
  }
  const serializers = fields.map('serializers', serializersOf);
  const options = fields.map('options', optionsOf) ?? {};
  const headers = fields.map('headers', headersOf);
  const retry = retryOf(fields);
  if (url !== undefined && type === undefined) {
    checkScheme(url);
  }
  refuse(fields, headers, options);
  if (url !== undefined) {
    checkTransportUrl(url);
  }
  return {
    ...(urlFunction === undefined ? { url, name: shown(url) } : { urlFunction, name: 'url' }),
    serializers,
    handshakeTimeout: millis(options.openHandshakeTimeout),
    maxMessageSize: options.maxMessagePayloadSize,
    retry,
  };
}

/** Refuses what the browser decides by itself. */
function refuse(fields, headers, options) {
  for (const key of ['endpoint', 'proxy']) {
    if (fields.get(key) !== undefined) {
      throw invalid(key, REFUSED);
    }
  }
  if (headers?.length > 0) {
    throw invalid('headers', REFUSED);
  }
  // No browser drops a connection that fails.
  const name = NOT_HERE.find((name) => Object.hasOwn(options, name) && (name !== 'failByDrop' || options[name]));
  if (name !== undefined) {
    throw invalid(`options.${snakeCase(name)}`, REFUSED);
  }
}

function typeOf(value) {
  const type = read.text(value);
  if (type !== 'websocket' && type !== 'rawsocket') {
    throw invalid('', 'it must be "websocket" or "rawsocket"');
  }
  return type;
}

function serializersOf(value) {
  const list = read.list(value);
  if (list.length === 0) {
    throw invalid('', 'at least one is needed');
  }
  return list.map((id, place) => within(`[${place}]`, () => serializerOf(id)));
}

function serializerOf(value) {
  const id = read.text(value);
  if (!SERIALIZERS.includes(id)) {
    const isBatched = id.endsWith('.batched');
    const known = `unknown serializer; known are ${SERIALIZERS.join(', ')}`;
    throw invalid('', isBatched ? 'batches are switched on by the setting batched' : known);
  }
  return id;
}

/** Reads options, whose names are in `camelCase` or `snake_case`. Returns those that are set. */
function optionsOf(value) {
  const [options, seen] = [{}, []];
  for (const [key, given] of read.dict(value)) {
    const name = Object.keys(OPTIONS).find((name) => name === key || snakeCase(name) === key);
    if (name === undefined) {
      throw read.unknown(key, `known are ${Object.keys(SETTABLE).join(', ')}, also in snake_case`);
    }
    if (seen.includes(name)) {
      throw invalid(key, `it is given twice, also as ${name}`);
    }
    seen.push(name);
    if (read.isSet(given)) {
      options[name] = within(key, () => OPTIONS[name](given));
    }
  }
  return options;
}

function headersOf(value) {
  const entries = [...read.dict(value)];
  return entries.map(([name, given]) => within(read.escaped(name), () => [name, read.text(given)]));
}

function retryOf(fields) {
  const retries = fields.map('max_retries', (value) => read.integer(value, -1, 2 ** 32 - 1));
  const initial = fields.map('initial_retry_delay', seconds);
  const most = fields.map('max_retry_delay', seconds);
  const growth = fields.map('retry_delay_growth', (value) => read.number(value, 1, 1000));
  const jitter = fields.map('retry_delay_jitter', (value) => read.number(value, 0, 1));
  const limit = most ?? MAX_DELAY;
  // A limit below the default means that shorter delays are wanted.
  if (initial > limit && initial !== INITIAL_DELAY) {
    throw invalid('initial_retry_delay', `it is more than max_retry_delay, ${timeOf(limit)}`);
  }
  const given = Object.entries({
    maxRetries: retries === -1 ? Infinity : retries,
    initialDelay: millis(initial),
    maxDelay: millis(most),
    growth,
    jitter,
  }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function millis(time) {
  return time === undefined ? undefined : time * 1000;
}

/** Shows a time in seconds, as Rust does. */
function timeOf(time) {
  const nanos = Math.round(time * 1e9);
  const [unit, size] = [['s', 1e9], ['ms', 1e6], ['µs', 1e3]].find(([, size]) => nanos >= size) ?? ['ns', 1];
  return `${nanos / size}${unit}`;
}

function snakeCase(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
