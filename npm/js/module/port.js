// The two queues between JavaScript and the wasm module. Commands are collected and passed once per
// turn; records arrive in one batch per turn. See npm/src/command.rs and npm/src/record.rs.

import { log } from '../log.js';
import { attach, commands } from '../wampwerk.js';
import { textOf, WampError } from '../errors.js';
import { RUNTIME_ERROR } from '../uris.js';
import { watchNetwork } from './clock.js';
import { Fields } from './fields.js';
import { Record } from './record.js';

/** Kinds of commands. */
export const CONNECT = 1;
export const CALL = 2;
export const ABANDON = 3;
export const PART = 4;
export const PUBLISH = 5;
export const SUBSCRIBE = 6;
export const CREDIT = 7;
export const UNSUBSCRIBE = 8;
export const REGISTER = 9;
export const UNREGISTER = 10;
export const ANSWER = 11;
export const FAIL = 12;
export const PROGRESS = 13;
export const NEXT = 14;
export const LEAVE = 15;
export const REJOIN = 16;
export const REPLY = 17;
export const START = 18;
export const STOP = 19;
export const RETRY_NOW = 20;
export const OFF = 21;
export const DROP = 22;
export const OPENED = 23;
export const REFUSED = 24;
export const RECEIVED = 25;
export const CLOSED = 26;
export const FAULT = 27;
export const ROOM = 28;

/** The methods that receive the records of each kind. */
const RECEIVERS = [
  ,
  'onDone',
  'onFailed',
  'onResult',
  'onProgress',
  'onPartSent',
  'onJoined',
  'onClosed',
  'onEstablished',
  'onEvent',
  'onLagged',
  'onEnded',
  'onInvocation',
  'onInterrupt',
  'onChunk',
  'onAsk',
  'onTell',
  'onForget',
  'onOver',
  'onDial',
  'onSend',
  'onRoom',
  'onShut',
];

/** The methods that answer the questions of each kind. */
const ANSWERERS = [, 'begin', 'check', 'isFatal', 'encode', 'decode'];

/** Size of the commands that are passed without waiting for the end of the turn, in bytes. */
const LARGE = 1 << 20;

/** The numbers above are those of the module. */
const OWN = 2 ** 31;

/**
 * The receivers of records, by number. A method that receives a record reads it at once, and returns
 * what remains to be done, or undefined: functions of the user must not run before the whole batch is
 * read, as its memory is that of the module. No Map: a table of V8 that was replaced by a larger one refers to
 * the next, and so all receivers that ever were survive the collection of young objects.
 */
const targets = Object.create(null);

/** Makes the receiver of records for a number that the module has chosen. */
let makeTarget = nothing;

let memory;
let last = 0;
/** The commands of this turn. */
const queue = new Fields();
const none = new Uint8Array(0);
/** Its reactions are microtasks, which cost less than those of `queueMicrotask()`. */
const settled = Promise.resolve();
let isScheduled = false;
let isWriting = false;
/** Commands that were sent while another one was written. */
let inner = [];
/** Functions that complete commands before they are passed, and the places of these commands. */
let completions = [];
/** The error of a module that cannot be used any more. */
let lost;

/** Connects the module. */
export function start(exports) {
  memory = exports.memory;
  attach();
  watchNetwork();
}

/** Sets the function that returns the receiver for a number of the module, given the first record. */
export function onUnknown(make) {
  makeTarget = make;
}

/** Registers a receiver under a number, a new one by default. Returns the number. */
export function open(target, number = fresh()) {
  targets[number] = target;
  return number;
}

export function close(number) {
  delete targets[number];
}

export function targetOf(number) {
  return targets[number];
}

/**
 * Adds a command with the fields that `write` writes. If that throws, there is no command. `complete`
 * is called before the command is passed, with its first byte's place.
 */
export function send(kind, number, write, complete) {
  if (lost !== undefined) {
    throw lost;
  }
  if (isWriting) {
    // A value of the user sends another command while it is written: that one follows.
    const fields = new Fields();
    put(fields, kind, number, write);
    inner.push({ fields, complete });
    return;
  }
  const start = queue.length;
  isWriting = true;
  try {
    put(queue, kind, number, write);
    if (complete !== undefined) {
      completions.push({ complete, place: start });
    }
  } catch (error) {
    queue.length = start;
    throw error;
  } finally {
    isWriting = false;
    if (inner.length > 0) {
      addInner();
    }
  }
  if (queue.length > LARGE) {
    flush();
  } else {
    schedule();
  }
}

function put(fields, kind, number, write) {
  fields.byte(kind);
  fields.u32(number);
  write?.(fields);
}

