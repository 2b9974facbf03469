// The behaviour suite, wherever JavaScript runs: page, worker, Node, Bun, Deno. Imports nothing of them.

import * as advanced from './advanced.mjs';
import * as authentication from './authentication.mjs';
import * as component from './component.mjs';
import { install } from './kit.mjs';
import * as meta from './meta.mjs';
import { once, withEach } from './package.mjs';
import * as ported from './ported.mjs';
import * as progress from './progress.mjs';

const LIMIT = 30_000;

/**
 * Runs the suite with a loaded package. `router` is one where all may do everything, with the
 * procedures of the demo, `open` the same without them, and `auth` one with users. Returns the number of
 * tests that passed, and what failed.
 */
export async function run({ lib, patterns, cryptobox, router, open, auth, serializers, exclude = [], only, tell = undefined }) {
  install();
  kit.lib = async () => lib;
  kit.patterns = async () => patterns;
  kit.cryptobox = async () => cryptobox;
  const where = { router, ours: true };
  const guarded = { auth, users: component.users, refusal: 'wamp.error.authentication_denied' };
  // Those of SCRAM take many seconds with a router that is built for tests; page.mjs has them.
  const { ticket, wampcra, cryptosign } = component.users;
  const tests = [];
  const add = (all, argument, suffix = '') => {
    for (const [name, body] of Object.entries(all)) tests.push([name + suffix, body, argument]);
  };
  for (const serializer of serializers) {
    add({ ...withEach, ...advanced.withEach }, { ...where, serializer }, ` (${serializer})`);
  }
  const more = { ...meta.once, ...authentication.once, ...ported.once, ...component.once };
  add({ ...once, ...progress.once, ...advanced.once, ...more }, where);
  add(meta.withOpenRouter, { router: open, ours: true });
  const { 'each method lets in, and a wrong secret ends it at once': each, ...others } = component.withUsers;
  add({ 'methods let in, and a wrong secret ends it at once': each }, { ...guarded, users: { ticket, wampcra, cryptosign } });
  add({ ...others, ...ported.withUsers }, guarded);

  const outcome = { passed: 0, failed: [], skipped: [] };
  for (const [name, body, argument] of tests) {
    if (exclude.some((part) => name.startsWith(part)) || (only !== undefined && !name.includes(only))) {
      continue;
    }
    // They need the collector, which not every place has.
    if (typeof globalThis.gc !== 'function' && /isCollected|[^\w]gc\(/.test(String(body))) {
      outcome.skipped.push(name);
      continue;
    }
    const begin = performance.now();
    try {
      await within(body(argument));
      outcome.passed++;
    } catch (error) {
      outcome.failed.push(`${name}: ${error?.stack ?? error}`);
    }
    await within(kit.leaveAll()).catch(() => {});
    outcome.skipped.push(...kit.skipped.splice(0));
    tell?.(`${name} (${Math.round(performance.now() - begin)} ms)`);
  }
  return outcome;
}

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${LIMIT} ms`)), LIMIT);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
