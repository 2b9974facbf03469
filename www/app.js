// The console: one session, and one form per operation.

import { connect, Result, WampError } from './pkg/index.js';
import { millis, Plot } from './plot.js';
import { isDict, isList, parse, show, showArguments } from './values.js';

/** Maximum number of events in the list. */
const KEPT = 200;

/** Maximum number of progressive results shown. */
const STEPS = 20;

const $ = (id) => document.getElementById(id);
const plot = new Plot($('plot'));
const subscriptions = new Map();
const registrations = new Map();

let session = null;
let events = 0;
let paused = false;

$('url').value = new URLSearchParams(location.search).get('url') ?? defaultUrl();
offline();

// connecting

$('connect').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (session) {
    $('join').disabled = true;
    await session.leave();
    return;
  }
  const chosen = $('serializer').value;
  state('busy', `Connecting to ${$('url').value} …`);
  $('join').disabled = true;
  try {
    const joined = await connect({
      url: $('url').value.trim(),
      realm: $('realm').value.trim(),
      serializers: chosen ? [chosen] : undefined,
    });
    online(joined);
  } catch (error) {
    state('failed', describe(error));
  }
  $('join').disabled = false;
});

function online(joined) {
  session = joined;
  session.onClose(({ kind, reason, message }) => {
    session = null;
    const text = kind === 'left' ? 'Left the realm' : `Session closed (${kind}): ${message ?? reason}`;
    state(kind === 'left' ? 'closed' : 'failed', text);
    offline();
  });
  state('open', `Connected to ${$('url').value}`);
  $('session-id').textContent = session.id;
  $('session-realm').textContent = session.realm;
  $('session-serializer').textContent = session.serializer;
  $('join').textContent = 'Leave';
  $('join').className = '';
  toggle(true);
}

function offline() {
  subscriptions.clear();
  registrations.clear();
  $('subscriptions').replaceChildren();
  $('registrations').replaceChildren();
  for (const id of ['session-id', 'session-realm', 'session-serializer']) {
    $(id).textContent = '–';
  }
  $('join').textContent = 'Connect';
  $('join').className = 'primary';
  $('join').disabled = false;
  toggle(false);
}

function toggle(isOnline) {
  for (const button of document.querySelectorAll('[data-online], [data-call], [data-publish], [data-subscribe]')) {
    button.disabled = !isOnline;
  }
  for (const field of document.querySelectorAll('#connect input, #connect select')) {
    field.disabled = isOnline;
  }
}

// calling

let cancelling = null;

onSubmit('call', 'call-result', async ({ uri, args, kwargs }) => {
  const output = $('call-result');
  const steps = [];
  cancelling = new AbortController();
  $('cancel').hidden = false;
  const begin = performance.now();
  const [value, failure] = await session
    .call(uri, args, kwargs, {
      signal: cancelling.signal,
      onProgress: (step) => {
        steps.push(showResult(step));
        output.className = 'result';
        output.textContent = [...steps.slice(-STEPS), '…'].join('\n');
      },
    })
    .then(
      (value) => [value],
      (error) => [undefined, error],
    );
  $('cancel').hidden = true;
  $('call-time').textContent = millis(performance.now() - begin);
  output.className = failure ? 'result bad' : 'result good';
  const last = failure ? describe(failure) : showResult(value);
  output.textContent = [...steps.slice(-STEPS), last].join('\n');
});

$('cancel').addEventListener('click', () => {
  cancelling.abort(new WampError('wamp.error.canceled'));
});

function showResult(value) {
  return value instanceof Result ? showArguments(value.args, value.kwargs) : show(value);
}

// publishing

onSubmit('publish', 'publish-result', async ({ uri, args, kwargs, form }) => {
  const publication = await session.publish(uri, args, kwargs, {
    acknowledge: form.acknowledge.checked,
    excludeMe: !form.self.checked,
  });
  say('publish-result', publication ? `The router took it as event ${publication.id}.` : 'Sent.');
});

// subscribing

onSubmit('subscribe', 'subscribe-result', async ({ uri, form }) => {
  const match = form.match.value;
  const name = match === 'exact' ? uri : `${uri} (${match})`;
  if (subscriptions.has(name)) {
    say('subscribe-result', `Already subscribed to ${name}.`);
    return;
  }
  const handler = (args, kwargs, details) => {
    log(details.topic, showArguments(args, kwargs), details.missed);
  };
  const subscription = await session.subscribe(uri, handler, { match });
  subscriptions.set(name, subscription);
  say('subscribe-result', '');
  const item = removable(name, `Unsubscribe from ${name}`, '×', async () => {
    subscriptions.delete(name);
    await subscription.unsubscribe();
  });
  item.prepend(name);
  $('subscriptions').append(item);
});

