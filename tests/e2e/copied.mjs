// Programs that the page's "copy as" writes: JavaScript runs in Node, Rust is compiled and runs.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { libraries, root, within } from './demo.mjs';

const folder = path.join(root, 'target/e2e/copied');

export class Copied {
  #page;
  #router;

  constructor(page, router) {
    this.#page = page;
    this.#router = router;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
    symlinkSync(path.join(root, 'pkg'), path.join(folder, 'node_modules/wampwerk'), 'dir');
  }

  /** The tests; each language does what the form does. */
  tests({ call, row, shows }) {
    const page = this.#page;
    const tests = {};
    for (const language of ['JavaScript', 'Rust']) {
      const run = async (form) => this.#start(await this.#text(form, language), `${form}-${language}`);
      tests[`a call, copied as ${language}, is the same call`] = async () => {
        await page.fill('#call [name=uri]', 'demo.echo');
        await page.fill('#call [name=args]', JSON.stringify(['it\'s "x"\n\u0007', -2, 1.5, 1e300, null, true, [1, [2]], { 'a-b': 3000000000 }]).replace('-2,', '-2, 9007199254740993, '));
        await page.fill('#call [name=kwargs]', '{"key": "value", "if": []}');
        const output = await (await run('call')).end();
        const shown = language === 'Rust' ? output : output.replace(/\s+/g, ' ');
        for (const part of [/it's "x"|it\\'s|it's \\"x\\"/, /9007199254740993/, /1\.5/, /1e\+?300|1000000000000000/, /3000000000/, /a-b/, /"?key"?: (String\()?['"]value['"]/, /"?if"?: (List\()?\[\]/]) {
          assert.match(shown, part);
        }
      };
      tests[`a publication, copied as ${language}, is the same publication`] = async () => {
        await page.fill('#publish [name=uri]', `page.copied.${language.toLowerCase()}`);
        await page.fill('#publish [name=args]', '["from a program"]');
        await (await run('publish')).end();
        await shows('#events > li', new RegExp(`page\\.copied\\.${language.toLowerCase()}"from a program"`));
      };
      tests[`a subscription, copied as ${language}, gets the events`] = async () => {
        await page.fill('#subscribe [name=uri]', 'page.copied.');
        await page.selectOption('#subscribe [name=match]', 'prefix');
        const program = await run('subscribe');
        await row('topics', 'page.copied.').waitFor();
        await page.fill('#publish [name=uri]', 'page.copied.topic');
        await page.fill('#publish [name=args]', '["to the program"]');
        await page.click('#publish .primary');
        await program.says(/page\.copied\.topic.*to the program/);
        await program.kill();
      };
      tests[`a registration, copied as ${language}, answers`] = async () => {
        const name = `page.copied.${language.toLowerCase()}`;
        for (const [answer, reply, expected] of [
          ['echo', '', '"over"'],
          ['value', '{"list": [1, 2.5]}', '{"list": [1, 2.5]}'],
          ['error', 'page.error.copied', 'page.error.copied\n"as it was registered"'],
        ]) {
          // Compiling each takes long; one that runs, and the same writer for the others.
          await page.fill('#register [name=uri]', name);
          await page.selectOption('#register [name=answer]', answer);
          if (reply) await page.fill('#register [name=reply]', reply);
          const program = await run('register');
          await row('procedures', name).waitFor();
          assert.equal(await call(name, '["over"]'), expected);
          await program.kill();
          await row('procedures', name).waitFor({ state: 'detached' });
        }
      };
      tests[`a login and a serializer are in the ${language} program, its secret is not`] = async () => {
        for (const method of ['ticket', 'wampcra', 'scram', 'wamp-scram', 'cryptosign']) {
          const login = { method, authid: 'joe', key: { ticket: 'ticket', wampcra: 'secret', cryptosign: 'privkey' }[method] ?? 'password' };
          const text = await page.evaluate(
            async ([language, login]) => {
              const writers = { ...(await import('./javascript.js')), ...(await import('./rust.js')) };
              const target = { url: 'ws://127.0.0.1:1/ws', realm: 'realm1', serializers: ['msgpack'], login: { ...login, secret: 'top secret' } };
              return writers[language.toLowerCase()]({ kind: 'publish', uri: 'a.b', args: [], kwargs: {}, excludeMe: true }, target);
            },
            [language, login],
          );
          assert.ok(!text.includes('top secret'), text);
          assert.ok(text.includes('joe') && /msgpack/i.test(text), text);
          if (language === 'Rust') {
            compile(text, `login-${method}`, ['--emit', 'metadata']);
          } else {
            // Refused for its secret, not for its form: a syntax error or an unknown option would be named.
            const failure = await this.#start(text, `login-${method}`).end(1);
            assert.match(failure, method === 'cryptosign' ? /privkey/ : /ConnectError/);
          }
        }
      };
    }
    tests['what cannot be copied is told'] = async () => {
      await page.fill('#call [name=args]', '[1, ');
      await page.click('[data-copy=call] button');
      await shows('#program-note', /^Arguments: /);
      await page.keyboard.press('Escape');
      await page.fill('#call [name=args]', '[2, 3]');
      await page.fill('#call [name=kwargs]', '');
    };
    return tests;
  }

  /** What the dialog shows, which must be what the clipboard has. */
  async #text(form, language) {
    const page = this.#page;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(page.url()).origin });
    await page.click(`[data-copy=${form}] button >> text=${language}`);
    await page.locator('#program-note', { hasText: /^Copied\.$/ }).waitFor();
    const text = await page.locator('#program-text').textContent();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
    assert.ok(text.includes(this.#router), text);
    await page.click('#program-close');
    return text;
  }

  #start(text, name) {
    if (!name.endsWith('Rust')) {
      const file = path.join(folder, `${name}.mjs`);
      writeFileSync(file, text);
      // Node 20 has a WebSocket behind this option.
      return new Program(process.execPath, ['--experimental-websocket', file]);
    }
    return new Program(compile(text, name));
  }
}

/** Compiles a program with the library that the demo was built with. */
function compile(text, name, options = []) {
  const { deps, wampwerk, tokio } = libraries();
  const file = path.join(folder, `${name}.rs`);
  writeFileSync(file, text);
  const binary = path.join(folder, name);
  const externs = ['--extern', `wampwerk=${wampwerk}`, '--extern', `tokio=${tokio}`];
  const words = ['--edition', '2024', '-D', 'warnings', '-L', `dependency=${deps}`, ...externs, ...options, '-o', binary, file];
  execFileSync('rustc', ['--crate-name', 'copied', ...words], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return binary;
}

class Program {
  #child;
  #output = '';
  #ended;
  #changed = () => {};

  constructor(program, words = []) {
    this.#child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output += text;
        this.#changed();
      });
    }
    const kill = () => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        process.off('exit', kill);
        resolve(code);
      });
    });
  }

  /** Resolves to the output at the end. */
  async end(expected = 0) {
    const code = await within(15_000, 'end of a copied program', this.#ended);
    assert.equal(code, expected, this.#output);
    return this.#output;
  }

  /** Resolves when the output contains it. */
  says(pattern) {
    const said = new Promise((resolve) => {
      this.#changed = () => pattern.test(this.#output) && resolve();
      this.#changed();
    });
    return within(15_000, `${pattern} in the output of a copied program`, said);
  }

  kill() {
    this.#child.kill('SIGKILL');
    return this.#ended;
  }
}
