import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';

const serializers = { json: JsonSerializer, cbor: CborSerializer, msgpack: MsgpackSerializer };

export async function open(_base, url, serializer) {
  // It takes the page's WebSocket, but none in Node.
  const ws = typeof process === 'object' && process.versions?.node ? globalThis.WebSocket : undefined;
  const session = new Wampy(url, { realm: 'realm1', serializer: new serializers[serializer](), ws });
  await session.connect();
  return {
    call: async (procedure, args) => (await session.call(procedure, args)).argsList[0],
    // In CBOR and MessagePack it would send `undefined` for these, in forms of its own.
    subscribe: (topic, handler) =>
      session.subscribe(topic, ({ argsList }) => handler(argsList), { match: 'exact', get_retained: false }),
  };
}
