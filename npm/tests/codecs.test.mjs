// The codecs of the package, in Node: against tests/vectors (which the Rust codecs are tested against,
// too), against each other, and with what a page may hand over.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import * as cbor from '../js/codecs/cbor.js';
import * as json from '../js/codecs/json.js';
import * as msgpack from '../js/codecs/msgpack.js';
import { DecodeError, EncodeError } from '../js/errors.js';
import { Sink } from '../js/sink.js';

const codecs = { json, cbor, msgpack };
const each = Object.entries(codecs);
const sink = new Sink();

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8'));
const bytesOf = (name, text) => new Uint8Array(Buffer.from(text, name === 'json' ? 'utf8' : 'hex'));

function encode(codec, value, place = 'args', kind = undefined) {
  sink.clear();
  codec.encode(value, place, sink, kind);
  return sink.written().slice();
}

function decode(codec, bytes) {
  // What a decoder returns must not refer to the bytes: they end with the call.
  const lent = bytes.slice();
  const value = codec.decode(lent);
  lent.fill(0xa5);
  return value;
}

const textOf = (codec, value) => Buffer.from(encode(codec, value)).toString(codec === json ? 'utf8' : 'hex');

/** Decodes JSON by the exact reader, which an integer -0 asks for. */
const decodeExactly = (text) => decode(json, bytesOf('json', `[${text},-0]`))[0];

/** Encodes JSON by the exact writer, which a Map asks for. */
const encodeExactly = (value) => textOf(json, [value, new Map()]).slice(1, -',{}]'.length);

// what the Rust codecs read and write

test('each codec writes and reads the values of the vectors', () => {
  for (const { json: text, ...others } of vectors('values').same) {
    const value = decode(json, bytesOf('json', text));
    assert.deepEqual(decodeExactly(text), value, text);
    assert.equal(textOf(json, value), text);
    for (const [name, hex] of Object.entries(others)) {
      assert.equal(textOf(codecs[name], value), hex, text);
      assert.deepEqual(decode(codecs[name], bytesOf(name, hex)), value, text);
    }
  }
});

test('integers of more than 64 bits are the same in JSON and CBOR, and MessagePack has none', () => {
  for (const { json: text, cbor: hex } of vectors('values').wide) {
    const value = decode(json, bytesOf('json', text));
    assert.ok(value.every((one) => typeof one === 'bigint'), text);
    assert.equal(textOf(json, value), text);
    assert.equal(textOf(codecs.cbor, value), hex);
    assert.deepEqual(decode(codecs.cbor, bytesOf('cbor', hex)), value, text);
    isNotSent(
      codecs.msgpack,
      value,
      'cannot encode: args[0] is an integer of more than 64 bits, which MessagePack does not have',
    );
  }
});

test('other forms of the vectors are read', () => {
  for (const { serializer, bytes, json: text } of vectors('values').read) {
    const expected = decode(json, bytesOf('json', text));
    assert.deepEqual(decode(codecs[serializer], bytesOf(serializer, bytes)), expected, `${serializer} ${bytes}`);
  }
});

function isRefused(serializer, bytes, text) {
  assert.throws(
    () => decode(codecs[serializer], bytes),
    (error) => error instanceof DecodeError && error.uri === 'wamp.error.invalid_payload' && error.message.includes(text),
    `${serializer} ${Buffer.from(bytes).toString('hex')}: ${text}`,
  );
}

test('what the vectors refuse is refused, with the same words', () => {
  for (const { serializer, bytes, error } of vectors('values').refused) {
    isRefused(serializer, bytesOf(serializer, bytes), error);
  }
});

test('malformed messages of the vectors are refused', () => {
  let count = 0;
  for (const { serializer, bytes, bytes_hex: hex, error } of vectors('refused').cases) {
    // The others are well-formed lists, or no lists at all.
    if (/ at byte |nested/.test(error) && !/not a list|more elements|a key that is not a string/.test(error)) {
      const octets = hex === undefined ? bytesOf('json', bytes) : bytesOf('hex', hex);
      isRefusedAsMessage(serializer, octets, error);
      count++;
    }
  }
  assert.ok(count > 25, `${count} cases`);
});

