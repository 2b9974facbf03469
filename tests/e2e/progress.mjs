// Tests of calls in parts, of their ends and time limits, in JavaScript; they run inside the page, as those in package.mjs do.

/** Run once. */
export const once = {
  'leaving the loop cancels the call': async (where) => {
    const { open, is, fails } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const aborted = kit.channel();
    await callee.register('adv.endless', async (args, kwargs, { progress, signal }) => {
      signal.addEventListener('abort', () => aborted.put(signal.reason.uri));
      for (let n = 0; !signal.aborted; n++) {
        await progress([n]).catch((error) => aborted.put(error.uri));
        await new Promise((resolve) => setTimeout(resolve));
      }
    });
    const call = caller.call('adv.endless');
    for await (const n of call) if (n === 3) break;
    is(await aborted.take(), 'wamp.error.canceled');
    await fails(call, 'WampError', 'wamp.error.canceled');
  },

  'a loop over progressive results ends with the error of the call': async (where) => {
    const { open, is, fails, lib } = kit;
    const { WampError } = await lib();
    const [caller, callee] = [await open(where), await open(where)];
    await callee.register('adv.breaks', async (args, kwargs, { progress }) => {
      await progress(['first']);
      throw new WampError('adv.error.broke');
    });
    const seen = [];
    const loop = async (...words) => {
      for await (const step of caller.call(...words)) seen.push(step);
    };
    await fails(loop('adv.breaks'), 'WampError', 'adv.error.broke');
    await fails(loop('adv.no.such'), 'WampError', 'wamp.error.no_such_procedure');
    await fails(loop(17), 'TypeError');
    is(seen, ['first']);
    const call = caller.call('demo.add', [1, 2]);
    is(await call, 3);
    await fails(Promise.resolve().then(() => call[Symbol.asyncIterator]()), 'TypeError');
    const both = caller.call('demo.add', [1, 2], {}, { onProgress() {} });
    await fails(Promise.resolve().then(() => both[Symbol.asyncIterator]()), 'TypeError');
    await both;
    is(await caller.call('demo.add', [1, 2], null, { details: true }).then(({ args }) => args), [3], 'details');
  },

  'a slow loop over progressive results loses none of a thousand, and says what it loses beyond': async (where) => {
    const { open, is, ok } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    await callee.register('adv.flood', async ([count], kwargs, { progress }) => {
      for (let n = 0; n < count; n++) await progress([n]);
    });
    const call = caller.call('adv.flood', [1500], {}, { details: true });
    const iterator = call[Symbol.asyncIterator]();
    const first = await iterator.next();
    let [taken, missed] = [1, [first.value, await call].reduce((sum, { details }) => sum + (details.missed ?? 0), 0)];
    for await (const { details } of iterator) {
      taken++;
      missed += details.missed ?? 0;
    }
    ok(taken >= 1024, `${taken} were taken`);
    is(taken + missed, 1500, 'what was taken, and what was said to be lost');
  },

  'progress that cannot be sent is refused, and the call goes on': async (where) => {
    const { open, is, fails } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    let kept;
    await callee.register('adv.progress', async (args, kwargs, { progress }) => {
      kept = progress;
      await fails(progress([() => {}]), 'EncodeError');
      await fails(progress('x'), 'TypeError');
      await progress();
      return 'went on';
    });
    const steps = [];
    is(await caller.call('adv.progress', [], {}, { onProgress: (step) => steps.push(step) }), 'went on');
    is(steps, [undefined]);
    await fails(kept(['late']), 'WampError', 'wamp.error.canceled');
  },

  'the end of the session aborts endpoints with its reason': async (where) => {
    const { open, is } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const started = kit.channel();
    const ended = kit.channel();
    await callee.register('adv.at.work', async (args, kwargs, { signal }) => {
      signal.addEventListener('abort', () => ended.put(signal.reason));
      started.put();
      await new Promise(() => {});
    });
    const call = caller.call('adv.at.work').catch((error) => error);
    await started.take();
    await callee.leave();
    const reason = await ended.take();
    is([reason.name, reason.uri], ['SessionClosedError', callee.closeReason.reason]);
    is((await call).name, 'WampError', 'the caller is told');
  },

  'a signal that is looked at late tells all the same': async (where) => {
    const { open, is } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const started = kit.channel();
    const seen = kit.channel();
    const look = kit.channel();
    await callee.register('adv.looks.late', async (args, kwargs, details) => {
      started.put();
      await look.take();
      const { progress, signal } = details;
      seen.put([signal.aborted, (await progress([1]).catch((error) => error)).uri]);
    });
    const end = kit.channel();
    await callee.register('adv.looked', () => end.put());
    const controller = new AbortController();
    const call = caller.call('adv.looks.late', [], {}, { signal: controller.signal, onProgress() {} }).catch(() => {});
    await started.take();
    controller.abort();
    await call;
    // Behind the interrupt, by the order of the router.
    await caller.call('adv.looked');
    look.put();
    is(await seen.take(), [true, 'wamp.error.canceled']);
  },

  'timeouts: of the caller, and of the router': async (where) => {
    const { open, is, fails } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    const asked = kit.channel();
    const aborted = kit.channel();
    await callee.register('adv.slow', async (args, kwargs, { timeout, signal }) => {
      asked.put(timeout);
      signal.addEventListener('abort', () => aborted.put());
      await new Promise(() => {});
    });
    await fails(caller.call('adv.slow', [], {}, { timeout: 30 }), 'TimeoutError', 'wamp.error.timeout');
    await aborted.take();
    if (where.ours) {
      await fails(caller.call('adv.slow', [], {}, { routerTimeout: 30 }), 'WampError', 'wamp.error.timeout');
      await callee.register('adv.own.time', () => new Promise(() => {}), { forwardTimeout: true });
      await fails(caller.call('adv.own.time', [], {}, { routerTimeout: 30 }), 'WampError', 'wamp.error.timeout');
    } else {
      // One: milliseconds as the specification has it, a second for Crossbar.
      await fails(caller.call('adv.slow', [], {}, { routerTimeout: 1 }), 'WampError', 'wamp.error.canceled');
      kit.skip('forwardTimeout: Crossbar does not have it');
    }
    await fails(caller.call('adv.slow', [], {}, { routerTimeout: 0 }), 'TypeError');
  },

  'arguments in parts: generators, streams, their ends and errors': async (where) => {
    const { open, is, fails, lib } = kit;
    const { Result } = await lib();
    const [caller, callee] = [await open(where), await open(where)];
    const aborted = kit.channel();
    await callee.register('adv.sum', async (args, kwargs, { chunks, signal }) => {
      const parts = [];
      try {
        for await (const { args, kwargs } of chunks) parts.push([...args, ...Object.values(kwargs)]);
        return parts;
      } catch (error) {
        aborted.put([error === signal.reason, error.uri]);
      }
    });
    is(await caller.call('adv.sum', [1, 2], { a: 3 }), [[1, 2, 3]], 'a plain call has one part');
    async function* parts() {
      yield [1];
      yield new Result([2, new Uint8Array([3])], { a: 4 });
      return [5];
    }
    if (!where.ours) {
      await fails(caller.call('adv.sum', parts()), 'WampError', 'wamp.error.feature_not_supported');
      kit.skip('arguments in parts: Crossbar does not have them');
      return;
    }
    is(await caller.call('adv.sum', parts()), [[1], [2, new Uint8Array([3]), 4], [5]], 'a generator');
    is(await caller.call('adv.sum', (async function* () {})()), [[]], 'no part');
    is(await caller.call('adv.sum', (async function* () { yield ['one']; })(), { b: 1 }), [['one', 1]], 'one part');

    async function* mapped(kwargs) {
      yield new Result([1], kwargs);
      yield new Result([2], new Map([['d', 4]]));
    }
    const sent = (first, kwargs) => caller.call('adv.sum', mapped(first), kwargs);
    is(await sent({ b: 2 }, new Map([['a', 1]])), [[1, 1, 2], [2, 4]], 'a map of keyword values');
    is(await sent(new Map([['b', 2]]), { a: 1, b: 0 }), [[1, 1, 2], [2, 4]], 'a map in the first part');
    is(await sent({}, new Map([['a', 1]])), [[1, 1], [2, 4]], 'a map alone');
    await fails(sent({ b: 2 }, new Map([[1, 'a']])), 'EncodeError');
    await fails(sent('x', {}), 'TypeError');

    const { readable, writable } = new TransformStream();
    const call = caller.call('adv.sum', readable);
    const writer = writable.getWriter();
    for (let n = 0; n < 100; n++) await writer.write([n]);
    await writer.close();
    is(await call, Array.from({ length: 100 }, (_, n) => [n]), 'a stream');
    const queue = [['a'], ['b']];
    const old = new ReadableStream({ pull: (to) => (queue.length > 0 ? to.enqueue(queue.shift()) : to.close()) });
    is(await caller.call('adv.sum', { getReader: () => old.getReader() }), [['a'], ['b']], 'a stream of an older browser');
    await kit.until(() => !old.locked, 'the reader is given back');

    const source = async function* (what) {
      yield ['first'];
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (what === 'throw') throw new RangeError('the source broke');
      yield what === 'wrong' ? 'no list' : [() => {}];
    };
    is((await fails(caller.call('adv.sum', source('throw')), 'RangeError')).message, 'the source broke');
    is(await aborted.take(), [true, 'wamp.error.canceled'], 'what was broken off does not look complete');
    await fails(caller.call('adv.sum', source('wrong')), 'TypeError');
    await aborted.take();
    await fails(caller.call('adv.sum', source('unsendable')), 'EncodeError');
    await aborted.take();

    let closed = false;
    await callee.register('adv.first', async (args, kwargs, { chunks }) => {
      for await (const { args } of chunks) if (args[0] === 3) return 'enough';
    });
    const endless = async function* () {
      try {
        for (let n = 0; ; n++) {
          yield [n];
          await new Promise((resolve) => setTimeout(resolve));
        }
      } finally {
        closed = true;
      }
    };
    is(await caller.call('adv.first', endless()), 'enough', 'an answer before the end');
    await kit.until(() => closed, 'the source is closed');

    for (const wrap of [(stream) => stream, (stream) => ({ getReader: () => stream.getReader() })]) {
      let [n, cancelled] = [0, false];
      const pull = (to) => new Promise((resolve) => setTimeout(resolve)).then(() => to.enqueue([n++]));
      const stream = new ReadableStream({ pull, cancel: () => (cancelled = true) }, { highWaterMark: 0 });
      await fails(caller.call('adv.first', wrap(stream), 'no kwargs'), 'TypeError');
      await fails(caller.call('adv.first', wrap(stream), {}, { timout: 1 }), 'TypeError');
      const late = caller.call('adv.first', wrap(stream), {}, { signal: AbortSignal.abort() });
      is((await late.catch((error) => error)).name, 'AbortError');
      is([stream.locked, n, cancelled], [false, 0, false], 'a stream that was not used: locked, parts, cancelled');
      is(await caller.call('adv.first', wrap(stream)), 'enough', 'an answer before the end of a stream');
      await kit.until(() => cancelled && !stream.locked, 'the stream is cancelled, and given back');
    }
  },

  'both ways at a time: parts of arguments and progressive results': async (where) => {
    if (!where.ours) return kit.skip('arguments in parts: Crossbar does not have them');
    const { open, is } = kit;
    const [caller, callee] = [await open(where), await open(where)];
    await callee.register('adv.double', async (args, kwargs, { chunks, progress }) => {
      let count = 0;
      for await (const { args } of chunks) {
        count++;
        await progress([args[0] * 2]);
      }
      return count;
    });
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const call = caller.call('adv.double', readable);
    writer.write([1]);
    const seen = [];
    for await (const step of call) {
      seen.push(step);
      await (step < 100 ? writer.write([step]) : writer.close());
    }
    is(seen, [2, 4, 8, 16, 32, 64, 128]);
    is(await call, 7);
  },
};
