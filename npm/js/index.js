// The entry of the package. The wasm module implements WAMP; it exchanges bytes and reports
// errors as plain descriptions. The other files contain the classes for users.

import { authenticationOptions, Credentials } from './authentication.js';
import { finite, isObject, isSignal, need, needDuration } from './check.js';
import { Extensions, extensionOptions } from './extensions.js';
import { init } from './loading.js';
import * as port from './module/port.js';
import { join } from './module/session.js';
import { Dialer } from './module/socket.js';
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
export { setLogLevel } from './log.js';
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
  'onUserError',
  ...authenticationOptions,
  ...extensionOptions,
];

export async function connect(options) {
  need('options', options, isObject(options));
  for (const name of Object.keys(options)) {
    need('an option', name, connectOptions.includes(name));
  }
  const { url, realm, serializers, timeout, batched = false, discloseMe, onWelcome, signal, onUserError } = options;
  need('realm', realm, typeof realm === 'string');
  need('url', url, typeof url === 'string' || url instanceof URL);
  need('serializers', serializers, serializers === undefined || Array.isArray(serializers));
  needDuration('timeout', timeout);
  need('batched', batched, typeof batched === 'boolean');
  need('discloseMe', discloseMe, discloseMe === undefined || typeof discloseMe === 'boolean');
  need('onWelcome', onWelcome, onWelcome === undefined || typeof onWelcome === 'function');
  need('signal', signal, signal === undefined || isSignal(signal));
  need('onUserError', onUserError, onUserError === undefined || typeof onUserError === 'function');
  need('authentication', options.authentication, typeof options.authentication !== 'function');
  const limit = finite(timeout);
  const transport = readConnection({ url, serializers, timeout: limit, batched });
  const credentials = new Credentials(options);
  const extensions = new Extensions(options);
  signal?.throwIfAborted();
  await Promise.all([init(), extensions.load()]);
  const methods = await credentials.methods();
  const own = extensions.settings();
  const dialer = port.open(new Dialer({ ...transport, make: extensions.make }));
  const connection = { url: transport.url, dialer };
  const settings = { ...connection, realm, timeout: limit, discloseMe, ...credentials.identity, methods, ...own };
  let raw;
  try {
    raw = await credentials.joined(join(settings, signal), realm);
  } finally {
    // The connection is open, or is not needed.
    port.close(dialer);
  }
  return admitted(raw, { credentials, onWelcome, onUserError, isUri: extensions.isUri, traceback: extensions.traceback }, signal);
}
