// Runs in the page: opens one client, and runs scenarios with it.

import { prepare, scenarios } from './scenarios.mjs';

let client;

globalThis.bench = {
  async open(script, ...given) {
    const { open } = await import(script);
    client = await prepare(await open(...given));
  },
  run: (name, operations) => scenarios[name].run(client, operations),
};