function addInner() {
  for (const { fields, complete } of inner) {
    if (complete !== undefined) {
      completions.push({ complete, place: queue.length });
    }
    queue.octets(fields.written());
  }
  inner = [];
  schedule();
}

/** Arranges a turn of the module: `commands()` is called after what runs now, with an empty batch if there are none. */
export function schedule() {
  if (!isScheduled) {
    isScheduled = true;
    void settled.then(turn);
  }
}

function turn() {
  isScheduled = false;
  flush();
}

/** Returns whether commands can be sent. */
export function isUsable() {
  return lost === undefined;
}

/**
 * Sends a command that begins with a ticket: the number of the receiver that `make` makes, given the
 * functions that settle the returned promise. `write` is as in `send()`.
 */
export function request(kind, number, make, write) {
  return new Promise((resolve, reject) => sendFor(make({ resolve, reject }), kind, number, write));
}

/** Sends a command that begins with a ticket: the number of its receiver. The rest is as in `send()`. */
export function sendFor(target, kind, number, write, complete) {
  const withTicket = (fields) => {
    fields.u32(target.number);
    write?.(fields);
  };
  try {
    send(kind, number, withTicket, complete);
  } catch (error) {
    close(target.number);
    throw error;
  }
}

/** A request that is done or fails. */
export class Request {
  constructor({ resolve, reject }, session) {
    this.resolve = resolve;
    this.reject = reject;
    this.session = session;
    this.number = open(this);
  }

  onDone(record) {
    const number = record.f64();
    close(this.number);
    return () => this.resolve(Number.isNaN(number) ? undefined : number);
  }

  onFailed(record) {
    const report = record.report(this.session?.codec);
    close(this.number);
    return () => this.reject(report);
  }

  lost(error) {
    this.reject(error);
  }
}

function fresh() {
  do {
    last = (last % (OWN - 1)) + 1;
  } while (last in targets);
  return last;
}

function flush() {
  if (lost !== undefined) {
    return;
  }
  const ready = completions;
  completions = [];
  for (const { complete, place } of ready) {
    complete(queue.bytes, place);
  }
  const batch = queue.length === 0 ? none : queue.written();
  queue.length = 0;
  // It copies the batch.
  enter(commands, batch);
  if (queue.length === 0) {
    queue.clear();
  }
}

/** Calls a function of the module. After an exception of it, the module is lost. */
export function enter(run, argument) {
  if (lost === undefined) {
    try {
      run(argument);
    } catch (error) {
      lose(error);
    }
  }
}

/** Receives a batch of records. */
export function deliver(start, length) {
  const batch = new Record(memory.buffer, start, length, thrownValue);
  const steps = [];
  while (batch.at < length) {
    const receiver = RECEIVERS[batch.u8()];
    const number = batch.u32();
    const end = batch.u32() + batch.at;
    const target = targets[number] ?? makeTarget(number, receiver);
    try {
      const step = target?.[receiver]?.(batch, number);
      if (step !== undefined) {
        steps.push(step);
      }
    } catch (error) {
      report(error);
    }
    batch.at = end;
  }
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      report(error);
    }
  }
  if (queue.length > 0) {
    // Such as credit: further events may come before the microtask.
    flush();
  }
}

/** Answers a question of the module at once. An error is thrown as a text. */
export function answer(kind, number, text) {
  try {
    return targets[number]?.[ANSWERERS[kind]]?.(text, number) ?? '';
  } catch (error) {
    throw textOf(error);
  }
}

/** Receives the text of a panic, after which the module cannot be used. */
export function panicked(text) {
  log('error', `wampwerk: ${text}`);
  lose(new Error(text));
}

/** Fails everything: the module cannot be used any more. */
function lose(cause) {
  const text = `the wasm module failed, and cannot be used any more: ${cause?.message ?? cause}`;
  lost ??= new WampError(RUNTIME_ERROR, [text], {}, text, { cause });
  const all = Object.values(targets);
  for (const number of Object.keys(targets)) {
    delete targets[number];
  }
  // Not within the module, which has not returned.
  queueMicrotask(() => {
    for (const target of all) {
      target.lost?.(lost);
    }
  });
}

/** Returns a value that the page threw, and that is kept for the module. */
export function thrownValue(number) {
  return targets[number]?.value;
}

/** Keeps a thrown value, until the module forgets it. Returns its number and its text. */
export function keepThrown(value) {
  const kept = { value, onForget: (_, number) => void close(number) };
  return { number: open(kept), message: textOf(value) };
}

function report(error) {
  queueMicrotask(() => {
    throw error;
  });
}

function nothing() {}
