// The WebSocket of the module's connections: `wampwerk.js` imports it in place of the global one.

let makeNow;

/** Makes a WebSocket: that of the platform, or of the connection that is being opened. */
export function WebSocket(url, protocols) {
  if (makeNow !== undefined) {
    return makeNow(url, protocols);
  }
  if (globalThis.WebSocket === undefined) {
    throw new Error('there is no WebSocket here: set the option WebSocket, such as to the class of the package ws');
  }
  return new globalThis.WebSocket(url, protocols);
}

/** A receiver that makes the sockets of a connection. */
export class SocketMaker {
  #make;

  constructor(make) {
    this.#make = make;
  }

  /** The module begins or ends opening a connection. */
  socket(text) {
    makeNow = text === '' ? undefined : this.#make;
    return '';
  }
}
