// The other end of driver.mjs: runs the suite when it is asked.

import { run } from '/tests/e2e/suite.mjs';

export function serve(given) {
  // Tests replace it, and functions of the module must not be called with another `this`.
  const answer = async (options, port) => port.postMessage(await run({ ...given, ...options }).catch((error) => ({ failed: [String(error)] })));
  if (typeof document !== 'undefined') {
    globalThis.runSuite = (options) => run({ ...given, ...options });
  } else if (typeof ServiceWorkerGlobalScope !== 'undefined') {
    addEventListener('message', (event) => event.waitUntil(answer(event.data, event.ports[0])));
  } else if (typeof SharedWorkerGlobalScope !== 'undefined') {
    addEventListener('connect', ({ ports: [port] }) => {
      port.onmessage = ({ data }) => answer(data, port);
    });
  } else {
    addEventListener('message', ({ data, ports }) => ports.length > 0 && answer(data, ports[0]));
  }
}
