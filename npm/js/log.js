// Texts for people, on the console.

import { need } from './check.js';

const levels = ['off', 'error', 'warn', 'info', 'debug'];

let level = 'warn';

/** Sets the least important level that is written. */
export function setLogLevel(given) {
  need('the log level', given, levels.includes(given));
  level = given;
}

/** Writes to the console, if the level says so. */
export function log(of, ...words) {
  if (levels.indexOf(of) <= levels.indexOf(level)) {
    console[of](...words);
  }
}
