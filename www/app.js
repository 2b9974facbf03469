// The console: its parts, and the buttons that fill in a form and send it.

import './browser.js';
import './call.js';
import './component.js';
import './copy.js';
import './publish.js';
import './register.js';
import './roundtrips.js';
import './subscribe.js';
import { begin } from './connection.js';
import { $ } from './form.js';

for (const form of ['call', 'publish', 'subscribe']) {
  for (const button of document.querySelectorAll(`[data-${form}]`)) {
    button.addEventListener('click', () => {
      const fields = $(form);
      fields.uri.value = button.dataset[form];
      if (fields.match) {
        fields.match.value = 'exact';
      }
      if (fields.args) {
        fields.args.value = button.dataset.args;
        fields.kwargs.value = '';
      }
      fields.requestSubmit();
    });
  }
}

begin();
