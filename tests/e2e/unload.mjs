// A page that is closed: the router, which is scripted here, gets GOODBYE.

import { once } from 'node:events';
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(new URL('../autobahn_js/package.json', import.meta.url))('ws');

/** Closes a page that leaves on `pagehide`; resolves to what the router got after HELLO. */
export async function closeAPage(page) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'wamp.2.json' });
  await once(server, 'listening');
  const got = new Promise((resolve) => {
    server.once('connection', (socket) => {
      const messages = [];
      socket.on('message', (data) => {
        const message = JSON.parse(data);
        if (message[0] === 1) {
          socket.send(JSON.stringify([2, 7, { roles: { broker: {}, dealer: {} } }]));
        } else {
          messages.push(message);
        }
      });
      socket.on('close', () => resolve(messages));
    });
  });
  await page.evaluate(async (url) => {
    const { connect } = await import('./pkg/index.js');
    const session = await connect({ url, realm: 'realm1', serializers: ['json'] });
    addEventListener('pagehide', () => void session.leave('wamp.close.close_realm', 'the page is closed'));
  }, `ws://127.0.0.1:${server.address().port}/ws`);
  await page.close({ runBeforeUnload: false });
  const messages = await got;
  server.close();
  return messages;
}
