// The WebSockets of the module's connections. Received messages leave with the commands of a turn, and those to
// send come with its records. See npm/src/socket.rs.

import { textOf } from '../errors.js';
import { SERIALIZERS } from '../settings.js';
import { shown } from '../url.js';
import { LONGEST_TIMER } from './clock.js';
import * as port from './port.js';

/** Kinds of refusals to open a connection. */
const UNREACHABLE = 0;
const INVALID_URL = 1;
const SUBPROTOCOL = 2;
const LATE = 3;

/** Kinds of faults of an open connection. */
const TOO_LARGE = 0;
const VIOLATION = 1;
const NOT_TAKEN = 2;
const LOST = 3;

/** Default of the maximum message size, in bytes. */
const LARGEST = 16 << 20;

/** Default of the time limit of each step of the opening, in milliseconds. */
const PATIENCE = 10_000;

/** Number of bytes unsent by the platform above which nothing more is sent. */
const HIGH_WATER = 1 << 20;

/** Interval for looking at them, in milliseconds: the platform does not tell when they are sent. */
const BLOCKED_CHECK = 10;

/** Maximum time in which the server takes nothing, in milliseconds. */
const SEND_PATIENCE = 20_000;

/** State of an open WebSocket. */
const OPEN = 1;

const utf8 = new TextDecoder();

/** Opens connections for the module, with the settings of a transport. `make` makes the WebSocket. */
export class Dialer {
  #settings;

  constructor({ serializers = SERIALIZERS, batched, handshakeTimeout = PATIENCE, maxMessageSize = LARGEST, make = made }) {
    const names = [...new Set(serializers)].map((serializer) => `wamp.2.${serializer}`);
    const protocols = batched ? names.flatMap((name) => [`${name}.batched`, name]) : names;
    const patience = Math.min(PATIENCE + handshakeTimeout, LONGEST_TIMER);
    this.#settings = { protocols, patience, limit: maxMessageSize, make };
  }

  onDial(record) {
    const [number, url] = [record.u32(), record.text()];
    return () => void new Socket(number, url, this.#settings);
  }
}

/** Makes a WebSocket of the platform. `own` is a class of the user. */
export function made(url, protocols, own = globalThis.WebSocket) {
  if (own === undefined) {
    throw new Error('there is no WebSocket here: set the option WebSocket, such as to the class of the package ws');
  }
  return new own(url, protocols);
}

/** A socket that has a number of the module. */
class Socket {
  #number;
  #peer;
  #limit;
  #isBinary = false;
  #isOpen = false;
  #socket;
  #timer;
  /** What was read of a batch, and is to be sent. */
  #unsent = [];

  constructor(number, url, { protocols, patience, limit, make }) {
    this.#number = port.open(this, number);
    this.#limit = limit;
    try {
      this.#peer = new URL(url).host;
      this.#socket = make(url, protocols);
      this.#listen(protocols);
    } catch (error) {
      // Browsers repeat the URL in the text.
      const text = textOf(error).replaceAll(url, shown(url));
      const isInvalid = error?.name === 'SyntaxError' || this.#peer === undefined;
      this.#refuse(isInvalid ? INVALID_URL : UNREACHABLE, isInvalid ? shown(url) : this.#peer, text);
      return;
    }
    const step = `connecting to ${this.#peer} by WebSocket`;
    this.#timer = setTimeout(() => this.#refuse(LATE, this.#peer, step), patience);
  }

  #listen(protocols) {
    const socket = this.#socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened(protocols);
    socket.onmessage = ({ data }) => this.#received(data);
    // Before the opening this is the end; later the `close` event follows with the reason.
    socket.onerror = () => this.#isOpen || this.#unreachable();
    socket.onclose = (event) => (this.#isOpen ? this.#closed(event) : this.#unreachable());
  }

  // Records

  onSend(record) {
    const bytes = record.bytes();
    this.#unsent.push(this.#isBinary ? bytes.slice() : utf8.decode(bytes));
    return this.#unsent.length === 1 ? () => this.#send() : undefined;
  }

  onRoom() {
    return () => this.#waitForRoom();
  }

