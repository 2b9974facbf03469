// The package in Node, whose own WebSocket is not the browser's. Run by page.mjs, with the address of
// a router as its argument; prints what it sees as JSON.

import { readFileSync } from 'node:fs';

const { Component, connect, Connection, init } = await import(new URL('../../pkg/index.js', import.meta.url));
await init(readFileSync(new URL('../../pkg/wampwerk_bg.wasm', import.meta.url)));

/** The event that a WebSocket fires if there is no listener. */
const url = 'ws://127.0.0.1:2/ws';
const events = [];
const socket = new WebSocket(url);
await new Promise((resolve) => {
  for (const type of ['open', 'error', 'close']) {
    socket.addEventListener(type, () => resolve(events.push(type)));
  }
});

const refused = await connect({ url, realm: 'realm1' }).catch(({ name, uri }) => ({ name, uri }));
const session = await connect({ url: process.argv[2], realm: 'realm1' });
const sum = await session.call('demo.add', [2, 3]);
const { kind } = await session.leave();

// S23, and what stays up.
const connection = new Connection({ url, realm: 'realm1', max_retries: 1, initial_retry_delay: 0 });
const fates = await new Promise((resolve) => {
  const told = [];
  connection.onclose = (reason, { will_retry }) => {
    told.push([reason, will_retry]);
    if (!will_retry) resolve(told);
  };
  connection.open();
});
const component = new Component({
  transports: process.argv[2],
  main: async (joined) => fates.push(await joined.call('demo.add', [20, 22])),
});
await component.start();
console.log(JSON.stringify({ first: events[0], refused, sum, kind, fates }));
process.exit();
