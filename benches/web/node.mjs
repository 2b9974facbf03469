// A client in a process of its own: its CPU time is that of the client.
//
//     node.mjs CLIENT SERIALIZER URL PACKAGE      then over IPC: {name, operations} -> {micros}

import { readFileSync } from 'node:fs';

import { prepare, scenarios } from './scenarios.mjs';

const [name, serializer, url, base] = process.argv.slice(2);
if (globalThis.WebSocket === undefined) {
  globalThis.WebSocket = (await import('ws')).WebSocket;
}
const { open } = await import(`./clients/${name}.mjs`);
const wasm = name === 'wampwerk' ? readFileSync(new URL('wampwerk_bg.wasm', base)) : undefined;
const client = await prepare(await open(base, url, serializer, wasm));

process.on('message', async ({ name, operations }) => {
  const before = process.cpuUsage();
  await scenarios[name].run(client, operations);
  const { user, system } = process.cpuUsage(before);
  process.send({ micros: user + system });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
