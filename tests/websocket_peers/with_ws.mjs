// `ws` as an echo peer; README.md has the options and what is printed.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../autobahn_js/package.json', import.meta.url));
const { WebSocket, WebSocketServer } = require('ws');

const LIMIT = 64 * 1024 * 1024;
const [role, ...rest] = process.argv.slice(2);
const options = JSON.parse(rest.pop());
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

function echo(socket) {
  say({ open: { extensions: socket.extensions, protocol: socket.protocol || null } });
  socket.on('message', (data, binary) => {
    const close = binary ? null : /^!close (\d+) (.*)$/.exec(data.toString());
    if (close) {
      socket.close(Number(close[1]), close[2]);
      return;
    }
    const size = options.fragment || data.length || 1;
    for (let at = 0; at < data.length || at === 0; at += size) {
      socket.send(data.subarray(at, at + size), { binary, fin: at + size >= data.length });
    }
  });
  // A connection that fails is closed, too.
  socket.on('error', (error) => process.stderr.write(`${error}\n`));
  socket.on('close', (code, reason) => {
    say({ closed: { code, reason: reason.toString(), clean: code !== 1006 } });
  });
}

const parameters = {
  threshold: 0,
  serverNoContextTakeover: options.server_no_context_takeover,
  clientNoContextTakeover: options.client_no_context_takeover,
  serverMaxWindowBits: options.server_max_window_bits,
  clientMaxWindowBits: options.client_max_window_bits ?? (role === 'client' ? true : undefined),
};
for (const key of Object.keys(parameters)) {
  if (parameters[key] === undefined) {
    delete parameters[key];
  }
}
const common = { perMessageDeflate: options.deflate ? parameters : false, maxPayload: LIMIT };

process.stdin.on('end', () => process.exit()).resume();
if (role === 'server') {
  const server = new WebSocketServer({ ...common, host: '127.0.0.1', port: 0 });
  server.on('listening', () => say({ port: server.address().port }));
  server.on('connection', echo);
} else {
  const socket = new WebSocket(rest[0], common);
  socket.on('open', () => echo(socket));
  socket.on('error', (error) => process.stderr.write(`${error}\n`));
}