  onShut(record) {
    const code = record.u32();
    return () => (code === 0 ? this.#drop() : this.#shut(code));
  }

  lost() {
    this.#drop();
  }

  // Events

  #opened(protocols) {
    clearTimeout(this.#timer);
    // Browsers fail the connection without a choice, but some other environments (React Native) omit the name;
    // then it is the first offer.
    const name = this.#socket.protocol || protocols[0];
    if (!protocols.includes(name)) {
      this.#refuse(SUBPROTOCOL, protocols.join(' '), name);
      return;
    }
    const [, , serializer, batched] = name.split('.');
    this.#isBinary = serializer !== 'json';
    this.#isOpen = true;
    this.#tell(port.OPENED, (fields) => {
      fields.string(serializer);
      fields.byte(batched === undefined ? 0 : 1);
      fields.f64(this.#limit);
      fields.string(this.#peer);
    });
  }

  #received(data) {
    const isText = typeof data === 'string';
    if (!isText && !(data instanceof ArrayBuffer)) {
      this.#fault(VIOLATION, 'a message that is neither text nor binary');
    } else if (isText === this.#isBinary) {
      this.#fault(VIOLATION, isText ? TEXT : BINARY);
    } else if (isText) {
      // The module counts the bytes of those that have other characters than those of ASCII.
      if (data.length > this.#limit) {
        this.#fault(TOO_LARGE, '', new TextEncoder().encode(data).length);
      } else {
        this.#pass((fields) => fields.string(data));
      }
    } else if (data.byteLength > this.#limit) {
      this.#fault(TOO_LARGE, '', data.byteLength);
    } else {
      this.#pass((fields) => fields.binary(new Uint8Array(data)));
    }
  }

  /** Passes a received message, if the module has memory for it. */
  #pass(write) {
    try {
      this.#tell(port.RECEIVED, write);
    } catch (error) {
      this.#fault(LOST, textOf(error));
    }
  }

  #closed({ wasClean = false, code = 1006, reason = '' }) {
    clearTimeout(this.#timer);
    port.close(this.#number);
    this.#tell(port.CLOSED, (fields) => {
      fields.byte(wasClean ? 1 : 0);
      fields.u32(code);
      fields.string(reason);
    });
  }

  #unreachable() {
    this.#refuse(UNREACHABLE, this.#peer, 'the browser could not open the WebSocket, and does not tell why');
  }

  #send() {
    const messages = this.#unsent;
    this.#unsent = [];
    try {
      for (const message of messages) {
        // What is sent while it ends is dropped.
        if (this.#socket.readyState === OPEN) {
          this.#socket.send(message);
        }
      }
    } catch (error) {
      this.#fault(LOST, textOf(error));
    }
  }

  /** Tells the module when the platform has sent most of what it has. */
  #waitForRoom(amount = Infinity, since = performance.now()) {
    const { bufferedAmount, readyState } = this.#socket;
    if (!(bufferedAmount >= HIGH_WATER) || readyState !== OPEN) {
      this.#tell(port.ROOM);
      return;
    }
    const now = performance.now();
    const start = bufferedAmount === amount ? since : now;
    if (now - start > SEND_PATIENCE) {
      this.#fault(NOT_TAKEN, '');
      return;
    }
    this.#timer = setTimeout(() => this.#waitForRoom(bufferedAmount, start), BLOCKED_CHECK);
  }

  /** Closes the connection behind what was sent. */
  #shut(code) {
    if (this.#socket.readyState !== OPEN) {
      return;
    }
    // A page may use 1000 and 3000 to 4999; the private range represents the others.
    const allowed = code === 1000 || (code >= 3000 && code < 5000) ? code : 3000 + code;
    try {
      this.#socket.close(allowed, '');
    } catch (error) {
      this.#fault(LOST, textOf(error));
    }
  }

  /** Closes the connection, which nobody uses any more. */
  #drop() {
    clearTimeout(this.#timer);
    port.close(this.#number);
    const socket = this.#socket;
    if (socket !== undefined) {
      try {
        // First: they would be called.
        socket.onopen = socket.onmessage = socket.onclose = null;
        // The package ws throws errors that nobody listens to, such as of closing before it is open.
        socket.onerror = () => {};
        socket.close();
      } catch {
        // It is closed already, or is one of the user's.
      }
    }
  }

  #refuse(kind, about, text) {
    this.#drop();
    this.#tell(port.REFUSED, (fields) => {
      fields.byte(kind);
      fields.string(about);
      fields.string(text);
    });
  }

  #fault(kind, text, size = 0) {
    this.#tell(port.FAULT, (fields) => {
      fields.byte(kind);
      fields.f64(size);
      fields.string(text);
    });
  }

  #tell(kind, write) {
    if (port.isUsable()) {
      port.send(kind, this.#number, write);
    }
  }
}

const TEXT = "text message, but this serializer's are binary";
const BINARY = "binary message, but this serializer's are text";
