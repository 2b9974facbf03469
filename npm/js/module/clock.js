// Clock, timers and network of the module. See src/rt/web_host.rs.

import { later, timer, wentOnline } from '../wampwerk.js';
import { enter } from './port.js';

/** Maximum of a timer; longer ones fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

let pending;
let channel;

export function clock() {
  return performance.now();
}

export function unixClock() {
  return Date.now();
}

/** Sets the only timer. A negative number clears it. */
export function setTimer(millis) {
  clearTimeout(pending);
  pending = millis < 0 ? undefined : setTimeout(enter, Math.min(millis, LONGEST_TIMER), timer);
}

/** Calls the module in the next turn of the event loop. Timers would do so 4 ms later. */
export function callLater() {
  // Servers have it. It keeps no process alive afterwards.
  if (globalThis.setImmediate !== undefined) {
    setImmediate(enter, later);
    return;
  }
  if (globalThis.MessageChannel === undefined) {
    setTimeout(enter, 0, later);
    return;
  }
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => enter(later);
  }
  channel.port2.postMessage(null);
}

/** Returns whether the browser reports a network. An environment without that information is online. */
export function isOnline() {
  return globalThis.navigator?.onLine ?? true;
}

/** Tells the module when there is a network again. */
export function watchNetwork() {
  // Elsewhere the event never occurs.
  globalThis.addEventListener?.('online', () => enter(wentOnline));
}
