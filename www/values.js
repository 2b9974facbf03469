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

/** Shows a value: as JSON, in one line if it is short, with `12n` and `bytes(3) 01 02 03`. */
export function show(value, width = 60) {
  const flat = write(value);
  return flat.length <= width ? flat : write(value, '');
}

/** Shows arguments and keywords side by side, as in `2, 3, a: 1`. */
export function showArguments(args, kwargs) {
  const entries = Object.entries(kwargs).map(([key, value]) => `${key}: ${write(value)}`);
  return [...args.map((value) => write(value)), ...entries].join(', ') || '(no values)';
}

function write(value, indent) {
  switch (typeof value) {
    case 'undefined':
      return '(no value)';
    case 'bigint':
      return `${value}n`;
    case 'string':
      return JSON.stringify(value);
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value === null) {
    return 'null';
  }
  if (value instanceof Uint8Array) {
    const hex = Array.from(value.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0'));
    return `bytes(${value.length}) ${hex.join(' ')}${value.length > 32 ? ' …' : ''}`.trim();
  }
  const inner = indent === undefined ? undefined : `${indent}  `;
  const items = isList(value)
    ? value.map((item) => write(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${write(item, inner)}`);
  const [open, close] = isList(value) ? '[]' : '{}';
  if (items.length === 0) {
    return open + close;
  }
  return indent === undefined
    ? `${open}${items.join(', ')}${close}`
    : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}
