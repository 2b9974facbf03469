// Round trips, measured and plotted.

import { session } from './connection.js';
import { $, onSubmit, say } from './form.js';
import { messages } from './messages.js';
import { millis, Plot } from './plot.js';

const plot = new Plot($('plot'));

onSubmit('measure', 'measure-result', async ({ uri, form }) => {
  messages.hold(true);
  try {
    await measure(uri, Number(form.count.value));
  } finally {
    messages.hold(false);
  }
  say('measure-result', '');
});

async function measure(uri, count) {
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
}

function figures() {
  const { n, p50, p95, min } = plot.figures();
  $('plot-n').textContent = n;
  $('plot-p50').textContent = millis(p50);
  $('plot-p95').textContent = millis(p95);
  $('plot-min').textContent = millis(min);
}
