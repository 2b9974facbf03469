// Forms: what is typed into them, and what is said below them.

import { WampError } from './pkg/index.js';
import { isDict, isList, parse, showArguments } from './values.js';

export const $ = (id) => document.getElementById(id);

/** Runs `action` when the form is sent, and shows its errors in `output`. Only one run at a time. */
export function onSubmit(id, output, action) {
  const form = $(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('.primary');
    button.disabled = true;
    try {
      await action(fields(form));
    } catch (error) {
      say(output, describe(error), true);
    }
    button.disabled = !document.body.classList.contains('online');
  });
}

/** What a form of an operation contains. */
export function fields(form) {
  return {
    form,
    uri: form.uri.value.trim(),
    args: parse(form.args?.value ?? '', 'Arguments', isList),
    kwargs: parse(form.kwargs?.value ?? '', 'Keywords', isDict),
  };
}

export function say(id, text, isBad = false) {
  const output = $(id);
  output.textContent = text;
  const base = output.classList.contains('result') ? 'result' : 'hint';
  output.className = isBad ? `${base} bad` : base;
}

export function describe(error) {
  if (!(error instanceof WampError) || error.constructor !== WampError) {
    return error.message;
  }
  const values = error.args.length > 0 || Object.keys(error.kwargs).length > 0;
  return values ? `${error.uri}\n${showArguments(error.args, error.kwargs)}` : error.uri;
}

/** An element with a class, a text or children. */
export function element(tag, className = '', ...content) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...content);
  return node;
}

/** A button with a text, and a longer name for those that do not see what it stands beside. */
export function button(text, label, action) {
  const node = element('button', '', text);
  node.type = 'button';
  node.setAttribute('aria-label', label);
  node.addEventListener('click', () => action(node));
  return node;
}

/** A row of a list, with a button that ends what it stands for and removes it. */
export function removable(name, label, text, remove) {
  const item = document.createElement('li');
  item.dataset.name = name;
  item.append(
    button(text, label, async (node) => {
      node.disabled = true;
      try {
        await remove();
        item.remove();
      } catch (error) {
        node.disabled = false;
        node.title = describe(error);
        node.textContent = 'Failed';
      }
    }),
  );
  return item;
}

/** The time of day, as `14:03:07.042`. */
export function clock(time = Date.now()) {
  const date = new Date(time);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
