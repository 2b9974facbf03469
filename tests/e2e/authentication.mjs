// Tests of how a page proves who it is; they run inside the page, as those in package.mjs do. The
// router is scripted: it says what it was told, and more than one that is in order would.

/** Run once. */
export const once = {
  'onchallenge answers, also with more, also later': async () => {
    const { is, scripted, lib, channel } = kit;
    const { connect } = await lib();
    const hellos = channel();
    const serve = async ({ recv, send }) => {
      for (;;) {
        hellos.put((await recv())[2]);
        send([4, 'ticket', { hint: 'blue' }]);
        const [code, signature, extra] = await recv();
        if (code !== 5) return;
        const authextra = { signature, extra };
        send([2, 7, { roles: { broker: {}, dealer: {} }, authid: 'joe', authmethod: 'ticket', authextra }]);
        await recv();
        send([6, {}, 'wamp.close.goodbye_and_out']);
      }
    };
    const options = { url: 'ws://scripted/ws', realm: 'realm1', authmethods: ['ticket', 'wampcra'] };
    const who = { authid: 'joe', authrole: 'user', authextra: { device: 7 } };
    for (const [answer, expected] of [
      ['secret!!!', { signature: 'secret!!!', extra: {} }],
      [['secret!!!', { more: 1 }], { signature: 'secret!!!', extra: { more: 1 } }],
      [new Promise((resolve) => setTimeout(resolve, 0, 'later')), { signature: 'later', extra: {} }],
    ]) {
      const asked = [];
      const onchallenge = (...given) => {
        const [{ realm, isOpen }, ...about] = given;
        asked.push([realm, isOpen, ...about]);
        return answer;
      };
      await scripted(serve, async () => {
        const session = await connect({ ...options, ...who, onchallenge });
        is([session.authid, session.authmethod, session.authrole], ['joe', 'ticket', undefined]);
        is(session.authextra, expected);
        const { authmethods, authid, authrole, authextra } = await hellos.take();
        is([authmethods, authid, authrole, authextra], [['ticket', 'wampcra'], 'joe', 'user', { device: 7 }]);
        const again = await session.rejoin();
        await hellos.take();
        is(asked, [1, 2].map(() => ['realm1', false, 'ticket', { hint: 'blue' }]), 'it is asked for each session');
        await again.leave();
      });
    }
  },

  'an onchallenge that fails refuses the challenge': async () => {
    const { is, ok, fails, scripted, lib, channel } = kit;
    const { connect } = await lib();
    const told = channel();
    const serve = async ({ recv, send }) => {
      await recv();
      send([4, 'ticket', {}]);
      told.put(await recv());
    };
    const refusal = new RangeError('no ticket at hand');
    const throws = () => {
      throw refusal;
    };
    for (const [onchallenge, text] of [
      [throws, 'no ticket at hand'],
      [() => Promise.reject(refusal), 'no ticket at hand'],
      [() => undefined, 'what onchallenge gives cannot be undefined'],
      [() => ['s3cret', 's3cret'], undefined],
    ]) {
      const options = { url: 'ws://scripted/ws', realm: 'realm1', authmethods: ['ticket'], onchallenge };
      const error = await scripted(serve, () =>
        fails(connect(options), 'ConnectError', 'wamp.error.cannot_authenticate'),
      );
      ok(text === undefined ? error.cause instanceof TypeError : error.cause.message === text, `${error.cause}`);
      const [code, details, reason] = await told.take();
      is([code, reason], [3, 'wamp.error.cannot_authenticate']);
      if (text !== undefined) is(details.message, text);
    }
  },

  'methods with their settings': async () => {
    const { is, scripted, lib, channel } = kit;
    const { connect } = await lib();
    const heard = channel();
    const serveBy = (method, extra) => async ({ recv, send }) => {
      heard.put((await recv())[2]);
      send([4, method, extra]);
      heard.put(await recv());
      send([3, { message: 'wrong' }, 'wamp.error.authentication_failed']);
    };
    const key = '1d3e1c3ac3d4c8d9e4b1e0f35d9cf7bd0d4c2f1fbc21a0b83c1ea1f1e6d1b0a1';
    const seed = Uint8Array.from(key.match(/../g), (octet) => parseInt(octet, 16));
    const joined = async (authentication, method, extra) => {
      const options = { url: 'ws://scripted/ws', realm: 'realm1', authentication };
      const { uri } = await scripted(serveBy(method, extra), () => connect(options).catch((error) => error));
      is(uri, 'wamp.error.authentication_failed');
      return [await heard.take(), await heard.take()];
    };
    const all = { ticket: { authid: 'joe', ticket: 'secret!!!' }, wampcra: { authid: 'joe', secret: 'secret2' } };
    const [hello, [, ticket]] = await joined(all, 'ticket', {});
    is([hello.authmethods, hello.authid, ticket], [['ticket', 'wampcra'], 'joe', 'secret!!!']);
    // The signature that any other implementation gives.
    const [, [, signature]] = await joined(all, 'wampcra', { challenge: '{"nonce": "abc"}' });
    const secret = await crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode('secret2'),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const mac = await crypto.subtle.sign('HMAC', secret, new TextEncoder().encode('{"nonce": "abc"}'));
    is(signature, btoa(String.fromCharCode(...new Uint8Array(mac))));

    const challenge = { challenge: '00'.repeat(32) };
    const [{ authextra }, [, signed]] = await joined({ cryptosign: { privkey: seed } }, 'cryptosign', challenge);
    const [, [, same]] = await joined({ cryptosign: { privkey: key } }, 'cryptosign', challenge);
    is([signed, signed.length, signed.slice(128), authextra.pubkey.length], [same, 192, challenge.challenge, 64]);
  },

  'authentication that cannot be used is refused, and named': async ({ router }) => {
    const { is, fails, lib } = kit;
    const { connect } = await lib();
    const base = { url: router, realm: 'realm1' };
    for (const wrong of [
      { authentication: 'ticket' },
      { authmethods: 'ticket' },
      { authmethods: [7] },
      { authid: 7 },
      { authrole: null },
      { authextra: [] },
      { authmethods: ['ticket'], onchallenge: 'secret!!!' },
      { onchallenge: () => 'secret!!!' },
      { authentication: {}, authmethods: ['ticket'] },
    ]) {
      await fails(connect({ ...base, ...wrong }), 'TypeError');
    }
    const settings = { ticket: { ticket: 'x', tickets: 'y' } };
    const error = await fails(connect({ ...base, authentication: settings }), 'ConnectError', 'wamp.error.invalid_argument');
    is(error.message.split(';')[0], 'invalid authentication.ticket.tickets: unknown key');
    const session = await connect({ ...base, authmethods: ['anonymous'] });
    is(session.authmethod, 'anonymous');
    await session.leave();
  },
};
