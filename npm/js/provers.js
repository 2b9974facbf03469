// Authentication methods: reads and checks their settings, and answers challenges.
//
// A prover is `{ method, methods, authid?, authrole?, authextra, begin }`: `methods` are all names
// under which it is offered, and `method` is the first one. `begin()` begins one attempt to join: it
// returns `{ authextra?, answer, check? }`, or throws if the method cannot be offered here.
// `answer(extra, method)` resolves to `{ signature, extra? }`, and `check(details)` throws if WELCOME
// does not prove the router's identity where the method requires that.

import { bytesOf } from './codecs/rules.js';
import { agree, identityOf, need, optional, takeBinding, unanswerable } from './identity.js';
import { authNow, initAuth } from './loading-auth.js';
import * as read from './reading.js';
import { invalid, isSame, isSet, missing, within } from './reading.js';

const METHODS = [
  'anonymous',
  'anonymous-proxy',
  'cookie',
  'tls',
  'ticket',
  'wampcra',
  'cryptosign',
  'cryptosign-proxy',
  'scram',
  'wamp-scram',
];

/** Methods whose answers the authentication module computes. */
const COMPUTED = ['wampcra', 'cryptosign', 'cryptosign-proxy', 'scram', 'wamp-scram'];

/**
 * Reads a dict of methods, the preferred first, with what can be checked at once. Returns a function
 * that resolves to the provers; it loads the authentication module if a method needs it.
 *
 * @throws {ConnectError} with the path of the setting
 */
export function readAuthentication(authentication) {
  const methods = read.checked(() => within('authentication', () => methodsOf(authentication)));
  return () => provers(methods);
}

/** Reads a dict of methods and resolves to their provers. */
export async function proversOf(authentication) {
  return readAuthentication(authentication)();
}

/**
 * Returns the provers of methods that are offered by name, in the order of preference. If there is
 * `onchallenge(method, extra)`, it answers their challenges: it resolves to `{ signature, extra? }`.
 *
 * @throws {ConnectError} if a name is given twice
 */
export function proversOfNames(names, onchallenge) {
  for (const [place, name] of names.entries()) {
    if (names.indexOf(name) < place) {
      throw read.refusal(invalid('authentication', `${name} is given twice`));
    }
  }
  if (onchallenge === undefined || names.length === 0) {
    return names.map((name) => ({ method: name, methods: [name], authextra: {}, begin: unanswerable }));
  }
  const answer = async (extra, method) => {
    await readyFor(method);
    return onchallenge(method, extra);
  };
  return [{ method: names[0], methods: names, authextra: {}, begin: () => ({ answer }) }];
}

/**
 * Loads the authentication module if a challenge of this method may need it, so that `auth_cra` and
 * `auth_cryptosign` can be used in `onchallenge`. That it cannot be loaded is no error yet: a page
 * may compute the answer in its own way.
 */
export async function readyFor(method) {
  if (COMPUTED.includes(method)) {
    await initAuth().catch(() => {});
  }
}

async function provers(methods) {
  if (methods.some(({ name }) => COMPUTED.includes(name))) {
    await initAuth();
  }
  const made = ({ name, methods, authid, authrole, authextra, make }) => {
    const begin = within(read.shortened(name), make);
    return { method: methods[0], methods, authid, authrole, authextra, begin };
  };
  return read.checked(() => within('authentication', () => methods.map(made)));
}

function methodsOf(authentication) {
  const given = read.entriesOf(authentication);
  if (given === undefined) {
    throw read.mustBe('a dict of methods', authentication);
  }
  const methods = [];
  for (const [name, settings] of given) {
    within(read.shortened(name), () => {
      const method = methodOf(name, isSet(settings) ? read.dict(settings) : new Map(), given);
      if (method !== undefined) {
        agree(methods, method);
        methods.push(method);
      }
    });
  }
  return methods;
}

/**
 * Reads the settings of a method. Its `make()` returns `begin()`, once the authentication module is
 * loaded. Returns undefined for the second dialect of SCRAM, which the first one offers as well.
 */
function methodOf(name, settings, given) {
  switch (name) {
    case 'anonymous':
    case 'anonymous-proxy':
    case 'cookie':
    case 'tls':
      return { ...identityOf(name, settings, []), make: () => unanswerable };
    case 'ticket': {
      const identity = identityOf(name, settings, ['ticket']);
      const signature = need(settings, 'ticket');
      return { ...identity, make: () => () => ({ answer: async () => ({ signature }) }) };
    }
    case 'wampcra':
      return wampcra(name, settings);
    case 'cryptosign':
    case 'cryptosign-proxy':
      return cryptosign(name, settings);
    case 'scram':
    case 'wamp-scram':
      return scram(name, settings, given);
    default:
      throw invalid('', `unknown authentication method; known are ${METHODS.join(', ')}`);
  }
}

function wampcra(name, settings) {
  const identity = identityOf(name, settings, ['secret']);
  need(settings, 'authid');
  const secret = need(settings, 'secret');
  return { ...identity, make: () => authNow().wampcra(secret) };
}

function cryptosign(name, settings) {
  const identity = identityOf(name, settings, ['privkey', 'router_key']);
  const { authextra } = identity;
  const key = within('privkey', () => privateKeyOf(settings.get('privkey')));
  const { pubkey } = authextra;
  delete authextra.pubkey;
  const isBound = takeBinding(authextra);
  const routerKey = optional(settings, 'router_key');
  return { ...identity, isBound, make: () => authNow().cryptosign({ key, pubkey, isBound, routerKey }) };
}

/** Returns a private key as octets, or as a text with a known form. */
function privateKeyOf(given) {
  if (given === undefined) {
    throw missing('');
  }
  if (read.kindOf(given) === 'bytes') {
    // A copy: the page may change its own.
    return bytesOf(given).slice();
  }
  const text = read.text(given);
  // Hexadecimal digits contain none of these characters.
  if (!text.trimStart().startsWith('-----BEGIN') && /[/\\.~_]/.test(text)) {
    const wanted = 'it must be 64 hexadecimal digits, or the text of an OpenSSH key';
    throw invalid('', `${wanted}, not the path of a file`);
  }
  return text;
}

/** If both dialects are there, the first one offers both, with one nonce. */
function scram(name, settings, given) {
  const names = [...given.keys()];
  const other = name === 'scram' ? 'wamp-scram' : 'scram';
  const both = names.includes(other);
  if (both && names.indexOf(other) < names.indexOf(name)) {
    if (isSame(given.get(name), given.get(other))) {
      return undefined;
    }
    throw invalid('', `it must have the same settings as ${other}`);
  }
  const identity = identityOf(name, settings, ['password', 'accept_weak']);
  const authid = need(settings, 'authid');
  const isBound = takeBinding(identity.authextra);
  const password = need(settings, 'password');
  const weak = settings.get('accept_weak');
  const acceptWeak = isSet(weak) && within('accept_weak', () => flag(weak));
  const all = both ? [name, other] : [name];
  // Autobahn's dialect cannot be bound.
  const methods = isBound && all.includes('wamp-scram') ? ['wamp-scram'] : all;
  const exchange = { methods, authid, password, acceptWeak, isBound };
  return { ...identity, methods, isBound, make: () => authNow().scram(exchange) };
}

function flag(value) {
  if (typeof value !== 'boolean') {
    throw read.mustBe('a boolean', value);
  }
  return value;
}
