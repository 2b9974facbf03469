// Our package. Neither bundled nor in this folder: a page and Node load it as it is published.

/** @param {string} base address of the package, with a slash at the end */
export async function open(base, url, serializer, wasm) {
  const { connect, init } = await import(new URL('index.js', base));
  await init(wasm);
  const session = await connect({ url, realm: 'realm1', serializers: [serializer], timeout: 60_000 });
  return {
    call: (procedure, args) => session.call(procedure, args),
    subscribe: (topic, handler) => session.subscribe(topic, (args) => handler(args)),
  };
}
