// Procedures of the page.

import { Result, WampError } from './pkg/index.js';
import { follow, session } from './connection.js';
import { $, element, onSubmit, removable, say } from './form.js';
import { isList, parse } from './values.js';

follow({ offline: () => $('registrations').replaceChildren() });

const replies = {
  echo: () => (args, kwargs) => new Result(args, kwargs),
  value: (reply) => {
    const value = fixed(reply);
    return () => value;
  },
  error: (reply) => () => {
    throw new WampError(reply || 'page.error.refused', ['as it was registered']);
  },
};

/** The value that is typed. */
export function fixed(reply) {
  return parse(`[${reply || 'null'}]`, 'Value', isList)[0];
}

onSubmit('register', 'register-result', async ({ uri, form }) => {
  const endpoint = replies[form.answer.value](form.reply.value.trim());
  const calls = element('small', '', '0 calls');
  let count = 0;
  const registration = await session.register(uri, (args, kwargs) => {
    calls.textContent = `${++count} ${count === 1 ? 'call' : 'calls'}`;
    return endpoint(args, kwargs);
  });
  say('register-result', '');
  const item = removable(uri, `Unregister ${uri}`, 'Remove', () => registration.unregister());
  item.prepend(element('code', '', uri), calls);
  $('registrations').append(item);
});

$('register').answer.addEventListener('change', (event) => {
  const answer = event.target.value;
  $('reply-label').hidden = answer === 'echo';
  $('reply-name').textContent = answer === 'error' ? 'Error URI' : 'Value, as JSON';
  $('register').reply.value = answer === 'error' ? 'page.error.refused' : '42';
});
