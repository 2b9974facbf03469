// The entry of the package. The wasm module implements WAMP; it exchanges bytes and reports
// errors as plain descriptions. The other files contain the classes for users.

import { authenticationOptions, Credentials } from './authentication.js';
import { finite, isObject, isSignal, need, needDuration } from './check.js';
import { init } from './loading.js';
import { join } from './module/session.js';
import { admitted } from './session.js';
import { readConnection } from './settings.js';

export { auth_cra, auth_cryptosign } from './auth.js';
export { Result } from './call.js';
export { Component } from './component.js';
export { Connection } from './connection.js';
export {
  ConnectError,
  DecodeError,
  EncodeError,
  SessionClosedError,
  TimeoutError,
  WampError,
} from './errors.js';
export { init } from './loading.js';
export { initAuth } from './loading-auth.js';
export { Meta } from './meta.js';
export { Publication, Session } from './session.js';
export { EventStream, Registration, Subscription } from './subscription.js';
export * as uris from './uris.js';

const connectOptions = [
  'url',
  'realm',
  'serializers',
  'timeout',
  'batched',
  'discloseMe',
  'onWelcome',
  'signal',
  ...authenticationOptions,
];

export async function connect(options) {
  need('options', options, isObject(options));
  for (const name of Object.keys(options)) {
    need('an option', name, connectOptions.includes(name));
  }
  const { url, realm, serializers, timeout, batched = false, discloseMe, onWelcome, signal } = options;
  need('realm', realm, typeof realm === 'string');
  need('url', url, typeof url === 'string' || url instanceof URL);
  need('serializers', serializers, serializers === undefined || Array.isArray(serializers));
  needDuration('timeout', timeout);
  need('batched', batched, typeof batched === 'boolean');
  need('discloseMe', discloseMe, discloseMe === undefined || typeof discloseMe === 'boolean');
  need('onWelcome', onWelcome, onWelcome === undefined || typeof onWelcome === 'function');
  need('signal', signal, signal === undefined || isSignal(signal));
  need('authentication', options.authentication, typeof options.authentication !== 'function');
  const limit = finite(timeout);
  const transport = readConnection({ url, serializers, timeout: limit, batched });
  const credentials = new Credentials(options);
  signal?.throwIfAborted();
  await init();
  const methods = await credentials.methods();
  const settings = { ...transport, realm, timeout: limit, discloseMe, ...credentials.identity, methods };
  const raw = await credentials.joined(join(settings, signal));
  return admitted(raw, { credentials, onWelcome });
}