function isRefusedAsMessage(serializer, octets, error) {
  // A message of a router may be deeper.
  if (error.includes('nested')) return;
  // The page's own JSON has its own words.
  if (serializer !== 'json') {
    isRefused(serializer, octets, error.startsWith('invalid UTF-8') ? 'invalid UTF-8' : error);
  } else {
    isRefused(serializer, octets, '');
    // And by the exact reader.
    isRefused(serializer, Buffer.concat([Buffer.from('[-0,'), octets, Buffer.from(']')]), '');
  }
}

test('messages of the vectors are the same in all formats', () => {
  for (const { name, json: texts, ...others } of ['messages', 'specification'].flatMap((file) => vectors(file).samples)) {
    const value = decode(json, bytesOf('json', texts[0]));
    const all = [...texts.map((text) => ['json', text])];
    for (const key of ['cbor', 'msgpack']) all.push(...others[key].map((hex) => [key, hex]));
    for (const [key, bytes] of all) {
      assert.deepEqual(decode(codecs[key], bytesOf(key, bytes)), value, `${name}, ${key}`);
    }
  }
});

test('binary data in JSON', () => {
  const { cases, texts, refused } = vectors('json_binary');
  for (const { bytes, json: text } of cases) {
    const value = new Uint8Array(Buffer.from(bytes, 'hex'));
    assert.deepEqual(decode(json, bytesOf('json', text)), value);
    assert.equal(textOf(json, value), text);
  }
  for (const text of texts) {
    assert.equal(decode(json, bytesOf('json', JSON.stringify(text))), text);
  }
  for (const text of refused) {
    isRefused('json', bytesOf('json', JSON.stringify(text)), 'binary data with bad Base64');
  }
});

// the codecs with each other

