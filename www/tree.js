// Values that can be opened and closed.

import { element } from './form.js';
import { isList, show } from './values.js';

/** Length of the text that needs no opening. */
const SHORT = 60;

/** Number of entries that are shown at once. */
const PORTION = 100;

/** A value: its text if that is short, otherwise its beginning, which opens to all of it. */
export function tree(value, isOpen = false) {
  const text = show(value, SHORT);
  if (text.length <= SHORT) {
    return text;
  }
  const details = document.createElement('details');
  const isText = typeof value !== 'object' || value instanceof Uint8Array;
  const size = isText ? '' : ` (${isList(value) ? value.length : Object.keys(value).length})`;
  details.append(element('summary', '', `${text.slice(0, SHORT)} …${size}`));
  // Made when it is opened for the first time: a large value costs nothing before.
  const fill = () => details.append(isText ? element('div', 'whole', show(value)) : entries(value));
  details.addEventListener('toggle', fill, { once: true });
  details.open = isOpen;
  return details;
}

/** Arguments and keywords side by side, as in `2, 3, a: 1`. */
export function trees(args, kwargs) {
  const parts = [
    ...args.map((value) => [tree(value)]),
    ...Object.entries(kwargs).map(([key, value]) => [`${key}: `, tree(value)]),
  ];
  return parts.length === 0 ? ['(no values)'] : parts.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));
}

function entries(value) {
  const list = element('ul', 'tree');
  const all = Object.entries(value);
  const more = () => {
    list.lastElementChild?.remove();
    const from = list.childElementCount;
    const rows = all.slice(from, from + PORTION).map(([key, item]) => element('li', '', element('i', '', `${key}: `), tree(item)));
    list.append(...rows);
    const left = all.length - list.childElementCount;
    if (left > 0) {
      const button = element('button', '', `${left} more`);
      button.type = 'button';
      button.addEventListener('click', more);
      list.append(element('li', '', button));
    }
  };
  list.append(element('li'));
  more();
  return list;
}
