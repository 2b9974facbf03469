// Calls, with their progress.

import { Result, WampError } from './pkg/index.js';
import { session } from './connection.js';
import { $, describe, element, onSubmit } from './form.js';
import { millis } from './plot.js';
import { tree, trees } from './tree.js';

/** Maximum number of progressive results shown. */
const STEPS = 20;

let cancelling = null;

onSubmit('call', 'call-result', async ({ uri, args, kwargs }) => {
  const output = $('call-result');
  const steps = [];
  const show = (kind, ...rows) => {
    output.className = `result ${kind}`;
    output.replaceChildren(...steps.slice(-STEPS), ...rows);
  };
  cancelling = new AbortController();
  $('cancel').hidden = false;
  $('call-time').textContent = '';
  const begin = performance.now();
  try {
    const value = await session.call(uri, args, kwargs, {
      signal: cancelling.signal,
      onProgress: (step) => {
        steps.push(result(step));
        show('', element('div', '', '…'));
      },
    });
    show('good', result(value));
  } catch (error) {
    show('bad', ...failure(error));
  }
  $('cancel').hidden = true;
  $('call-time').textContent = millis(performance.now() - begin);
});

$('cancel').addEventListener('click', () => {
  cancelling.abort(new WampError('wamp.error.canceled'));
});

/** Fills in a procedure; the arguments are to be typed. */
export function prepareCall(uri, isPattern) {
  const form = $('call');
  form.uri.value = uri;
  form.args.value = '';
  form.kwargs.value = '';
  const field = isPattern ? form.uri : form.args;
  field.scrollIntoView({ block: 'center' });
  field.focus();
}

function result(value) {
  return element('div', '', ...(value instanceof Result ? trees(value.args, value.kwargs) : [tree(value, true)]));
}

function failure(error) {
  if (!(error instanceof WampError) || error.constructor !== WampError) {
    return [element('div', '', describe(error))];
  }
  const hasValues = error.args.length > 0 || Object.keys(error.kwargs).length > 0;
  const uri = element('div', '', error.uri);
  return hasValues ? [uri, element('div', '', ...trees(error.args, error.kwargs))] : [uri];
}
