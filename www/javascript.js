// Programs in JavaScript that do what a form does.

/** A program for an action of `copy.js`. Secrets are left out. */
export function javascript(action, { url, realm, serializers, login }) {
  const options = [
    `url: ${literal(url)}`,
    `realm: ${literal(realm)}`,
    ...(serializers ? [`serializers: ${literal(serializers)}`] : []),
    ...(login ? [`authentication: { ${key(login.method)}: { authid: ${literal(login.authid)}, ${login.key}: '…' } }`] : []),
  ];
  const names = ['connect', ...(action.kind === 'register' ? [{ echo: 'Result', error: 'WampError' }[action.answer]] : [])];
  return [
    `import { ${names.filter(Boolean).join(', ')} } from 'wampwerk';`,
    '',
    `const session = await connect({ ${options.join(', ')} });`,
    ...bodies[action.kind](action),
    '',
  ].join('\n');
}

const bodies = {
  call: ({ uri, args, kwargs }) => [
    `console.log(await session.call(${list([uri], args, kwargs)}));`,
    'await session.leave();',
  ],
  publish: ({ uri, args, kwargs, acknowledge, excludeMe }) => {
    const options = { ...(acknowledge && { acknowledge }), ...(excludeMe ? {} : { excludeMe }) };
    return [`await session.publish(${list([uri], args, kwargs, options)});`, 'await session.leave();'];
  },
  subscribe: ({ uri, match }) => [
    `for await (const { args, kwargs, details } of session.subscribe(${list([uri], match === 'exact' ? undefined : { match })})) {`,
    '  console.log(details.topic, args, kwargs);',
    '}',
  ],
  register: ({ uri, answer, value }) => [
    `await session.register(${literal(uri)}, ${endpoints[answer](value)});`,
    'await session.closed;',
  ],
};

const endpoints = {
  echo: () => '(args, kwargs) => new Result(args, kwargs)',
  value: (value) => `() => (${literal(value)})`,
  error: (uri) => `() => {\n  throw new WampError(${literal(uri)}, ['as it was registered']);\n}`,
};

/** Arguments of a function, without those at the end that are empty. */
function list(fixed, ...optional) {
  const isEmpty = (value) => value === undefined || Object.keys(value).length === 0;
  while (optional.length > 0 && isEmpty(optional.at(-1))) {
    optional.pop();
  }
  const rest = optional.map((value, place) => (value === undefined ? (place === 0 ? '[]' : '{}') : literal(value)));
  return [...fixed.map(literal), ...rest].join(', ');
}

/** A value as source text. */
function literal(value) {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`;
    case 'string':
      return /^[^'\\\p{Cc}\u2028\u2029]*$/u.test(value) ? `'${value}'` : JSON.stringify(value);
    case 'object':
      break;
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return `[${value.map(literal).join(', ')}]`;
  }
  const entries = Object.entries(value).map(([name, item]) => `${key(name)}: ${literal(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function key(name) {
  // Without the brackets it would set the prototype.
  return name === '__proto__' ? "['__proto__']" : /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}
