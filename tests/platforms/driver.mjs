// In the page: passes the options of the suite to a worker, and waits for what it answers.

globalThis.drive = async (kind, options) => {
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => resolve(data);
    globalThis.failed = (event) => reject(new Error(event.message ?? 'the worker cannot be started'));
  });
  switch (kind) {
    case 'window':
      return runSuite(options);
    case 'dedicated worker': {
      const worker = new Worker('/tests/platforms/inside.mjs', { type: 'module' });
      worker.onerror = globalThis.failed;
      worker.postMessage(options, [port2]);
      return answered;
    }
    case 'shared worker': {
      const worker = new SharedWorker('/tests/platforms/inside.mjs', { type: 'module' });
      worker.onerror = globalThis.failed;
      return new Promise((resolve) => {
        worker.port.onmessage = ({ data }) => resolve(data);
        worker.port.postMessage(options);
      });
    }
    default: {
      const registration = await navigator.serviceWorker.register('/tests/platforms/inside-service.mjs', { type: 'module' });
      const worker = registration.installing ?? registration.waiting ?? registration.active;
      await new Promise((resolve) => {
        const look = () => worker.state === 'activated' && resolve();
        worker.addEventListener('statechange', look);
        look();
      });
      worker.postMessage(options, [port2]);
      return answered;
    }
  }
};
