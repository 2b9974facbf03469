// A plot of times: one dot per call, p50 and p95 as lines, the value under the pointer.

const NS = 'http://www.w3.org/2000/svg';
const LEFT = 52;
const RIGHT = 46;
const TOP = 14;
const BOTTOM = 24;

export class Plot {
  #box;
  #svg = element('svg', { role: 'img' });
  #tip = document.createElement('div');
  #times = [];
  #planned = 0;
  #scale;
  #frame = 0;
  #hover = null;

  constructor(box) {
    this.#box = box;
    this.#tip.className = 'tip';
    this.#tip.hidden = true;
    box.append(this.#svg, this.#tip);
    new ResizeObserver(() => this.#later()).observe(box);
    box.addEventListener('pointermove', (event) => {
      this.#hover = event.clientX - box.getBoundingClientRect().left;
      this.#later();
    });
    box.addEventListener('pointerleave', () => {
      this.#hover = null;
      this.#later();
    });
    this.#draw();
  }

  /** Clears the plot and reserves space for `planned` times. */
  begin(planned) {
    this.#planned = planned;
    this.#times = [];
    this.#later();
  }

  /** Adds a time, in milliseconds. */
  add(time) {
    this.#times.push(time);
    this.#later();
  }

  /** `{ n, p50, p95, min }` of the times so far; `undefined` without times. */
  figures() {
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return sorted.length === 0
      ? undefined
      : { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), min: sorted[0] };
  }

  /** Draws once per frame, after any number of changes. */
  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const width = Math.max(240, this.#box.clientWidth);
    const height = Math.max(160, this.#svg.clientHeight);
    const figures = this.figures();
    // A few very slow calls are drawn at the upper edge, so that the scale fits the others.
    const top = nice(figures ? Math.max(figures.p99 * 1.1, figures.p50 * 2) : 1);
    const count = Math.max(this.#planned, this.#times.length, 10);
    const x = (index) => LEFT + ((width - LEFT - RIGHT) * (index + 0.5)) / count;
    const y = (time) => height - BOTTOM - (height - TOP - BOTTOM) * Math.min(1, time / top);
    this.#scale = { x, y, count, width };

    const parts = [];
    for (let step = 0; step <= 4; step++) {
      const time = (top * step) / 4;
      parts.push(
        element('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(time), y2: y(time) }),
        text(LEFT - 8, y(time) + 4, millis(time), 'end'),
      );
    }
    const stride = nice(count / 6);
    for (let call = stride; call <= count; call += stride) {
      parts.push(text(x(call - 1), height - 6, String(call), 'middle'));
    }
    if (figures) {
      const points = this.#times.map((time, index) => `${x(index).toFixed(1)} ${y(time).toFixed(1)}`);
      parts.push(
        element('path', { class: 'line', d: `M${points.join('L')}` }),
        element('path', { class: 'dots', d: points.map((point) => `M${point}h0`).join('') }),
      );
      // Two labels need a line each, also where the two levels are close.
      const high = Math.min(y(figures.p95), y(figures.p50) - 13);
      parts.push(
        ...level(y(figures.p50), y(figures.p50), 'p50', width),
        ...level(y(figures.p95), high, 'p95', width),
      );
    } else {
      parts.push(text((LEFT + width - RIGHT) / 2, height / 2, 'Press Measure to see each call as a dot', 'middle'));
    }
    parts.push(...this.#mark(height));
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#svg.setAttribute(
      'aria-label',
      figures
        ? `Round-trip times of ${figures.n} calls: p50 ${millis(figures.p50)}, p95 ${millis(figures.p95)}`
        : 'Round-trip times: none measured yet',
    );
    this.#svg.replaceChildren(...parts);
  }

  /** The call under the pointer. */
  #mark(height) {
    const { x, y, count, width } = this.#scale;
    const share = this.#hover === null ? -1 : (this.#hover - LEFT) / (width - LEFT - RIGHT);
    const index = Math.min(Math.floor(share * count), this.#times.length - 1);
    this.#tip.hidden = share < 0 || share > 1 || index < 0;
    if (this.#tip.hidden) {
      return [];
    }
    this.#tip.textContent = `call ${index + 1}: ${millis(this.#times[index])}`;
    this.#tip.style.left = `${Math.min(Math.max(x(index), 80), width - 80)}px`;
    return [
      element('line', { class: 'cross', x1: x(index), x2: x(index), y1: TOP, y2: height - BOTTOM }),
      element('circle', { class: 'spot', cx: x(index), cy: y(this.#times[index]), r: 5 }),
    ];
  }
}

/** A time in milliseconds, as `0.42 ms`. */
export function millis(time) {
  return `${time.toFixed(time < 10 ? 2 : time < 100 ? 1 : 0)} ms`;
}

/** The next of 1, 2, 2.5, 5, 10, 20 … */
function nice(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((step) => step * unit >= value * 0.999) ?? 10;
  return value >= 10 ? Math.round(step * unit) : step * unit;
}

function level(line, label, name, width) {
  return [
    element('line', { class: 'level', x1: LEFT, x2: width - RIGHT, y1: line, y2: line }),
    text(width - RIGHT + 6, label + 4, name, 'start', 'level-text'),
  ];
}

function text(x, y, content, anchor, name = '') {
  const node = element('text', { x, y, 'text-anchor': anchor, class: name });
  node.textContent = content;
  return node;
}

function element(name, attributes) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  return node;
}
