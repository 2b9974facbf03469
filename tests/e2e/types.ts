// The types of the package, as a user's compiler sees them. It is checked, never run: what stands
// below `@ts-expect-error` must be refused, or the check fails.

import {
  auth_cra,
  auth_cryptosign,
  Component,
  connect,
  ConnectError,
  Connection,
  DecodeError,
  EncodeError,
  EventStream,
  init,
  initAuth,
  Publication,
  Registration,
  Result,
  Session,
  SessionClosedError,
  setLogLevel,
  Subscription,
  TimeoutError,
  uris,
  WampError,
} from 'wampwerk';
import { Key, KeyRing } from 'wampwerk/cryptobox.js';
import { fromStarred, isUri, UriPattern } from 'wampwerk/patterns.js';
import { generateKey, generateSecret, scramCredential } from 'wampwerk/secrets.js';
import type {
  Call,
  CloseReason,
  ComponentState,
  ConnectionReason,
  PayloadCodec,
  TraceEntry,
  Ending,
  Event,
  EventDetails,
  InvocationDetails,
  Lists,
  RegistrationInfo,
  ResultDetails,
  RetryNotice,
  Serializer,
  SessionInfo,
  Value,
} from 'wampwerk';

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

export async function connecting(): Promise<Session> {
  await init();
  await init(new Uint8Array());
  await init(new URL('https://example.com/wampwerk_bg.wasm'));
  await init(undefined, { auth: 'https://example.com/wampwerk_auth_bg.wasm' });
  await initAuth();
  await initAuth(new Uint8Array());
  await connect({ url: new URL('wss://example.com/ws'), realm: 'realm1' });
  // @ts-expect-error the realm is needed
  await connect({ url: 'ws://127.0.0.1:8080/ws' });
  // @ts-expect-error no such serializer
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', serializers: ['yaml'] });
  // @ts-expect-error a duration is a number of milliseconds
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', timeout: '10s' });
  // @ts-expect-error it is one or the other
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', batched: 'cbor' });
  // @ts-expect-error sessions come from connect() only
  new Session();
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', discloseMe: true });
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', heartbeat: { interval: 20_000 } });
  // @ts-expect-error it has an interval
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', heartbeat: { timeout: 5_000 } });
  await connect({
    url: 'ws://127.0.0.1:8080/ws',
    realm: 'realm1',
    onWelcome: async ({ authrole }) => authrole === 'admin',
  });
  // @ts-expect-error it gets the welcome alone
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', onWelcome: (welcome: string) => welcome });
  await connect({
    url: 'wss://example.com/ws',
    realm: 'realm1',
    authentication: {
      cryptosign: { privkey: new Uint8Array(32), authextra: { device: 7 } },
      scram: { authid: 'joe', password: 'pencil' },
      anonymous: {},
    },
  });
  // @ts-expect-error a ticket is needed
  await connect({ url: 'wss://example.com/ws', realm: 'realm1', authentication: { ticket: { authid: 'joe' } } });
  // @ts-expect-error no such method
  await connect({ url: 'wss://example.com/ws', realm: 'realm1', authentication: { persona: {} } });
  const joined = await connect({
    url: 'wss://example.com/ws',
    realm: 'realm1',
    authmethods: ['ticket'],
    authid: 'joe',
    authrole: 'user',
    authextra: { device: 7 },
    onchallenge: async (session, method, extra) => {
      same<typeof session.isOpen, false>(true);
      return [method, { hint: extra.hint }];
    },
  });
  same<typeof joined.authid, string | undefined>(true);
  // @ts-expect-error a signature is a string
  await connect({ url: 'wss://example.com/ws', realm: 'realm1', authmethods: ['ticket'], onchallenge: () => 7 });
  const serializers: readonly Serializer[] = ['cbor', 'json'];
  return connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', serializers, timeout: 5_000 });
}

