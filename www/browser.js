// The realm browser: lists of sessions, procedures and topics; a click calls or subscribes.

import { prepareCall } from './call.js';
import { follow } from './connection.js';
import { $, button, describe, element, say } from './form.js';
import { Realm } from './realm.js';
import { subscribe } from './subscribe.js';

/** Maximum number of peers that a row names. */
const PEERS = 4;

const views = {
  sessions: { order: 'id', text: sessionText },
  procedures: { order: 'uri', text: peersText, action: ['Call', call] },
  topics: { order: 'uri', text: peersText, action: ['Subscribe', subscribeTo] },
};

let realm = null;
let own = null;
let frame = 0;
const changed = new Set();

follow({
  online: (session) => {
    own = session.id;
    realm = new Realm(session, later);
    void realm.start();
  },
  offline: () => {
    realm = null;
    Object.keys(views).forEach(later);
  },
});

/** Draws a kind in the next frame. */
function later(kind) {
  changed.add(kind);
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    changed.forEach(draw);
    changed.clear();
  });
}

function draw(kind) {
  const { order } = views[kind];
  const items = [...(realm?.items[kind].values() ?? [])]
    // The meta API's own topics are those of this page.
    .filter(({ uri }) => !uri?.startsWith('wamp.'))
    .sort((a, b) => (a[order] < b[order] ? -1 : a[order] > b[order] ? 1 : 0));
  $(`${kind}-count`).textContent = realm === null ? '' : items.length;
  say(`${kind}-missing`, [...(realm?.missing[kind] ?? [])].map((text) => `The router refuses ${text}`).join('\n'));
  arrange($(kind), kind, items);
}

/** Brings a list to what it should contain; rows that stay keep their place and the focus. */
function arrange(list, kind, items) {
  const wanted = new Set(items.map(({ id }) => String(id)));
  for (const row of [...list.children]) {
    if (!wanted.has(row.dataset.id)) {
      row.remove();
    }
  }
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  let next = list.firstElementChild;
  for (const item of items) {
    const row = rows.get(String(item.id)) ?? newRow(kind, item);
    row.querySelector('small').textContent = views[kind].text(item);
    if (row === next) {
      next = next.nextElementSibling;
    } else {
      list.insertBefore(row, next);
    }
  }
}

function newRow(kind, item) {
  const row = element('li', '', element('code', '', String(item.uri ?? item.id)), element('small'));
  row.dataset.id = item.id;
  row.dataset.name = item.uri ?? item.id;
  const { action } = views[kind];
  if (action) {
    const [word, act] = action;
    row.append(button(word, `${word} ${item.uri}`, () => act(item)));
  }
  return row;
}

function sessionText({ id, authid, authrole, authmethod }) {
  return [id === own ? 'this page' : '', authid, authrole, authmethod].filter(Boolean).join(' · ');
}

function peersText({ match, invoke, peers }) {
  const names = peers.slice(0, PEERS).map((id) => (id === own ? 'this page' : id));
  const rest = peers.length > PEERS ? ` and ${peers.length - PEERS} more` : '';
  const policy = [match === 'exact' ? '' : match, invoke === 'single' ? '' : invoke].filter(Boolean);
  return [...policy, names.join(', ') + rest].join(' · ');
}

function call({ uri, match }) {
  prepareCall(uri, match !== 'exact');
}

function subscribeTo({ uri, match }) {
  const form = $('subscribe');
  form.uri.value = uri;
  form.match.value = match;
  void subscribe(uri, match).catch((error) => say('subscribe-result', describe(error), true));
}
