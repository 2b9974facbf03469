// Builds and runs the demo, as `make demo` does, on free ports.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const built = new Map();

// The packages and features that tools/test builds with: so the library is compiled once.
const packages = readFileSync(new URL('../../tools/native.args', import.meta.url), 'utf8').trim().split(' ');

/**
 * Builds a program, once, and gives its path.
 * @param {'bin' | 'example'} kind
 */
function build(kind, name) {
  if (!built.has(name)) {
    built.set(name, buildNow(kind, name));
  }
  return built.get(name);
}

let found;

/** Paths of the libraries that the demo was built with, and the folder of what they depend on. */
export function libraries() {
  const all = (found ??= artifacts('bin', 'wampwerk-demo'));
  const pathOf = (name) =>
    all
      .findLast(({ target, filenames }) => target?.name === name && filenames.some((file) => file.endsWith('.rlib')))
      .filenames.find((file) => file.endsWith('.rlib'));
  const [wampwerk, tokio] = [pathOf('wampwerk'), pathOf('tokio')];
  return { deps: path.join(path.dirname(build('bin', 'wampwerk-demo')), 'deps'), wampwerk, tokio };
}

function buildNow(kind, name) {
  return artifacts(kind, name).findLast(({ target, executable }) => target?.name === name && executable).executable;
}

/** Builds, and returns what cargo says about each part. */
function artifacts(kind, name) {
  const { status, stdout } = spawnSync(
    'cargo',
    ['build', ...packages, `--${kind}`, name, '--message-format', 'json-render-diagnostics'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) {
    throw new Error(`${name} could not be built`);
  }
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/**
 * Starts the demo; resolves when it has printed its address.
 * @param {string | undefined} url another router to use
 */
export async function start(url) {
  const args = ['--port', '0', ...(url ? ['--url', url] : [])];
  const child = spawn(build('bin', 'wampwerk-demo'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // A test run that is broken off leaves no demo behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  let output = '';
  const address = new Promise((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const found = output.match(/http:\/\/\S+(?=\s)/);
      if (found) {
        resolve(new URL(found[0]));
      }
    });
  });
  const failed = ended.then((code) => {
    throw new Error(`the demo ended with ${code} before it printed an address:\n${output}`);
  });
  const page = await within(30_000, 'the address of the demo', Promise.race([address, failed]));
  failed.catch(() => {});
  return {
    page,
    router: page.searchParams.get('url') ?? `ws://${page.host}/ws`,
    /** Ends it as Ctrl-C does; resolves to the exit code. */
    stop: () => {
      child.kill('SIGINT');
      return within(15_000, 'the end of the demo', ended);
    },
  };
}

/** Starts a router alone, by default one where all sessions may do everything; resolves when it listens. */
export async function startRouter(...args) {
  const words = args.length > 0 ? args : ['--open'];
  const child = spawn(build('example', 'test_router'), words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').finally(() => process.off('exit', kill));
  let output = '';
  const address = new Promise((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      const found = output.match(/^ready (\S+)\n/);
      if (found) {
        resolve(found[1]);
      }
    });
  });
  const failed = ended.then(([code]) => {
    throw new Error(`the router ended with ${code} before it listened:\n${output}`);
  });
  const url = await within(30_000, 'the address of the router', Promise.race([address, failed]));
  failed.catch(() => {});
  return {
    url,
    /** Ends it as the end of its input does; resolves to the exit code. */
    stop: () => {
      child.stdin.end();
      return within(15_000, 'the end of the router', ended.then(([code, signal]) => code ?? signal));
    },
    /** Ends it without a word to anybody. */
    kill: () => {
      kill();
      return within(15_000, 'the end of the router', ended);
    },
  };
}

/** A router that can be ended, and started again on the same port. */
export async function restartable() {
  let router = await startRouter('--open');
  const { url } = router;
  const end = async (how) => {
    const ending = router;
    router = undefined;
    await ending?.[how]();
  };
  return {
    url,
    kill: () => end('kill'),
    stop: () => end('stop'),
    start: async () => {
      router ??= await startRouter('--open', new URL(url).port);
    },
  };
}

/** Sends a request as it is, for those that no browser would send; resolves to the answer's head. */
export function request(page, text) {
  const answer = new Promise((resolve, reject) => {
    const socket = net.connect(Number(page.port), page.hostname, () => socket.write(text));
    let head = '';
    socket.setEncoding('latin1').on('data', (part) => (head += part));
    socket.on('end', () => resolve(head.split('\r\n\r\n')[0]));
    socket.on('error', reject);
  });
  return within(10_000, 'an answer', answer);
}

/** Rejects if it takes longer. */
export async function within(millis, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${millis} ms`)), millis);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
