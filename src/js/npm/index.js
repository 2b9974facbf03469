// The public face of the package. What WAMP is lives in the wasm module; it takes and gives plain
// values, and reports errors as plain descriptions. The files beside this one are the shapes that
// users see.

import load, { connect as join } from './wampwerk.js';
import { authenticationOptions, Credentials } from './authentication.js';
import { isObject, need, needDuration } from './check.js';
import { ConnectError } from './errors.js';
import { admitted } from './session.js';

export { Result } from './call.js';
export {
  ConnectError,
  DecodeError,
  EncodeError,
  SessionClosedError,
  TimeoutError,
  WampError,
} from './errors.js';
export { Meta } from './meta.js';
export { Publication, Session } from './session.js';
export { EventStream, Registration, Subscription } from './subscription.js';
export * as uris from './uris.js';

let loading;

export function init(source) {
  loading ??= load(source === undefined ? undefined : { module_or_path: source }).then(
    () => undefined,
    (cause) => {
      // So that the next attempt can load it again.
      loading = undefined;
      const text = `cannot load the wasm module: ${cause?.message ?? cause}`;
      throw new ConnectError('wamp.error.unavailable', [text], {}, text, { cause });
    },
  );
  return loading;
}

const connectOptions = [
  'url',
  'realm',
  'serializers',
  'timeout',
  'batched',
  'discloseMe',
  'onWelcome',
  ...authenticationOptions,
];

export async function connect(options) {
  need('options', options, isObject(options));
  for (const name of Object.keys(options)) {
    need('an option', name, connectOptions.includes(name));
  }
  const { url, realm, serializers, timeout, batched = false, discloseMe, onWelcome } = options;
  need('url', String(url), typeof url === 'string' || url instanceof URL);
  need('realm', realm, typeof realm === 'string');
  need('serializers', serializers, serializers === undefined || Array.isArray(serializers));
  needDuration('timeout', timeout);
  need('batched', batched, typeof batched === 'boolean');
  need('discloseMe', discloseMe, discloseMe === undefined || typeof discloseMe === 'boolean');
  need('onWelcome', onWelcome, onWelcome === undefined || typeof onWelcome === 'function');
  const credentials = new Credentials(options);
  await init();
  const given = [String(url), realm, serializers, timeout, batched, discloseMe];
  const raw = await credentials.joined(join(...given, ...credentials.forModule));
  return admitted(raw, { credentials, onWelcome });
}