/** A random source that can be repeated. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomText(random) {
  const letters = ['a', 'Z', '0', ' ', '"', '\\', '\n', '\u001f', 'ż', '€', '🐢', '-0', 'e400', '1234567890123456', '\ufeff'];
  return Array.from({ length: random(12) }, () => letters[random(letters.length)]).join('');
}

function randomInteger(random) {
  const value = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  const some = value >> BigInt(random(64));
  const signed = random(2) === 0 ? some : -some >= -(2n ** 63n) ? -some : some;
  return signed >= -(2n ** 53n) && signed <= 2n ** 53n ? Number(signed) : signed;
}

function randomFloat(random) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random(2 ** 32));
  view.setUint32(4, random(2 ** 32));
  const value = view.getFloat64(0);
  return Number.isFinite(value) ? value : [0.5, 1e21, 123456789012345680000, 2 ** 60, 1 / 3, -0][random(6)];
}

function randomValue(random, depth) {
  switch (random(depth > 5 ? 6 : 9)) {
    case 0:
      return [null, true, false][random(3)];
    case 1:
      return random(200) - 100;
    case 2:
      return randomInteger(random);
    case 3:
      return randomFloat(random);
    case 4:
      return randomText(random);
    case 5:
      return random(4) === 0 ? new Uint8Array(random(70)).map(() => random(256)) : 'plain';
    case 6:
      return Array.from({ length: random(20) }, () => randomValue(random, depth + 1));
    default: {
      const entries = Array.from({ length: random(6) }, () => [randomText(random), randomValue(random, depth + 1)]);
      return Object.fromEntries(entries);
    }
  }
}

test('random values survive each codec, by the quick and by the exact way', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = randomFrom(seed);
    const value = randomValue(random, 0);
    for (const [name, codec] of each) {
      assert.deepEqual(decode(codec, encode(codec, value)), value, `${name}, seed ${seed}`);
    }
    const text = textOf(json, value);
    assert.deepEqual(decodeExactly(text), value, `seed ${seed}`);
    assert.equal(encodeExactly(value), text, `seed ${seed}`);
  }
});

test('random bytes are read or refused, and nothing else', () => {
  let read = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const random = randomFrom(seed);
    for (const [name, codec] of each) {
      const bytes = encode(codec, randomValue(random, 3));
      for (let changes = random(4); changes >= 0 && bytes.length > 0; changes--) {
        bytes[random(bytes.length)] = random(256);
      }
      const part = bytes.subarray(0, random(4) === 0 ? random(bytes.length + 1) : bytes.length);
      try {
        decode(codec, part);
        read++;
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${name}, seed ${seed}: ${error.stack}`);
      }
    }
  }
  assert.ok(read > 1000, `${read} read`);
});

test('random JSON texts are read in the same way by both readers', () => {
  const parts = ['1', '-', '0', '.5', 'e9', 'E+400', '9007199254740993', '"a"', '"\\u0000AA=="', '[', ']', '{', '}', ',', ':', ' ', 'null'];
  const outcome = (read) => {
    try {
      return read();
    } catch (error) {
      assert.ok(error instanceof DecodeError, error.stack);
      return 'refused';
    }
  };
  for (let seed = 1; seed <= 30_000; seed++) {
    const random = randomFrom(seed);
    const text = Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join('');
    // The first is quick if the text lets it; -0 asks for the exact reader.
    const [alone, exact] = ['-1', '-0'].map((last) =>
      outcome(() => decode(json, bytesOf('json', `[${text},${last}]`)).slice(0, -1)),
    );
    assert.deepEqual(exact, alone, text);
  }
});

// what a page hands over

const echo = (codec, value) => decode(codec, encode(codec, value));

for (const [name, codec] of each) {
  test(`${name}: what has another form arrives in the one form`, () => {
    const words = new Uint16Array([1, 2, 3, 4]);
    class Point {
      x = 1;
      #y = 2;
      get z() {
        return this.#y;
      }
    }
    const shared = new SharedArrayBuffer(3);
    new Uint8Array(shared).set([7, 8, 9]);
    for (const [value, expected] of [
      [undefined, null],
      [[undefined, , 1], [null, null, 1]],
      [{ a: undefined }, { a: null }],
      [[1n, -5n, 2n ** 53n, -(2n ** 53n)], [1, -5, 2 ** 53, -(2 ** 53)]],
      [2 ** 53 + 2, 2 ** 53 + 2],
      [-0, -0],
      [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2])],
      [words.subarray(1, 3), new Uint8Array(words.buffer.slice(2, 6))],
      [new DataView(words.buffer, 1, 2), new Uint8Array(words.buffer.slice(1, 3))],
      [Buffer.from([1, 2, 3]).subarray(1), new Uint8Array([2, 3])],
      [shared, new Uint8Array([7, 8, 9])],
      [new Uint8Array(shared, 1), new Uint8Array([8, 9])],
      [new Map([['a', new Map()], ['__proto__', 1]]), JSON.parse('{"a":{},"__proto__":1}')],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [{ when: [new Date(0)] }, { when: ['1970-01-01T00:00:00.000Z'] }],
      [{ toJSON: (key) => ({ key, inner: new Date(0) }) }, { key: '', inner: '1970-01-01T00:00:00.000Z' }],
      [{ toJSON: 1 }, { toJSON: 1 }],
      [{ toJSON: () => undefined }, null],
      [new Point(), { x: 1 }],
      [Object.create(null, { a: { value: 1, enumerable: true }, b: { value: 2 } }), { a: 1 }],
      [Object.create({ inherited: 1 }), {}],
      [{ [Symbol('s')]: 1, a: 1 }, { a: 1 }],
      [JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'), JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')],
      ['a\ud800b', 'a\ufffdb'],
      [['🐢\udc22', { '\ud83d': 1 }], ['🐢\ufffd', { '\ufffd': 1 }]],
      ['żółw 🐢 "\\\u001f'.repeat(900), 'żółw 🐢 "\\\u001f'.repeat(900)],
      ['ż'.repeat(70_000), 'ż'.repeat(70_000)],
      [new Uint8Array(70_000).fill(7), new Uint8Array(70_000).fill(7)],
      [new Array(70_000).fill(1), new Array(70_000).fill(1)],
    ]) {
      assert.deepEqual(echo(codec, value), expected);
      assert.deepEqual(echo(codec, { in: [value] }), { in: [expected] });
    }
    assert.deepEqual(Object.keys(echo(codec, JSON.parse('{"b":1,"a":2,"__proto__":3}'))), ['b', 'a', '__proto__']);
    assert.equal(Object.getPrototypeOf(echo(codec, { a: 1 })), Object.prototype);
    assert.equal(echo(codec, Buffer.from([1])).constructor, Uint8Array);
    assert.equal(echo(codec, new Uint8Array([1, 2])).buffer.byteLength, 2);
  });

  test(`${name}: what cannot be sent is refused with its place`, () => {
    const cycle = { a: [] };
    cycle.a.push(cycle);
    let wide = 'x';
    for (let level = 0; level < 60; level++) wide = [wide, wide];
    const throwing = (error) => ({ a: 1, get x() { throw error; } });
    for (const [value, text] of [
      [[1, { user: { name: () => {} } }], 'args[1].user.name is a function'],
      [[Symbol('s')], 'args[0] is a symbol'],
      [[{ 'a b': [new Set()] }], 'args[0]["a b"][0] is an object of the kind Set'],
      [[{ ą: new WeakMap() }], 'args[0]["ą"] is an object of the kind WeakMap'],
      [[new Error('x')], 'args[0] is an object of the kind Error'],
      [[Promise.resolve()], 'args[0] is an object of the kind Promise'],
      [[/x/], 'args[0] is an object of the kind RegExp'],
      [[Object(5)], 'args[0] is an object of the kind Number'],
      [[(function () { return arguments; })()], 'args[0] is an object of the kind Arguments'],
      [[{ [Symbol.toStringTag]: 'Odd' }], 'args[0] is an object of the kind Odd'],
      [[2n ** 128n], 'args[0] is an integer of more than 128 bits'],
      [[-(2n ** 127n) - 1n], 'args[0] is an integer of more than 128 bits'],
      [[{ m: new Map([[1, 2]]) }], 'args[0].m is a map with a key that is not a string'],
      [[new Map([['k', [0, () => {}]]])], 'args[0].k[1] is a function'],
      [cycle, 'args.a[0].a[0].a[0].a[0]… is deeper than 100 levels, or contains itself'],
      [[wide], 'args[0][0][0][0][0][0][0][0]… holds too many values (4194304 may be altogether)'],
      [[new Array(2 ** 32 - 1)], 'args[0] holds too many values (4194304 may be altogether)'],
      [[throwing(new Error('no way'))], 'args[0] cannot be read: no way'],
      [[throwing('plain')], 'args[0] cannot be read: plain'],
      [[throwing(undefined)], 'args[0] cannot be read: it throws'],
      [[throwing({ get message() { throw 1; } })], 'args[0] cannot be read: it throws'],
      [[{ toJSON() { throw new Error('not now'); } }], 'args[0] cannot be read: not now'],
      [[{ a: { toJSON: () => ({ b: () => {} }) } }], 'args[0].a.b is a function'],
      [[{ a: { toJSON: () => () => {} } }], 'args[0].a is a function'],
      [[{ toJSON() { return this; } }], 'args[0] is deeper than 100 levels, or contains itself'],
      [[new Proxy([], { get() { throw new Error('closed'); } })], 'args[0] cannot be read: closed'],
      [[new Proxy({}, { ownKeys() { throw new Error('closed'); } })], 'args[0] cannot be read: closed'],
    ]) {
      isNotSent(codec, value, `cannot encode: ${text}`);
    }
    isNotSent(codec, [new Date(0)], 'cannot encode: kwargs must be an object, is list', 'kwargs', 'dict');
    isNotSent(codec, new Date(0), 'cannot encode: kwargs must be an object, is string', 'kwargs', 'dict');
    isNotSent(codec, new Uint8Array(1), 'cannot encode: kwargs must be an object, is bytes', 'kwargs', 'dict');
    isNotSent(codec, null, 'cannot encode: kwargs must be an object, is null', 'kwargs', 'dict');
    isNotSent(codec, { a: 1 }, 'cannot encode: args must be a list, is dict', 'args', 'list');
    isNotSent(codec, 1.5, 'cannot encode: args must be a list, is float', 'args', 'list');
    assert.deepEqual(decode(codec, encode(codec, new Map([['a', 1]]), 'kwargs', 'dict')), { a: 1 });
    assert.deepEqual(decode(codec, encode(codec, { toJSON: () => [1] }, 'args', 'list')), [1]);
  });

  test(`${name}: the limits are those of the peers`, () => {
    const nested = (levels, inner) => {
      let value = inner;
      for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
      return value;
    };
    // The message itself is the hundredth level.
    for (const inner of [1, new Uint8Array(1), 2n ** 60n]) {
      assert.deepEqual(echo(codec, nested(99, inner)), nested(99, inner));
    }
    // What a router's answer wraps is read, but not sent.
    const open = { json: '[', cbor: '81', msgpack: '91' }[name];
    const close = name === 'json' ? ']' : '';
    const wrapped = (levels) => bytesOf(name, `${open.repeat(levels)}${name === 'json' ? '-0' : '00'}${close.repeat(levels)}`);
    let lists = 0;
    for (let value = decode(codec, wrapped(107)); Array.isArray(value); [value] = value) lists++;
    assert.equal(lists, 107);
    assert.throws(() => decode(codec, wrapped(108)), /nested deeper than 108/);
    isNotSent(codec, nested(100, 1), 'deeper than 100 levels');
    isNotSent(codec, nested(5000, 1), 'deeper than 100 levels');
    const most = new Array(2 ** 22 - 1).fill(1);
    assert.equal(echo(codec, most).length, most.length);
    isNotSent(codec, [most], 'cannot encode: args[0] holds too many values');
  });

  test(`${name}: a value that sends another while it is read`, () => {
    const other = new Sink();
    const value = {
      get a() {
        codec.encode([{ b: [1n] }], 'args', other);
        return 2n;
      },
      b: { toJSON: () => (codec.encode({ c: 3 }, 'kwargs', new Sink()), 4) },
    };
    assert.deepEqual(echo(codec, [value]), [{ a: 2, b: 4 }]);
    isNotSent(codec, [value, [() => {}]], 'cannot encode: args[1][0] is a function');
  });
}

function isNotSent(codec, value, text, place = 'args', kind = undefined) {
  assert.throws(
    () => encode(codec, value, place, kind),
    (error) => {
      assert.ok(error instanceof EncodeError, error.stack);
      assert.equal(error.uri, 'wamp.error.invalid_payload');
      assert.ok(error.message.includes(text), `"${error.message}" tells "${text}"`);
      assert.deepEqual(error.args, [error.message]);
      return true;
    },
  );
}

test('floats and texts that JSON does not have are refused, with their place', () => {
  isNotSent(json, [{ a: NaN }], 'cannot encode: args[0].a is NaN, which JSON cannot represent');
  isNotSent(json, [-Infinity], 'cannot encode: args[0] is -Infinity, which JSON cannot represent');
  isNotSent(json, ['\0x'], 'cannot encode: args[0] is a text that begins with U+0000, which would be bytes in JSON');
  assert.deepEqual(echo(json, { '\0x': 'x\0' }), { '\0x': 'x\0' });
  for (const codec of [cbor, msgpack]) {
    assert.deepEqual(echo(codec, [NaN, Infinity, '\0x']), [NaN, Infinity, '\0x']);
  }
});

test('what a page adds to the prototypes changes nothing', () => {
  const patched = [
    [BigInt.prototype, () => 'patched'],
    [Array.prototype, () => 'patched'],
    [String.prototype, () => 'patched'],
  ];
  for (const [prototype, toJSON] of patched) {
    Object.defineProperty(prototype, 'toJSON', { value: toJSON, configurable: true });
    try {
      const value = [[2n ** 60n, 'a', [1]], { a: ['b'] }];
      for (const [, codec] of each) {
        assert.deepEqual(echo(codec, value), value);
      }
    } finally {
      delete prototype.toJSON;
    }
  }
});

test('bytes within a larger buffer are read by their own bounds', () => {
  const value = [1.5, 'text', new Uint8Array([1, 2, 3]), 2n ** 60n];
  for (const [, codec] of each) {
    const bytes = encode(codec, value);
    const memory = new Uint8Array(bytes.length + 20).fill(0xff);
    memory.set(bytes, 7);
    assert.deepEqual(codec.decode(memory.subarray(7, 7 + bytes.length)), value);
  }
});

// the sink

test('a sink grows, keeps what it holds, and gives much memory back', () => {
  const own = new Sink();
  own.byte(1);
  assert.equal(own.text('żółw 🐢\ud800'), Buffer.byteLength('żółw 🐢\ufffd'));
  assert.equal(own.ascii('plain'), true);
  assert.equal(own.ascii('plaín'), false);
  own.octets(new Uint8Array(3_000_000).fill(9));
  assert.equal(own.text('€'.repeat(200_000)), 600_000);
  const expected = Buffer.concat([
    Buffer.from('\u0001żółw 🐢\ufffdplain'),
    Buffer.alloc(3_000_000, 9),
    Buffer.from('€'.repeat(200_000)),
  ]);
  assert.ok(Buffer.from(own.written()).equals(expected));
  own.clear();
  assert.equal(own.length, 0);
  assert.ok(own.bytes.length < 1 << 20);
  assert.equal(own.view.buffer, own.bytes.buffer);
});
