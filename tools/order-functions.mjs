// Orders the functions of a WebAssembly module so that similar ones are near each other: compression
// finds what repeats only within its window, which is 32 KiB for gzip.
//
//     node tools/order-functions.mjs FILE...       needs wasm-opt on PATH

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const IMPORTS = 2;
const CODE = 10;

/** Length of the sequences that are compared, in bytes. */
const SEQUENCE = 8;

/** Sequences of more functions than this say nothing about likeness. */
const COMMON = 100;

/** What Rust makes use of, and all engines have: with more, wasm-opt writes forms that they do not read yet. */
const FEATURES = ['bulk-memory', 'bulk-memory-opt', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];

/** Somewhat less than the window of gzip, in bytes. */
const WINDOW = 24_000;

/** Reads numbers and lengths. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  number() {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte % 128) * factor;
      if (byte < 128) {
        return value;
      }
    }
  }

  skip() {
    const length = this.number();
    this.at += length;
  }
}

/** Returns the number of imported functions, and the bodies of the others. */
function functions(bytes) {
  const reader = new Reader(bytes, 8);
  let imported = 0;
  let bodies = [];
  while (reader.at < bytes.length) {
    const section = bytes[reader.at++];
    const end = reader.number() + reader.at;
    if (section === IMPORTS) {
      for (let left = reader.number(); left > 0; left--) {
        reader.skip();
        reader.skip();
        if (bytes[reader.at++] !== 0) {
          throw new Error('an import that is not a function');
        }
        reader.number();
        imported++;
      }
    } else if (section === CODE) {
      bodies = Array.from({ length: reader.number() }, () => {
        const length = reader.number();
        return bytes.subarray(reader.at, (reader.at += length));
      });
    }
    reader.at = end;
  }
  return { imported, bodies };
}

/** Returns the bodies' places in their new order: next is who shares most with those before it. */
function ordered(bodies) {
  const users = new Map();
  const sequences = bodies.map((body, place) => {
    const found = new Set();
    for (let at = 0; at + SEQUENCE <= body.length; at++) {
      found.add(body.toString('latin1', at, at + SEQUENCE));
    }
    found.forEach((sequence) => (users.get(sequence) ?? users.set(sequence, []).get(sequence)).push(place));
    return found;
  });
  const inWindow = new Map();
  const shared = new Array(bodies.length).fill(0);
  const count = (place, change) => {
    for (const sequence of sequences[place]) {
      const all = users.get(sequence);
      if (all.length > 1 && all.length < COMMON) {
        const before = inWindow.get(sequence) ?? 0;
        inWindow.set(sequence, before + change);
        if (before === 0 || before + change === 0) {
          all.forEach((other) => (shared[other] += change));
        }
      }
    }
  };
  const left = new Set(bodies.keys());
  const order = [];
  let [size, first] = [0, 0];
  while (left.size > 0) {
    let [next, most] = [undefined, -1];
    for (const place of left) {
      const share = order.length === 0 ? bodies[place].length : shared[place] / (bodies[place].length + 20);
      if (share > most) {
        [next, most] = [place, share];
      }
    }
    left.delete(next);
    order.push(next);
    count(next, 1);
    size += bodies[next].length;
    while (size > WINDOW && first < order.length - 1) {
      count(order[first], -1);
      size -= bodies[order[first++]].length;
    }
  }
  return order;
}

/** Returns a number, or a text with its length before it, as WebAssembly writes them. */
function encoded(value) {
  if (typeof value === 'string') {
    return [...encoded(value.length), ...Buffer.from(value)];
  }
  return value < 128 ? [value] : [(value % 128) + 128, ...encoded(Math.floor(value / 128))];
}

/** Returns the section with the functions' names, by which wasm-opt orders them. */
function names(order, imported) {
  const name = new Map(order.map((place, rank) => [place, `f${String(rank).padStart(6, '0')}`]));
  const list = [...encoded(order.length)];
  for (let place = 0; place < order.length; place++) {
    list.push(...encoded(imported + place), ...encoded(name.get(place)));
  }
  const content = [...encoded('name'), 1, ...encoded(list.length), ...list];
  return Buffer.from([0, ...encoded(content.length), ...content]);
}

for (const file of process.argv.slice(2)) {
  const bytes = readFileSync(file);
  const { imported, bodies } = functions(bytes);
  const named = `${file}.named`;
  const done = `${file}.ordered`;
  writeFileSync(named, Buffer.concat([bytes, names(ordered(bodies), imported)]));
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  execFileSync('wasm-opt', ['--mvp-features', ...features, '--reorder-functions-by-name', named, '-o', done], { stdio: 'inherit' });
  const better = readFileSync(done);
  const size = (module) => gzipSync(module, { level: 9 }).length;
  if (size(better) < size(bytes)) {
    writeFileSync(file, better);
  }
  rmSync(named);
  rmSync(done);
}