function log(topic, text, missed) {
  $('event-count').textContent = ++events;
  if (paused) {
    return;
  }
  const row = $('event-row').content.firstElementChild.cloneNode(true);
  const [time, name, values] = row.children;
  const now = new Date();
  time.textContent = `${now.toLocaleTimeString('en-GB')}.${String(now.getMilliseconds()).padStart(3, '0')}`;
  name.textContent = topic;
  values.textContent = missed ? `(${missed} events lost) ${text}` : text;
  const list = $('events');
  list.prepend(row);
  while (list.childElementCount > KEPT) {
    list.lastElementChild.remove();
  }
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', paused);
  $('pause').textContent = paused ? 'Paused' : 'Pause';
});

$('clear').addEventListener('click', () => $('events').replaceChildren());

// registering

const replies = {
  echo: () => (args, kwargs) => new Result(args, kwargs),
  value: (reply) => {
    const [value] = parse(`[${reply || 'null'}]`, 'Value', isList);
    return () => value;
  },
  error: (reply) => () => {
    throw new WampError(reply || 'page.error.refused', ['as it was registered']);
  },
};

onSubmit('register', 'register-result', async ({ uri, form }) => {
  const answer = form.answer.value;
  const endpoint = replies[answer](form.reply.value.trim());
  const calls = document.createElement('small');
  let count = 0;
  const registration = await session.register(uri, (args, kwargs) => {
    calls.textContent = `${++count} ${count === 1 ? 'call' : 'calls'}`;
    return endpoint(args, kwargs);
  });
  registrations.set(uri, registration);
  say('register-result', '');
  const item = removable(uri, `Unregister ${uri}`, 'Remove', async () => {
    registrations.delete(uri);
    await registration.unregister();
  });
  const name = document.createElement('code');
  name.textContent = uri;
  calls.textContent = '0 calls';
  item.prepend(name, calls);
  $('registrations').append(item);
});

$('register').answer.addEventListener('change', (event) => {
  const answer = event.target.value;
  $('reply-label').hidden = answer === 'echo';
  $('reply-name').textContent = answer === 'error' ? 'Error URI' : 'Value, as JSON';
  $('register').reply.value = answer === 'error' ? 'page.error.refused' : '42';
});

// measuring

onSubmit('measure', 'measure-result', async ({ uri, form }) => {
  const count = Number(form.count.value);
  plot.begin(count);
  let shown = 0;
  for (let call = 0; call < count; call++) {
    const begin = performance.now();
    await session.call(uri, [call]);
    const end = performance.now();
    plot.add(end - begin);
    if (end - shown > 100) {
      shown = end;
      figures();
      // Lets the page respond while it measures.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  figures();
  say('measure-result', '');
});

function figures() {
  const { n, p50, p95, min } = plot.figures();
  $('plot-n').textContent = n;
  $('plot-p50').textContent = millis(p50);
  $('plot-p95').textContent = millis(p95);
  $('plot-min').textContent = millis(min);
}

// quick buttons: fill the form, send it

for (const [form, attribute] of [['call', 'call'], ['publish', 'publish'], ['subscribe', 'subscribe']]) {
  for (const button of document.querySelectorAll(`[data-${attribute}]`)) {
    button.addEventListener('click', () => {
      const fields = $(form);
      fields.uri.value = button.dataset[attribute];
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

/** Runs `action` when the form is sent. Shows errors in `output`. */
function onSubmit(id, output, action) {
  const form = $(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('.primary');
    button.disabled = true;
    try {
      await action({
        form,
        uri: form.uri.value.trim(),
        args: parse(form.args?.value ?? '', 'Arguments', isList),
        kwargs: parse(form.kwargs?.value ?? '', 'Keywords', isDict),
      });
    } catch (error) {
      if (id === 'call') $('call-time').textContent = '';
      say(output, describe(error), true);
    }
    button.disabled = session === null;
  });
}

function removable(name, label, text, remove) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.setAttribute('aria-label', label);
  button.addEventListener('click', async () => {
    button.disabled = true;
    // Removed from the list in any case. The end of the session is shown above.
    await remove().catch((error) => state('failed', describe(error)));
    item.remove();
  });
  item.dataset.name = name;
  item.append(button);
  return item;
}

function say(id, text, isBad = false) {
  const output = $(id);
  output.textContent = text;
  const base = output.classList.contains('result') ? 'result' : 'hint';
  output.className = isBad ? `${base} bad` : base;
}

function state(kind, text) {
  $('strip').dataset.state = kind;
  $('state').textContent = text;
}

function describe(error) {
  if (!(error instanceof WampError) || error.constructor !== WampError) {
    return error.message;
  }
  const values = error.args.length > 0 || Object.keys(error.kwargs).length > 0;
  return values ? `${error.uri}\n${showArguments(error.args, error.kwargs)}` : error.uri;
}

/** URL of the router on the server of this page; for a page from a file, on this machine. */
function defaultUrl() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host || '127.0.0.1:8080'}/ws`;
}
