// The log of raw messages, with their sizes.

import { $ } from './form.js';
import { Log } from './log.js';
import { tree } from './tree.js';

const totals = { send: { count: 0, bytes: 0 }, receive: { count: 0, bytes: 0 } };

/** The list of messages. */
export const messages = new Log('messages', () => {
  const text = ({ count, bytes: all }) => `${count} (${bytes(all)})`;
  $('sent').textContent = text(totals.send);
  $('received').textContent = text(totals.receive);
});

/** Takes an entry of the option `trace`. */
export function record({ direction, type, size, message, time }) {
  totals[direction].count += 1;
  totals[direction].bytes += size;
  messages.add(
    () => ({
      name: `${direction === 'send' ? '→' : '←'} ${type}`,
      note: bytes(size),
      values: [message === undefined ? '(cannot be decoded)' : tree(message)],
    }),
    time,
  );
}

/** A size, as `87 B` or `12.3 kB`. */
function bytes(size) {
  return size < 1000 ? `${size} B` : size < 1e6 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
