// The identity that authentication methods ask for: HELLO has one for all of them.

import * as read from './reading.js';
import { invalid, isSame, isSet, missing, quoted, within } from './reading.js';

/** Methods for which `authextra.channel_binding` of HELLO counts. */
const BOUND = ['cryptosign', 'cryptosign-proxy', 'wamp-scram'];

/** The only channel binding that there is; no browser tells its TLS. */
const TLS_EXPORTER = 'tls-exporter';

/** Reads the identity and rejects unknown keys, except for `own`. */
export function identityOf(name, settings, own) {
  const known = [...own, 'authid', 'authrole', 'authextra'];
  for (const key of settings.keys()) {
    if (!known.includes(key)) {
      throw read.unknown(key, `known are ${known.join(', ')}`);
    }
  }
  const given = settings.get('authextra');
  const entries = isSet(given) ? within('authextra', () => read.dict(given)) : [];
  const [authid, authrole] = [optional(settings, 'authid'), optional(settings, 'authrole')];
  return { name, methods: [name], authid, authrole, authextra: Object.fromEntries(entries) };
}

export function optional(settings, key) {
  const value = settings.get(key);
  return isSet(value) ? within(key, () => read.text(value)) : undefined;
}

export function need(settings, key) {
  const value = optional(settings, key);
  if (value === undefined) {
    throw missing(key);
  }
  return value;
}

/** Takes the channel binding out of `authextra`. Returns whether there is one. */
export function takeBinding(authextra) {
  const binding = authextra.channel_binding;
  delete authextra.channel_binding;
  if (isSet(binding) && binding !== TLS_EXPORTER) {
    throw invalid('authextra.channel_binding', read.mustBe(`"${TLS_EXPORTER}" or null`, binding).message);
  }
  return isSet(binding);
}

/** Begins an attempt by a method that answers no challenge. */
export function unanswerable() {
  return {
    async answer(_, method) {
      throw new Error(`${quoted(method)} has no answer to a challenge`);
    },
  };
}

/** Checks that a method asks for the same identity as those before it. */
export function agree(methods, method) {
  if (method.isBound && boundOf(method) === undefined) {
    throw invalid('', `${method.methods[0]} has no channel binding (${TLS_EXPORTER})`);
  }
  for (const other of methods) {
    agreeOnBinding(other, method);
    for (const key of ['authid', 'authrole']) {
      const [ours, theirs] = [other[key], method[key]];
      if (ours !== undefined && theirs !== undefined && ours !== theirs) {
        const text = `${key} is ${quoted(theirs)}, but ${quoted(ours)} for another method; HELLO has one only`;
        throw invalid('', `${method.methods[0]}: ${text}`);
      }
    }
    for (const [key, value] of Object.entries(method.authextra)) {
      // The values may be secret.
      if (Object.hasOwn(other.authextra, key) && !isSame(other.authextra[key], value)) {
        throw invalid('', `${method.methods[0]}: authextra.${key} differs from that of another method`);
      }
    }
  }
}

function agreeOnBinding(other, method) {
  const [one, another] = [boundOf(method), boundOf(other)];
  if (one === undefined || another === undefined || method.isBound === other.isBound) {
    return;
  }
  const [is, isNot] = method.isBound ? [one, another] : [another, one];
  throw invalid(
    '',
    `${is} is bound to the channel and ${isNot} is not, but HELLO has one channel_binding for both`,
  );
}

function boundOf({ methods }) {
  return methods.find((name) => BOUND.includes(name));
}
