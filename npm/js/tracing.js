// The trace of messages: what a socket sends and receives, decoded. Loaded if there is one.

import { attemptNow } from './check.js';
import { codecNow, codecOf } from './module/codec.js';

const names = {
  1: 'HELLO', 2: 'WELCOME', 3: 'ABORT', 4: 'CHALLENGE', 5: 'AUTHENTICATE', 6: 'GOODBYE', 8: 'ERROR',
  16: 'PUBLISH', 17: 'PUBLISHED', 32: 'SUBSCRIBE', 33: 'SUBSCRIBED', 34: 'UNSUBSCRIBE', 35: 'UNSUBSCRIBED', 36: 'EVENT',
  48: 'CALL', 49: 'CANCEL', 50: 'RESULT', 64: 'REGISTER', 65: 'REGISTERED', 66: 'UNREGISTER', 67: 'UNREGISTERED',
  68: 'INVOCATION', 69: 'INTERRUPT', 70: 'YIELD',
};

const AUTHENTICATE = 5;
const SEPARATOR = 0x18;
const octets = new TextEncoder();

/** Makes a socket tell all messages to `trace`, or to the console if it is `true`. */
export function traced(socket, trace) {
  const tell = trace === true ? print : trace;
  const send = socket.send;
  // One after the other, also while a codec is loaded.
  let turn = Promise.resolve();
  const note = (direction, data) => {
    const bytes = typeof data === 'string' ? octets.encode(data) : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength).slice();
    const { protocol } = socket;
    const time = Date.now();
    const pass = () => {
      for (const [message, size] of messages(bytes, protocol)) {
        const type = names[message?.[0]] ?? 'UNKNOWN';
        attemptNow(() => tell({ direction, type, message, size, time }), undefined, 'trace');
      }
    };
    const [, , serializer] = protocol.split('.');
    const load = codecNow(serializer) === undefined && codecOf(serializer).catch(() => {});
    turn = load ? turn.then(() => load).then(pass) : turn.then(pass);
  };
  socket.send = function (data) {
    note('send', data);
    return send.call(socket, data);
  };
  socket.addEventListener('message', ({ data }) => note('receive', data));
  return socket;
}

/** Returns the messages of a WebSocket message, of which a batched subprotocol has several, with their sizes. */
function* messages(bytes, protocol) {
  const [, , serializer, batched] = protocol.split('.');
  const codec = codecNow(serializer);
  for (const part of batched === undefined ? [bytes] : parts(bytes, serializer)) {
    yield [read(codec, part), part.length];
  }
}

function* parts(bytes, serializer) {
  for (let start = 0; start < bytes.length; ) {
    let end;
    if (serializer === 'json') {
      end = bytes.indexOf(SEPARATOR, start);
      end = end < 0 ? bytes.length : end;
      yield bytes.subarray(start, end);
      start = end + 1;
    } else {
      end = start + 4 + new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(0);
      yield bytes.subarray(start + 4, end);
      start = end;
    }
  }
}

function read(codec, bytes) {
  try {
    const message = codec.decode(bytes);
    if (message[0] === AUTHENTICATE) {
      // A signature may be the secret itself, as a ticket is.
      message[1] = '…';
    }
    return message;
  } catch {
    return undefined;
  }
}

function print({ direction, type, message, size }) {
  console.debug(`wampwerk: ${direction === 'send' ? '→' : '←'} ${type}, ${size} bytes`, message);
}
