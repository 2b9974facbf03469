// What is measured, the same in a page and in Node. Each scenario does `operations` of its kind.

/** 205 values, 3.5 kB as JSON. */
function structure() {
  const item = (index) => ({
    id: 1000 + index * 37,
    name: `sensor number ${index} of the harbour, at the northern mole`,
    unit: 'degrees celsius',
    value: 20.25 + index / 8,
    ok: index % 3 !== 0,
    tags: ['north', 'outdoor'],
    at: '2026-11-30T19:40:08.123Z',
  });
  return { site: 'harbour', version: 17, complete: true, items: Array.from({ length: 20 }, (_, index) => item(index)) };
}

async function inFlight(count, operations, start) {
  let rest = operations;
  const one = async () => {
    while (rest > 0) {
      rest--;
      await start();
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

const BURST = 64;

export const scenarios = {
  'call, 64 in flight': {
    operations: 384,
    run: (client, operations) => inFlight(64, operations, () => client.call('bench.echo', [17])),
  },
  'call, one after the other': {
    operations: 96,
    run: (client, operations) => inFlight(1, operations, () => client.call('bench.echo', [17])),
  },
  'call with 3.5 kB of structure': {
    operations: 64,
    run: (client, operations) => {
      const value = structure();
      return inFlight(16, operations, () => client.call('bench.echo', [value]));
    },
  },
  event: {
    operations: 384,
    // The other side publishes so many whenever it is called: so no queue overflows.
    async run(client, operations) {
      for (let done = 0; done < operations; done += BURST) {
        const all = client.expect(BURST);
        await client.call('bench.burst', [BURST]);
        await all;
      }
    },
  },
};

/** Adds what the scenarios need to a client, and checks that it does what they rely on. */
export async function prepare(client) {
  let [missing, arrived] = [0, () => {}];
  await client.subscribe('bench.topic', ([index, text]) => {
    if (typeof index !== 'number' || text !== 'something happened') {
      throw new Error(`an event with ${index}, ${text}`);
    }
    if (--missing === 0) {
      arrived();
    }
  });
  client.expect = (count) => {
    missing = count;
    return new Promise((resolve) => {
      arrived = resolve;
    });
  };
  const value = structure();
  const back = await client.call('bench.echo', [value]);
  if (JSON.stringify(sorted(back)) !== JSON.stringify(sorted(value))) {
    throw new Error(`the structure came back as ${JSON.stringify(back)}`);
  }
  return client;
}

function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  }
  return value;
}
