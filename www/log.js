// A list of what happened, the newest first, of a bounded length. It can be paused and cleared.

import { $, clock, element } from './form.js';

/** Maximum number of rows. */
const KEPT = 200;

export class Log {
  #list;
  #waiting = [];
  #isPaused = false;
  #isHeld = false;
  #frame = 0;
  #drawn;

  /** The list with this id; its buttons are `<id>-pause` and `<id>-clear`. `drawn` runs after each drawing. */
  constructor(id, drawn = () => {}) {
    this.#list = $(id);
    this.#drawn = drawn;
    const pause = $(`${id}-pause`);
    pause.addEventListener('click', () => {
      this.#isPaused = !this.#isPaused;
      pause.setAttribute('aria-pressed', this.#isPaused);
    });
    $(`${id}-clear`).addEventListener('click', () => {
      this.#waiting = [];
      this.#list.replaceChildren();
    });
  }

  /** Adds a row: `{ name, note, values }`, made when it is drawn. */
  add(make, time = Date.now()) {
    if (this.#isPaused) {
      return;
    }
    this.#waiting.push([make, time]);
    if (this.#waiting.length > KEPT) {
      this.#waiting.shift();
    }
    this.#later();
  }

  /** Draws nothing until `hold(false)`: drawing takes longer than what is measured meanwhile. */
  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#later();
  }

  /** Draws once a frame, however much comes. Hidden pages have no frames: the rows wait. */
  #later() {
    if (!this.#isHeld) {
      this.#frame ||= requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  #draw() {
    const rows = this.#waiting.splice(0).map(([make, time]) => row(make(), time));
    this.#list.prepend(...rows.reverse());
    while (this.#list.childElementCount > KEPT) {
      this.#list.lastElementChild.remove();
    }
    this.#drawn();
  }
}

function row({ name, note, values }, time) {
  const item = element('li', '', element('time', '', clock(time)), element('b', '', name));
  if (note !== undefined) {
    item.append(element('small', '', note));
  }
  item.append(element('div', 'values', ...values));
  return item;
}
