// Starts Firefox and evaluates functions in a page, through WebDriver BiDi.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Node 20 has no WebSocket of its own.
const { WebSocket } = createRequire(new URL('../autobahn_js/package.json', import.meta.url))('ws');

const PREFERENCES = {
  'remote.active-protocols': 3,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  // Or it waits longer and longer before it connects to a router that was not there.
  'network.websocket.delay-failed-reconnects': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
};

/** A headless Firefox with a page: `evaluate(function, argument)` and `close()`. */
export async function startFirefox(program) {
  const profile = mkdtempSync(path.join(tmpdir(), 'wampwerk-firefox-'));
  const lines = Object.entries(PREFERENCES).map((entry) => `user_pref(${entry.map((part) => JSON.stringify(part))});`);
  writeFileSync(path.join(profile, 'user.js'), lines.join('\n'));
  const browser = spawn(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    env: { ...process.env, HOME: profile },
  });
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });

  try {
    const address = await new Promise((resolve, reject) => {
      let said = '';
      const read = (data) => {
        said += data;
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
        if (found) {
          resolve(found[1]);
        }
      };
      browser.stdout.on('data', read);
      browser.stderr.on('data', read);
      browser.once('error', reject);
      browser.once('exit', () => reject(new Error(`Firefox does not start: ${said}`)));
    });
    const socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));

    const pending = new Map();
    socket.on('message', (data) => {
      const { id, type, result, error, message } = JSON.parse(data);
      const { resolve, reject } = pending.get(id) ?? {};
      pending.delete(id);
      if (type === 'error') {
        reject?.(new Error(`${error}: ${message}`));
      } else {
        resolve?.(result);
      }
    });
    let commands = 0;
    const send = (method, params) =>
      new Promise((resolve, reject) => {
        pending.set(++commands, { resolve, reject });
        socket.send(JSON.stringify({ id: commands, method, params }));
      });

    await send('session.new', { capabilities: {} });
    // The first page is about:home, which may not connect.
    const target = await send('browsingContext.create', { type: 'tab' });
    return {
      async goto(url) {
        await send('browsingContext.navigate', { context: target.context, url, wait: 'complete' });
      },
      async evaluate(body, argument) {
        const call = `(${body})(${JSON.stringify(argument)})`;
        const expression = `(async () => JSON.stringify(await ${call}))()`;
        const answer = await send('script.evaluate', { expression, target: { context: target.context }, awaitPromise: true });
        if (answer.type !== 'success') {
          throw new Error(answer.exceptionDetails.text);
        }
        return JSON.parse(answer.result.value);
      },
      async close() {
        await send('browser.close', {}).catch(() => {});
        socket.close();
        browser.kill();
        remove();
      },
    };
  } catch (error) {
    browser.kill();
    remove();
    throw error;
  }
}
