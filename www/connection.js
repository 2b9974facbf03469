// The connection of the page: its form, its session, and what is done when that begins and ends.

import { connect } from './pkg/index.js';
import { $, describe } from './form.js';
import { authentication, login } from './login.js';
import { record } from './messages.js';

/** The session of the page; null without one. */
export let session = null;

const followers = [];

/** Calls `online` with each session, and `offline` when it is over. */
export function follow({ online, offline }) {
  followers.push({ online, offline });
}

/** Where the form leads: `{ url, realm, serializers, login }`. */
export function target() {
  const chosen = $('serializer').value;
  return {
    url: $('url').value.trim(),
    realm: $('realm').value.trim(),
    serializers: chosen ? [chosen] : undefined,
    login: login(),
  };
}

/** Fills in the router of the address, or the one of this server, and connects. */
export function begin() {
  $('url').value = new URLSearchParams(location.search).get('url') ?? ownUrl();
  show();
  void join();
}

$('connect').addEventListener('submit', (event) => {
  event.preventDefault();
  void (session ? leave() : join());
});

async function leave() {
  $('join').disabled = true;
  await session.leave();
}

async function join() {
  const { login, ...options } = target();
  state('busy', `Connecting to ${options.url} …`);
  $('join').disabled = true;
  try {
    start(await connect({ ...options, authentication: authentication(login), trace: record }));
  } catch (error) {
    state('failed', describe(error));
    $('join').disabled = false;
  }
}

function start(joined) {
  session = joined;
  state('open', `Connected to ${$('url').value}`);
  show();
  for (const { online } of followers) {
    online?.(session);
  }
  session.onClose(({ kind, reason, message }) => {
    session = null;
    const text = kind === 'left' ? 'Left the realm' : `Session closed (${kind}): ${message ?? reason}`;
    state(kind === 'left' ? 'closed' : 'failed', text);
    show();
    for (const { offline } of followers) {
      offline?.();
    }
  });
}

/** Shows whether there is a session, and which. */
function show() {
  for (const detail of ['id', 'realm', 'serializer', 'authid', 'authrole']) {
    $(`session-${detail}`).textContent = session?.[detail] ?? '–';
  }
  $('join').textContent = session ? 'Leave' : 'Connect';
  $('join').className = session ? '' : 'primary';
  $('join').disabled = false;
  document.body.classList.toggle('online', session !== null);
  for (const button of document.querySelectorAll('[data-online]')) {
    button.disabled = session === null;
  }
  for (const field of document.querySelectorAll('#connect input, #connect select')) {
    field.disabled = session !== null;
  }
}

function state(kind, text) {
  $('strip').dataset.state = kind;
  $('state').textContent = text;
}

/** URL of the router on the server of this page; for a page from a file, on this machine. */
function ownUrl() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host || '127.0.0.1:8080'}/ws`;
}
