// Logins: the methods, their fields, and the option `authentication` that they make.

import { $ } from './form.js';

/** Names of the setting and of its field, and the secret of the demo's user `joe`. */
const methods = {
  ticket: { key: 'ticket', label: 'Ticket', demo: 'secret' },
  wampcra: { key: 'secret', label: 'Secret', demo: 'secret' },
  scram: { key: 'password', label: 'Password', demo: 'secret' },
  'wamp-scram': { key: 'password', label: 'Password', demo: 'secret' },
  cryptosign: { key: 'privkey', label: 'Private key', demo: '6a6f65'.padEnd(64, '0') },
};

$('method').addEventListener('change', showFields);
showFields();

function showFields() {
  const method = methods[$('method').value];
  $('login').hidden = method === undefined;
  if (method) {
    $('secret-name').textContent = method.label;
    $('authid').value ||= 'joe';
    $('secret').value = method.demo;
  }
}

/** The chosen login, as `{ method, authid, key, secret }`; `undefined` without one. */
export function login() {
  const method = $('method').value;
  return methods[method] && { method, authid: $('authid').value.trim(), key: methods[method].key, secret: $('secret').value };
}

/** The option of `connect` and `Component` for a login. */
export function authentication(login) {
  return login && { [login.method]: { authid: login.authid, [login.key]: login.secret } };
}
