// The other side: answers calls and publishes events, in JSON and without a library, so that none of
// those that are compared is at both ends.

import { WebSocket } from 'ws';

/** Joins, and registers `bench.echo` and `bench.burst`. */
export async function startPeer(url) {
  const socket = new WebSocket(url, 'wamp.2.json');
  const send = (message) => socket.send(JSON.stringify(message));
  const procedures = { 101: 'bench.echo', 102: 'bench.burst' };
  const registered = new Map();
  let publication = 1000;
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => send([1, 'realm1', { roles: { callee: {}, publisher: {} } }]));
    socket.on('message', (data) => {
      const [code, first, second, , args = []] = JSON.parse(data);
      switch (code) {
        case 2: // WELCOME
          return Object.entries(procedures).forEach(([request, name]) => send([64, Number(request), {}, name]));
        case 65: // REGISTERED
          registered.set(second, procedures[first]);
          return registered.size === 2 && resolve();
        case 68: // INVOCATION
          if (registered.get(second) === 'bench.burst') {
            for (let index = 0; index < args[0]; index++) {
              send([16, ++publication, {}, 'bench.topic', [index, 'something happened']]);
            }
          }
          return send([70, first, {}, args]);
        default:
          return reject(new Error(`the router says ${data}`));
      }
    });
  });
  return () => socket.close();
}
