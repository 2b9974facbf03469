// URLs of routers: `ws://` and `wss://`, checked as natively. The text of an error shows no secret.

import { ConnectError } from './errors.js';
import { escaped, invalid, quoted } from './reading.js';
import { INVALID_ARGUMENT } from './uris.js';

const SCHEME = /^[A-Za-z0-9+\-.]*$/;
const NO_SCHEME = 'it must begin with ws:// or wss://';
const NO_RAW_SOCKET = 'RawSocket is not available in the browser; use ws:// or wss://';

/**
 * Checks the URL of a router.
 *
 * @throws {ConnectError} if it is not valid, or not one that can be used here
 */
export function checkUrl(url) {
  const text = refusalOf(url);
  if (text !== undefined) {
    const whole = `invalid URL ${quoted(shown(url))}: ${text}`;
    throw new ConnectError(INVALID_ARGUMENT, [whole], {}, whole);
  }
}

/** Checks the URL of a transport. The path of an error is `url`. */
export function checkTransportUrl(url) {
  refuse(refusalOf(url));
}

/** Checks that the scheme is that of a transport, where any transport is accepted. */
export function checkScheme(url) {
  const [scheme, rest] = parted(url, '://');
  refuse(rest === undefined ? NO_SCHEME : schemeRefusalOf(scheme));
}

/** Returns whether the scheme is one of RawSocket. */
export function isRawSocket(url) {
  return /^rss?(?:\+unix)?:\/\//i.test(url);
}

/** Refuses a transport that is of the type RawSocket. */
export function noRawSocket() {
  return invalid('url', NO_RAW_SOCKET);
}

/**
 * Returns the part of a URL that errors may contain: neither user and password, which may be there by
 * mistake, nor the query, which may contain a token.
 */
export function shown(url) {
  const [scheme, rest] = parted(url, '://');
  const known = rest !== undefined && SCHEME.test(scheme);
  let [start, end] = known ? [`${scheme}://`, rest] : ['', url];
  const at = end.lastIndexOf('@');
  if (at >= 0 && hasUser(end)) {
    start += '…@';
    // The @ may be behind the user or in a query.
    end = /[?#]/.test(end.slice(0, at)) ? '…' : end.slice(at + 1);
  }
  const query = end.search(/[?#]/);
  return start + (query < 0 ? end : `${end.slice(0, query)}?…`);
}

function refuse(text) {
  if (text !== undefined) {
    throw invalid('url', text);
  }
}

function schemeRefusalOf(scheme) {
  if (/^wss?(?:\+unix)?$/i.test(scheme)) {
    return undefined;
  }
  const text = 'is neither ws nor wss';
  const intended = { http: 'ws', https: 'wss' }[scheme.toLowerCase()];
  if (intended !== undefined) {
    return `the scheme ${quoted(scheme)} ${text}; write ${intended}://`;
  }
  // It may be a password.
  return SCHEME.test(scheme) ? `the scheme ${quoted(scheme)} ${text}` : `the scheme ${text}`;
}

function refusalOf(url) {
  const [scheme, rest] = parted(url, '://');
  if (rest === undefined) {
    return NO_SCHEME;
  }
  const text = schemeRefusalOf(scheme);
  if (text !== undefined) {
    return text;
  }
  const other = rest.match(/[^!-~]/u);
  if (other !== null) {
    return `${charOf(other[0])} cannot be in a URL; encode it`;
  }
  if (rest.includes('#')) {
    return 'a WebSocket URL has no fragment (#)';
  }
  const socket = /\+unix$/i.test(scheme) ? rest : socketOf(rest);
  if (socket !== undefined) {
    return unixRefusalOf(scheme, socket);
  }
  if (hasUser(rest)) {
    return 'a user name in the URL is not supported';
  }
  if (/^unix:[^/?]*[^0-9/?]/i.test(rest)) {
    return 'the path of a unix socket must be absolute, as in ws://unix:/run/router.sock';
  }
  return authorityRefusalOf(rest.split(/[/?]/, 1)[0]);
}

/** No browser has unix sockets. */
function unixRefusalOf(scheme, socket) {
  if (/^wss/i.test(scheme)) {
    return 'TLS over a unix socket is not supported; use ws://';
  }
  if (!socket.startsWith('/')) {
    return 'what follows is not the absolute path of a unix socket';
  }
  return 'a browser has no unix sockets';
}

/** Returns the text after `unix:`. A host named `unix` has a port behind the colon, or no colon. */
function socketOf(rest) {
  return /^unix:\//i.test(rest) ? rest.slice('unix:'.length) : undefined;
}

function authorityRefusalOf(authority) {
  const [host, port, text] = portOf(authority);
  return text ?? portRefusalOf(port) ?? hostRefusalOf(host) ?? (Number(port) === 0 ? ZERO : undefined);
}

const ZERO = 'port 0 is out of range (1 to 65535)';

/** Returns host and port, if there is one, or in the third place why there are none. */
function portOf(authority) {
  if (authority.startsWith('[')) {
    const end = authority.indexOf(']') + 1;
    const rest = authority.slice(end);
    if (end === 0) {
      return [, , 'the bracket of the IPv6 address is not closed'];
    }
    if (rest !== '' && !rest.startsWith(':')) {
      return [, , `${quoted(rest)} after the IPv6 address is not a port`];
    }
    return [authority.slice(0, end), rest === '' ? undefined : rest.slice(1)];
  }
  const [host, port] = parted(authority, ':');
  return port?.includes(':') ? [, , 'an IPv6 address goes in brackets, as in [::1]'] : [host, port];
}

function portRefusalOf(port) {
  const fits = port === undefined || (/^\d+$/.test(port) && Number(port) < 65536);
  return fits ? undefined : `${quoted(port)} is not a port (1 to 65535)`;
}

function hostRefusalOf(host) {
  if (host === '') {
    return 'the host is missing';
  }
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1);
    return isIpv6(inner) ? undefined : `${quoted(inner)} is not an IPv6 address`;
  }
  const other = host.match(/[^A-Za-z0-9\-._]/u);
  if (other !== null) {
    return `${charOf(other[0])} cannot be in a host name`;
  }
  const labels = host.replace(/\.$/, '').split('.');
  if (labels.includes('')) {
    return `${quoted(host)} has an empty part`;
  }
  // A name whose last label is a number must be an IPv4 address (WHATWG URL, 3.5).
  const isNumber = /^\d+$/.test(labels.at(-1));
  const isAddress = labels.length === 4 && labels.every((label) => /^(?:0|[1-9]\d{0,2})$/.test(label) && label < 256);
  return isNumber && !isAddress ? `${quoted(host)} is not an IPv4 address` : undefined;
}

function isIpv6(text) {
  try {
    return Boolean(new URL(`http://[${text}]/`));
  } catch {
    return false;
  }
}

/** Returns whether a text seems to contain user and password, even with characters that are not valid. */
function hasUser(rest) {
  if (rest.startsWith('/') || socketOf(rest) !== undefined) {
    return false;
  }
  const authority = rest.split(/[/?#]/, 1)[0];
  const [, port, text] = portOf(authority);
  const isOdd = text !== undefined || portRefusalOf(port) !== undefined;
  return authority.includes('@') || (rest.includes('@') && isOdd);
}

/** Returns the parts before and behind a separator; the second is undefined without one. */
function parted(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function charOf(char) {
  return `'${escaped(char).replaceAll('\\"', '"')}'`;
}
