// Runs the behaviour suite in Node, Bun or Deno: the argument is the options as JSON; prints the outcome.

import process from 'node:process';

// Tests look at promises later than these runtimes like.
process.on('unhandledRejection', () => {});
const { ws, ...options } = JSON.parse(process.argv[2]);
// Node 20 has none: a page of its own would give the option `WebSocket`, the tests have it as the browser has.
globalThis.WebSocket ??= ws && (await import(ws)).WebSocket;
const lib = await import('../../pkg/index.js');
const patterns = await import('../../pkg/patterns.js');
const cryptobox = await import('../../pkg/cryptobox.js');
const { run } = await import('../e2e/suite.mjs');
const outcome = await run({ lib, patterns, cryptobox, ...options, tell: options.verbose && console.log });
console.log(JSON.stringify(outcome));
process.exit(0);
