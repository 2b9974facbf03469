// Programs in Rust that do what a form does.

/** A program for an action of `copy.js`. Secrets are left out. */
export function rust(action, { url, realm, serializers, login }) {
  const { lines, names } = bodies[action.kind](action);
  const uses = new Set(['connect', ...names]);
  let session = `connect(${literal(url)}, ${literal(realm)})`;
  if (serializers) {
    uses.add('Serializer');
    session += `.serializers(&[${serializers.map((name) => `Serializer::${serializerNames[name]}`).join(', ')}])`;
  }
  const before = [];
  if (login) {
    const { type, use, make, prepare } = logins[login.method];
    uses.add(`session::authentication::${type}`);
    use?.forEach((name) => uses.add(name));
    before.push(...(prepare ?? []));
    session += `.authentication(${make(literal(login.authid))})`;
  }
  const text = lines.join('\n');
  for (const name of ['Dict', 'Value']) {
    if (new RegExp(`\\b${name}\\b`).test(text)) {
      uses.add(name);
    }
  }
  return [
    `use wampwerk::{${[...uses].sort(byName).join(', ')}};`,
    '',
    '#[tokio::main]',
    'async fn main() -> Result<(), Box<dyn std::error::Error>> {',
    ...[...before, `let session = ${session}.await?;`, ...lines, 'Ok(())'].map((line) => `    ${line}`),
    '}',
    '',
  ].join('\n');
}

const serializerNames = { cbor: 'Cbor', msgpack: 'MsgPack', json: 'Json' };

const logins = {
  ticket: { type: 'Ticket', make: (authid) => `Ticket::new(${authid}, "…")` },
  wampcra: { type: 'WampCra', make: (authid) => `WampCra::new(${authid}, "…")` },
  scram: { type: 'Scram', use: ['auth::scram::Dialect'], make: (authid) => `Scram::new(${authid}, "…").dialect(Dialect::Autobahn)` },
  'wamp-scram': { type: 'Scram', use: ['auth::scram::Dialect'], make: (authid) => `Scram::new(${authid}, "…").dialect(Dialect::Spec)` },
  cryptosign: {
    type: 'Cryptosign',
    use: ['auth::cryptosign::SigningKey'],
    prepare: ['let key = SigningKey::from_hex("…")?;'],
    make: (authid) => `Cryptosign::new(key).authid(${authid})`,
  },
};

const bodies = {
  call: ({ uri, args, kwargs }) => ({
    names: [],
    lines: [
      `let reply = session.call(${literal(uri)})${values(args, kwargs)}.await?;`,
      'println!("{:?} {:?}", reply.args::<Vec<Value>>()?, reply.kwargs::<Dict>()?);',
      'session.leave().await;',
    ],
  }),
  publish: ({ uri, args, kwargs, acknowledge, excludeMe }) => ({
    names: [],
    lines: [
      `session.publish(${literal(uri)})${values(args, kwargs)}${acknowledge ? '.acknowledge()' : ''}${excludeMe ? '' : '.exclude_me(false)'}.await?;`,
      'session.leave().await;',
    ],
  }),
  subscribe: ({ uri, match }) => ({
    names: match === 'exact' ? [] : ['uri::Pattern'],
    lines: [
      `let mut events = session.subscribe(${match === 'exact' ? literal(uri) : `Pattern::${match}(${literal(uri)})`}).await?;`,
      'while let Some(event) = events.next().await {',
      '    let event = event?;',
      '    println!("{} {:?} {:?}", event.topic, event.args::<Vec<Value>>()?, event.kwargs::<Dict>()?);',
      '}',
    ],
  }),
  register: ({ uri, answer, value }) => ({
    names: ['Payload', ...(answer === 'error' ? ['ApplicationError'] : [])],
    lines: [`session.register(${literal(uri)}, ${endpoints[answer](value)}).await?;`, 'session.closed().await;'],
  }),
};

const endpoints = {
  echo: () => '|everything: Payload| async move { everything }',
  value: (value) => `|_: Payload| async { ${literal(value)} }`,
  error: (uri) => `|_: Payload| async { Err::<(), _>(ApplicationError::new(${literal(uri)}).arg("as it was registered")) }`,
};

/** The setters of arguments and keywords. */
function values(args = [], kwargs = {}) {
  const items = args.map(literal);
  // Tuples of serde end at 16.
  const tuple = items.length > 16 ? literal(args) : items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
  return (items.length > 0 ? `.args(${tuple})` : '') + (Object.keys(kwargs).length > 0 ? `.kwargs(${dict(kwargs)})` : '');
}

/** A value as source text: scalars as they are, the others as `Value`. */
function literal(value) {
  switch (typeof value) {
    case 'bigint':
      return `${value}_${value > 0x7fff_ffff_ffff_ffffn ? 'u64' : 'i64'}`;
    case 'number':
      return number(value);
    case 'string':
      return `"${value.replace(/["\\]|\p{Cc}/gu, (character) => escapes[character] ?? `\\u{${character.codePointAt(0).toString(16)}}`)}"`;
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value === null) {
    return 'Value::Null';
  }
  return Array.isArray(value) ? `Value::from(vec![${value.map(wrapped).join(', ')}])` : `Value::from(${dict(value)})`;
}

const escapes = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As it is sent by the package: an integer within ±2^53, any other number a float. */
function number(value) {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  return Math.abs(value) > 0x7fff_ffff ? `${value}_i64` : String(value);
}

function wrapped(value) {
  const text = literal(value);
  return text.startsWith('Value::') ? text : `Value::from(${text})`;
}

function dict(value) {
  const entries = Object.entries(value).map(([key, item]) => `(${literal(key)}, ${wrapped(item)})`);
  return entries.length === 0 ? 'Dict::new()' : `Dict::from([${entries.join(', ')}])`;
}

/** As rustfmt sorts: names in lower case first. */
function byName(a, b) {
  const isLower = (name) => /^[a-z]/.test(name);
  return isLower(a) === isLower(b) ? (a < b ? -1 : 1) : isLower(a) ? 1 : -1;
}
