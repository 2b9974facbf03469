import autobahn from 'autobahn';

const { CBORSerializer, JSONSerializer, MsgpackSerializer } = autobahn.serializer;
const serializers = { json: JSONSerializer, cbor: CBORSerializer, msgpack: MsgpackSerializer };

export async function open(_base, url, serializer) {
  const connection = new autobahn.Connection({
    url,
    realm: 'realm1',
    serializers: [new serializers[serializer]()],
    use_es6_promises: true,
  });
  const session = await new Promise((resolve, reject) => {
    connection.onopen = resolve;
    connection.onclose = (reason, details) => reject(new Error(`${reason}: ${details?.message}`));
    connection.open();
  });
  return {
    call: (procedure, args) => session.call(procedure, args),
    subscribe: (topic, handler) => session.subscribe(topic, (args) => handler(args)),
  };
}
