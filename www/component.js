// A component that stays up: it joins again whenever the connection is lost, and its back-off shows.

import { Component } from './pkg/index.js';
import { target } from './connection.js';
import { $, describe, say } from './form.js';
import { Log } from './log.js';
import { authentication } from './login.js';

/** Procedure of the component, which is registered again after each join. */
const PROCEDURE = 'page.component';

const log = new Log('component-log');
let component = null;
/** The delay that runs, as `{ begin, delay, failures }`. */
let backOff = null;

$('component-start').addEventListener('click', start);
$('component-stop').addEventListener('click', () => component.stop());
$('component-retry').addEventListener('click', () => component.retryNow());
show();

async function start() {
  const { url, realm, serializers, login } = target();
  try {
    component = new Component({
      transports: { url, ...(serializers && { serializers }), max_retries: -1 },
      realm,
      authentication: authentication(login),
      onUserError: (error, where) => note('error', `${where}: ${error.message}`),
    });
  } catch (error) {
    note('refused', describe(error));
    return;
  }
  component.register(PROCEDURE, () => component.session.id, { invoke: 'last' });
  component.on('connect', (transport) => note('connected', transport.url));
  component.on('ready', ({ id }) => note('joined', `session ${id}; ${PROCEDURE} is registered`));
  component.on('leave', ({ kind, message, reason }) => note('left', `${kind}: ${message ?? reason}`));
  component.on('disconnect', () => note('disconnected', ''));
  component.on('retry', retry);
  // The state has no event of its own.
  const timer = setInterval(show, 100);
  try {
    await component.start();
    note('stopped', '');
  } catch (error) {
    note('ended', describe(error));
  }
  clearInterval(timer);
  show();
}

function retry({ error, delay, failures, willRetry }) {
  backOff = { begin: performance.now(), delay, failures };
  note('failed', `${error.message}; ${willRetry ? `next attempt in ${seconds(delay)}` : 'no further attempt'}`);
}

function note(name, text) {
  log.add(() => ({ name, values: [text] }));
  show();
}

function show() {
  const state = component?.state ?? 'idle';
  const runs = !['idle', 'done'].includes(state);
  const waits = state === 'waiting' && backOff !== null;
  say('component-state', state);
  $('component-start').disabled = runs;
  $('component-stop').disabled = !runs || state === 'stopping';
  $('component-retry').disabled = !waits && state !== 'offline';
  $('component-waiting').hidden = !waits;
  if (waits) {
    const { begin, delay, failures } = backOff;
    const passed = Math.min(delay, performance.now() - begin);
    $('component-wait').max = Math.max(delay, 1);
    $('component-wait').value = passed;
    const word = failures === 1 ? 'attempt' : 'attempts';
    $('component-backoff').textContent = `${failures} ${word} failed; the next one in ${seconds(delay - passed)}`;
  }
}

function seconds(millis) {
  return `${(millis / 1000).toFixed(1)} s`;
}
