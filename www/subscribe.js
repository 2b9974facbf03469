// Subscriptions, and the list of their events.

import { follow, session } from './connection.js';
import { $, onSubmit, removable, say } from './form.js';
import { Log } from './log.js';
import { trees } from './tree.js';

const subscriptions = new Map();
const events = new Log('events');
let count = 0;

follow({
  offline: () => {
    subscriptions.clear();
    $('subscriptions').replaceChildren();
  },
});

onSubmit('subscribe', 'subscribe-result', ({ uri, form }) => subscribe(uri, form.match.value));

/** Subscribes, and shows the events. */
export async function subscribe(uri, match) {
  const name = match === 'exact' ? uri : `${uri} (${match})`;
  if (subscriptions.has(name)) {
    say('subscribe-result', `Already subscribed to ${name}.`);
    return;
  }
  // Known before the router answers, so that two clicks make one subscription.
  subscriptions.set(name, null);
  let subscription;
  try {
    subscription = await session.subscribe(uri, show, { match });
  } catch (error) {
    subscriptions.delete(name);
    throw error;
  }
  subscriptions.set(name, subscription);
  say('subscribe-result', '');
  const item = removable(name, `Unsubscribe from ${name}`, '×', async () => {
    subscriptions.delete(name);
    await subscription.unsubscribe();
  });
  item.prepend(name);
  $('subscriptions').append(item);
}

function show(args, kwargs, { topic, missed }) {
  $('event-count').textContent = ++count;
  events.add(() => ({
    name: topic,
    values: [...(missed ? [`(${missed} events lost) `] : []), ...trees(args, kwargs)],
  }));
}
