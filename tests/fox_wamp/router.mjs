// A router of fox-wamp on a free port of this machine, without authentication: every realm exists. Prints its URL, and
// ends with its stdin.
import FoxRouter from 'fox-wamp';

const router = new FoxRouter();
const server = router.listenWAMP({ host: '127.0.0.1', port: 0, path: '/ws' });
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/ws`));
process.stdin.resume().on('end', () => process.exit(0));
