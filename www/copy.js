// "Copy as": the program that does what a form does, in a dialog and in the clipboard.

import { target } from './connection.js';
import { $, fields, say } from './form.js';
import { javascript } from './javascript.js';
import { fixed } from './register.js';
import { rust } from './rust.js';

const languages = { JavaScript: javascript, Rust: rust };

/** What each form does, for the writers of programs. */
const actions = {
  call: ({ uri, args, kwargs }) => ({ kind: 'call', uri, args, kwargs }),
  publish: ({ uri, args, kwargs, form }) => ({
    kind: 'publish', uri, args, kwargs, acknowledge: form.acknowledge.checked, excludeMe: !form.self.checked,
  }),
  subscribe: ({ uri, form }) => ({ kind: 'subscribe', uri, match: form.match.value }),
  register: ({ uri, form }) => {
    const [answer, reply] = [form.answer.value, form.reply.value.trim()];
    return { kind: 'register', uri, answer, value: answer === 'value' ? fixed(reply) : reply || 'page.error.refused' };
  },
};

for (const group of document.querySelectorAll('[data-copy]')) {
  for (const button of group.querySelectorAll('button')) {
    const language = button.textContent;
    button.setAttribute('aria-label', `Copy as ${language}`);
    button.addEventListener('click', () => copy(group.dataset.copy, language));
  }
}

$('program-close').addEventListener('click', () => $('program').close());

async function copy(form, language) {
  $('program-title').textContent = `The same in ${language}`;
  let text;
  try {
    text = languages[language](actions[form](fields($(form))), target());
  } catch (error) {
    text = '';
    say('program-note', error.message, true);
  }
  $('program-text').textContent = text;
  $('program').showModal();
  if (text !== '') {
    const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    say('program-note', isCopied ? 'Copied.' : 'The browser does not allow copying: select the text.');
  }
}