export async function components(): Promise<void> {
  new Component();
  const component = new Component({
    realm: 'realm1',
    transports: [
      'wss://example.com/ws',
      async () => new URL('wss://example.com/ws'),
      { url: 'ws://127.0.0.1:8080/ws', serializers: ['cbor'], max_retries: -1, options: { openHandshakeTimeout: 3 } },
    ],
    authentication: async () => ({ ticket: { authid: 'joe', ticket: 'secret' } }),
    extra: { any: 'thing' },
    main: async (session, self) => {
      same<typeof session, Session>(true);
      same<typeof self, Component>(true);
    },
    isFatal: (error, byDefault) => byDefault || error instanceof RangeError,
    strict: true,
  });
  // @ts-expect-error no such option
  new Component({ transport: 'wss://example.com/ws' });
  // @ts-expect-error no browser sets headers
  new Component({ transports: { url: 'wss://example.com/ws', headers: { a: 'b' } } });
  same<typeof component.state, ComponentState>(true);
  same<typeof component.session, Session | null>(true);
  const off = component.on('join', (session) => session.subscribe('com.example.news', () => {}));
  same<ReturnType<typeof off>, boolean>(true);
  component.on('leave', ({ kind }) => kind === 'goodbye');
  component.on('retry', async (notice) => {
    same<typeof notice, RetryNotice>(true);
    notice.retryAfter(1_000);
    return notice.failures < 3;
  });
  // @ts-expect-error no such event
  component.on('jion', () => {});
  // @ts-expect-error it gets a session
  component.on('ready', (session: string) => session);
  // @ts-expect-error a delay is a number
  component.on('retry', ({ retryAfter }) => retryAfter('1s'));
  component.off('join', () => {});
  component.register('com.example.add', ([a, b]) => a + b, { invoke: 'roundrobin', forceReregister: true });
  component.subscribe('com.example.', ([text], _kwargs, { topic }) => `${topic}: ${text}`, { match: 'prefix', queue: 10 });
  // @ts-expect-error a handler is a function
  component.subscribe('com.example.news');
  await component.start({ signal: AbortSignal.timeout(1_000) });
  component.retryNow();
  await component.stop();
}

