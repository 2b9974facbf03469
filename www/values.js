// Reads and shows values as JSON, with extensions for big integers and binary data.

/**
 * Reads a field of the page. Empty is `undefined`. Integers too large for a number become BigInt,
 * where the browser tells how they were written.
 */
export function parse(text, what, fits) {
  if (text.trim() === '') {
    return undefined;
  }
  let value;
  try {
    value = JSON.parse(text, (_key, value, context) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
        ? BigInt(context.source)
        : value,
    );
  } catch (error) {
    throw new SyntaxError(`${what}: ${error.message}`);
  }
  if (!fits(value)) {
    throw new SyntaxError(`${what}: must be ${fits === isList ? 'a list, as in [1, 2]' : 'an object, as in {"a": 1}'}`);
  }
  return value;
}

export const isList = Array.isArray;

export function isDict(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shows a value in one line: as JSON, with `12n` and `bytes(3) 01 02 03`. Stops when there are more than `room` characters. */
export function show(value, room = Infinity) {
  const text = { written: '', room };
  write(text, value);
  return text.written;
}

/** Shows arguments and keywords side by side, as in `2, 3, a: 1`. */
export function showArguments(args, kwargs) {
  const entries = Object.entries(kwargs).map(([key, value]) => `${key}: ${show(value)}`);
  return [...args.map((value) => show(value)), ...entries].join(', ') || '(no values)';
}

function write(text, value) {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    text.written += scalar(value, text.room);
    return;
  }
  const isArray = isList(value);
  text.written += isArray ? '[' : '{';
  let isFirst = true;
  for (const key in value) {
    if (text.written.length > text.room) {
      return;
    }
    text.written += isFirst ? '' : ', ';
    isFirst = false;
    text.written += isArray ? '' : `${scalar(key, text.room)}: `;
    write(text, value[key]);
  }
  text.written += isArray ? ']' : '}';
}

function scalar(value, room) {
  switch (typeof value) {
    case 'undefined':
      return '(no value)';
    case 'bigint':
      return `${value}n`;
    case 'string':
      return JSON.stringify(value.length > room ? value.slice(0, room) : value);
    case 'object':
      return value === null ? 'null' : `bytes(${value.length}) ${hex(value, room)}`.trim();
    default:
      return String(value);
  }
}

function hex(bytes, room) {
  const shown = Array.from(bytes.subarray(0, Math.min(4096, room)), (byte) => byte.toString(16).padStart(2, '0'));
  return shown.join(' ') + (shown.length < bytes.length ? ' …' : '');
}
