// The program that bundlers bundle: both serializers with codecs of their own, a login, a trace.

import { auth_cra, connect, initAuth, WampError } from 'wampwerk';

globalThis.runApp = async ({ router, auth }) => {
  const seen = [];
  for (const serializer of ['cbor', 'msgpack', 'json']) {
    const session = await connect({ url: router, realm: 'realm1', serializers: [serializer], trace: ({ type }) => seen.push(type) });
    seen.push(await session.call('demo.add', [20, 22]));
    const error = await session.call('no.such.procedure').catch((error) => error);
    seen.push(error instanceof WampError && error.name);
    await session.leave();
  }
  const session = await connect({
    url: auth,
    realm: 'realm1',
    authentication: { wampcra: { authid: 'wanda', secret: 'a shared secret' } },
  });
  seen.push(session.authid);
  await session.leave();
  await initAuth();
  seen.push(auth_cra.sign('key', 'challenge').length);
  return seen;
};