export async function connections(): Promise<void> {
  const connection = new Connection({
    url: 'ws://127.0.0.1:8080/ws',
    realm: 'realm1',
    max_retries: -1,
    authmethods: ['wampcra', 'cryptosign'],
    authid: 'joe',
    authextra: { pubkey: auth_cryptosign.public_key('00'.repeat(32)) },
    onchallenge: (_session, method, extra) =>
      method === 'cryptosign'
        ? auth_cryptosign.sign_challenge(new Uint8Array(32), extra)
        : auth_cra.sign(auth_cra.derive_key('secret', 'salt', 100, 16), String(extra['challenge'])),
  });
  connection.onopen = (session, { authid, transport }) => [session.id, authid, transport.url];
  connection.onclose = (reason, { retry_delay, will_retry }) => {
    same<typeof reason, ConnectionReason>(true);
    same<typeof retry_delay, number | null>(true);
    return !will_retry;
  };
  // @ts-expect-error the realm is needed
  new Connection({ url: 'ws://127.0.0.1:8080/ws' });
  // @ts-expect-error a number of seconds
  new Connection({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', max_retry_delay: '5s' });
  connection.open();
  await connection.close('wamp.close.logout', 'bye');
}

export async function sessions(session: Session): Promise<void> {
  same<typeof session.id, number>(true);
  same<typeof session.serializer, Serializer>(true);
  same<typeof session.isOpen, boolean>(true);
  same<typeof session.closed, Promise<CloseReason>>(true);
  // @ts-expect-error the id is the router's
  session.id = 1;
  const forget = session.onClose(({ kind, reason, message }) => {
    same<typeof reason, string>(true);
    same<typeof message, string | null>(true);
    if (kind === 'transport-lost') return;
    // @ts-expect-error no such kind
    if (kind === 'bored') return;
  });
  forget();
  const reason = await session.leave('wamp.close.logout', 'bye');
  same<typeof reason, CloseReason>(true);
}

export async function calls(session: Session): Promise<void> {
  const plain = await session.call('com.example.add', [2, 3]);
  same<typeof plain, unknown>(true);
  const sum = await session.call<number>('com.example.add', [2, 3n, new Uint8Array()]);
  same<typeof sum, number>(true);
  await session.call('com.example.save', null, { name: 'x', tags: new Map() }, { timeout: 1_000 });
  await session.call('com.example.save', [], new Map([['a', 1]]));
  await session.call('com.example.add', [2, 3] as const);
  const result = await session.call<Result>('com.example.several');
  const [first] = result.args;
  const total: number = result.kwargs['total'];
  void [first, total];
  const shaped = await session.call<Result<[number, string], { total: number }>>('com.example.several');
  same<typeof shaped.args, [number, string]>(true);
  same<typeof shaped.kwargs.total, number>(true);
  // @ts-expect-error there are two only
  void shaped.args[2];
  // @ts-expect-error positional values are a list
  await session.call('com.example.add', 2, 3);
  // @ts-expect-error keyword values are an object
  await session.call('com.example.add', [2], 3);
  // @ts-expect-error the timeout is a number
  await session.call('com.example.add', [2], {}, { timeout: '1s' });
  // @ts-expect-error a slip of the pen
  await session.call('com.example.add', [2], {}, { timout: 1_000 });
  // @ts-expect-error no such mode
  await session.call('com.example.add', [2], {}, { cancelMode: 'gently' });
  // @ts-expect-error a controller is no signal
  await session.call('com.example.add', [2], {}, { signal: new AbortController() });
  const signal = AbortSignal.timeout(1_000);
  await session.call('com.example.add', [2], {}, { signal, cancelMode: 'kill', routerTimeout: 5_000, x_own: 1 });
}

export async function progressing(session: Session): Promise<void> {
  const call = session.call<number, string>('com.example.count', [10]);
  same<typeof call, Call<number, string>>(true);
  for await (const step of call) same<typeof step, string>(true);
  const last = await call;
  same<typeof last, number>(true);
  await session.call<number, string>('com.example.count', [10], {}, { onProgress: (step) => step.length });
  // @ts-expect-error it gets a text
  await session.call<number, string>('com.example.count', [10], {}, { onProgress: (step: number) => step });
  const detailed = await session.call('com.example.count', [10], {}, { details: true });
  same<typeof detailed, Result>(true);
  same<typeof detailed.details, ResultDetails | undefined>(true);
  // @ts-expect-error with details it is a Result
  const number: number = await session.call<number>('com.example.count', [10], {}, { details: true });
  const details: boolean = Math.random() < 0.5;
  const either = await session.call<number>('com.example.count', [10], {}, { details });
  same<typeof either, number | Result>(true);
  // @ts-expect-error neither does it know here whether it has details
  await session.call<number>('com.example.count', [10], {}, { details, onProgress: (step: number) => step });

  async function* parts() {
    yield [1, 2];
    yield new Result([3], { unit: 'mm' });
  }
  const sum = await session.call<number>('com.example.sum', parts(), { first: true });
  same<typeof sum, number>(true);
  await session.call('com.example.sum', new ReadableStream<number[]>());
  async function* wrong() {
    yield 1;
  }
  // @ts-expect-error each part is a list
  await session.call('com.example.sum', wrong());
}

export async function publishing(session: Session): Promise<void> {
  const publication = await session.publish('com.example.news', ['hi'], {}, { acknowledge: true });
  same<typeof publication, Publication>(true);
  same<typeof publication.id, number>(true);
  const nothing = await session.publish('com.example.news', ['hi']);
  same<typeof nothing, undefined>(true);
  const acknowledge: boolean = Math.random() < 0.5;
  const either = await session.publish('com.example.news', ['hi'], null, { acknowledge });
  same<typeof either, Publication | undefined>(true);
  await session.publish('com.example.news', [], null, {
    excludeMe: false,
    excludeAuthid: ['joe'],
    eligibleAuthrole: ['admin'],
    retain: true,
    discloseMe: true,
    x_ttl: 10,
  });
  // @ts-expect-error roles are texts
  await session.publish('com.example.news', ['hi'], null, { eligibleAuthrole: [1] });
  // @ts-expect-error no such option
  await session.publish('com.example.news', ['hi'], null, { excludeme: false });
  // @ts-expect-error ids are numbers
  await session.publish('com.example.news', ['hi'], null, { exclude: ['me'] });
}

export async function subscribing(session: Session): Promise<void> {
  const subscription = await session.subscribe('com.example.news', async ([text], { by }, details) => {
    same<typeof details, EventDetails>(true);
    same<typeof details.publication, number>(true);
    same<typeof details.missed, number | undefined>(true);
    void [text, by];
  });
  same<typeof subscription, Subscription>(true);
  await subscription.unsubscribe();
  await session.subscribe('com.example.', () => {}, { match: 'prefix' });
  const ending: Ending = await subscription.ended;
  if (ending.kind === 'revoked') void ending.reason;
  await session.subscribe('com.example.', () => {}, { getRetained: true, queue: 10 });
  // @ts-expect-error no such way to match
  await session.subscribe('com.example.', () => {}, { match: 'regex' });
  // @ts-expect-error only a stream can be looped over
  for await (const event of subscription) void event;

  for await (const event of session.subscribe('com.example.news')) {
    same<typeof event, Event>(true);
    const value: Value | undefined = event.args[0];
    if (value === 'enough') break;
  }
  const stream = await session.subscribe('com.example.', { match: 'prefix' });
  same<typeof stream, EventStream>(true);
  for await (const { args, kwargs, details } of stream) void [args, kwargs, details.topic];
}

export async function registering(session: Session): Promise<void> {
  const registration = await session.register('com.example.add', ([a, b], _kwargs, details) => {
    same<typeof details, InvocationDetails>(true);
    return a + b;
  });
  same<typeof registration, Registration>(true);
  await session.register('com.example.slow', async () => new Result([1, 2], { total: 3 }));
  await session.register('com.example.none', () => {}, { invoke: 'roundrobin' });
  // @ts-expect-error an endpoint is a function
  await session.register('com.example.none', 42);
  // @ts-expect-error no such policy
  await session.register('com.example.none', () => {}, { invoke: 'all' });
  await session.register('com.example.more', () => {}, {
    concurrency: 2,
    forceReregister: true,
    discloseCaller: true,
    forwardTimeout: true,
  });
  await registration.unregister();
  same<typeof registration.ended, Promise<Ending>>(true);
}

export async function atWork(session: Session): Promise<void> {
  await session.register('com.example.work', async (args, kwargs, { signal, progress, chunks, caller }) => {
    same<typeof signal, AbortSignal>(true);
    same<typeof caller, number | undefined>(true);
    // @ts-expect-error the caller may not want it
    await progress([1]);
    await progress?.([1], { of: 2 });
    // @ts-expect-error values are a list
    await progress?.(1);
    for await (const { args, kwargs } of chunks) void [args[0], kwargs];
  });
  class Service {
    limit = 3;
    add([a, b]: number[]): number {
      return (a ?? 0) + (b ?? 0) + this.limit;
    }
  }
  const all = await session.registerAll('com.example', new Service());
  same<typeof all.add, Registration>(true);
  // @ts-expect-error it is no function
  void all.limit;
  class Sensor extends EventTarget {
    read(): number {
      return this.dispatchEvent(new Event('read')) ? 1 : 0;
    }
  }
  const sensor = await session.registerAll('com.example', new Sensor());
  same<keyof typeof sensor, 'read'>(true);
  const calc = await session.registerAll('com.example', { add: ([a, b]) => a + b, sub: ([a, b]) => a - b });
  await calc.add.unregister();
  const add = ([a, b]: [number, number]) => a + b;
  await session.register('com.example.add', add);
  await session.registerAll('com.example', { add });
  await session.subscribe('com.example.news', ([text]: [string], { by }: { by?: string }) => `${text} ${by}`, { onLagged: (missed) => missed + 1 });
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', signal: AbortSignal.timeout(1) });
  // @ts-expect-error endpoints get a list
  await session.registerAll('com.example', { add: (a: number, b: number) => a + b });
}

export async function asking(session: Session): Promise<void> {
  const { meta } = session;
  const ids = await meta.sessionList(['admin']);
  same<typeof ids, number[]>(true);
  same<Awaited<ReturnType<typeof meta.sessionGet>>, SessionInfo>(true);
  same<Awaited<ReturnType<typeof meta.registrationList>>, Lists>(true);
  await meta.kill(1, { reason: uris.KILLED });
  // @ts-expect-error reason and message are all there is
  await meta.kill(1, { why: 'because' });
  await meta.onRegistrationCreate(({ registration }) => same<typeof registration, RegistrationInfo>(true));
  await meta.onRegistrationDelete(({ registration }) => same<typeof registration, number>(true));
  for (const { args, publication } of await meta.events(1, { limit: 3, reverse: true })) void [args, publication];
  await session.addTestament('com.example.gone', ['me'], null, { scope: 'detached', eligible: [1] });
  // @ts-expect-error no such scope
  await session.flushTestaments('dead');
  same<typeof session.welcome.authid, string | undefined>(true);
  same<ReturnType<typeof session.supports>, boolean>(true);
  const next = await session.rejoin('realm2');
  same<typeof next, Session>(true);
}

export function defining(session: Session): void {
  class TooMuch extends Error {
    constructor(
      readonly amount: number,
      readonly limit: number,
    ) {
      super();
    }
  }
  session.define('com.example.error.too_much', TooMuch).define('com.example.error.odd', WampError);
  // @ts-expect-error it must be a class of errors
  session.define('com.example.error.too_much', Date);
  same<typeof uris.NO_SUCH_PROCEDURE, 'wamp.error.no_such_procedure'>(true);
  // @ts-expect-error no such URI
  void uris.NO_SUCH_THING;
}

export function errors(error: unknown): string {
  if (error instanceof TimeoutError || error instanceof SessionClosedError) return error.uri;
  if (error instanceof ConnectError) return error.message;
  if (error instanceof EncodeError || error instanceof DecodeError) return error.message;
  if (error instanceof WampError) {
    const base: Error = error;
    const limit: number = error.kwargs['limit'];
    const callee: number | undefined = error.callee;
    return `${base.name} ${error.uri} ${error.args.length} ${limit} ${callee} ${error.calleeAuthid} ${error.details?.['x_place']}`;
  }
  // @ts-expect-error an error has a URI
  new WampError();
  throw new WampError('com.example.error.odd', ['what'], { limit: 3 }, 'odd', { cause: error });
}

/** What ported code uses, and options that few programs set. */
export async function extensions(): Promise<void> {
  const codec: PayloadCodec = {
    encode: (uri, args, kwargs, side) =>
      side === 'originator' ? { scheme: 'x_own', payload: new TextEncoder().encode(JSON.stringify([uri, args, kwargs])) } : undefined,
    decode: (_uri, { payload, scheme }) => ({ args: [scheme, payload.length] }),
  };
  class Own extends WebSocket {}
  const session = await connect({
    url: 'wss://example.com/ws',
    realm: 'realm1',
    WebSocket: Own,
    trace: ({ direction, size, type }: TraceEntry) => console.log(direction, size, type),
    payloadCodec: codec,
    helloDetails: { x_app: 1 },
    strictUris: true,
    riskUnannounced: true,
    limits: { details: 1000, running: 1 << 20 },
    onUserError: (error, where) => console.log(error, where),
  });
  const first: Subscription | undefined = session.subscriptions[0];
  if (first !== undefined) await session.unsubscribe(first);
  // @ts-expect-error a subscription is no registration
  if (first !== undefined) await session.unregister(first);
  const { promise, resolve } = session.defer<number>();
  resolve(1);
  const sum: number = (await promise) + 1;
  session.log('sum', sum);
  const known: boolean | undefined = session.features.caller['call_canceling'];
  setLogLevel('debug');
  // @ts-expect-error there is no such level
  setLogLevel('loud');
  const { uri, match } = new UriPattern('com.<id:int>');
  await session.subscribe(uri, () => known, { match });
  const starred = fromStarred('com.*.add');
  await session.register(starred.uri, () => known, { match: starred.match });
  new Component({ trace: true }).subscribe('a.b', () => isUri('a'), { onLagged: (missed: number) => missed });
  const { private: own, public: theirs } = await KeyRing.generateKey();
  new Component({ payloadCodec: new KeyRing().setKey('com.', Key.originator(own, theirs)).setKey('org.', null) });
  // @ts-expect-error keys are made by functions
  new Key();
  // @ts-expect-error it needs both functions
  new Connection({ realm: 'realm1', payloadCodec: { encode: () => undefined } });
}

export async function drawn(): Promise<void> {
  same<ReturnType<typeof generateSecret>, string>(true);
  const { privkey, pubkey } = await generateKey();
  same<typeof privkey, typeof pubkey>(true);
  const credential = await scramCredential('pencil', { dialect: 'wamp-scram', salt: new Uint8Array(16) });
  same<(typeof credential)['stored-key'], string>(true);
  // @ts-expect-error no such function
  await scramCredential('pencil', { kdf: 'bcrypt' });
}
