// The types of the package, as a user's compiler sees them. It is checked, never run: what stands
// below `@ts-expect-error` must be refused, or the check fails.

import {
  connect,
  ConnectError,
  DecodeError,
  EncodeError,
  EventStream,
  init,
  Publication,
  Registration,
  Result,
  Session,
  SessionClosedError,
  Subscription,
  TimeoutError,
  WampError,
} from 'wampwerk';
import type { CloseReason, Event, EventDetails, InvocationDetails, Serializer, Value } from 'wampwerk';

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

export async function connecting(): Promise<Session> {
  await init();
  await init(new Uint8Array());
  await init(new URL('https://example.com/wampwerk_bg.wasm'));
  await connect({ url: new URL('wss://example.com/ws'), realm: 'realm1' });
  // @ts-expect-error the realm is needed
  await connect({ url: 'ws://127.0.0.1:8080/ws' });
  // @ts-expect-error no such serializer
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', serializers: ['yaml'] });
  // @ts-expect-error a duration is a number of milliseconds
  await connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', timeout: '10s' });
  // @ts-expect-error sessions come from connect() only
  new Session();
  const serializers: readonly Serializer[] = ['cbor', 'json'];
  return connect({ url: 'ws://127.0.0.1:8080/ws', realm: 'realm1', serializers, timeout: 5_000 });
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
  // @ts-expect-error positional values are a list
  await session.call('com.example.add', 2, 3);
  // @ts-expect-error keyword values are an object
  await session.call('com.example.add', [2], 3);
  // @ts-expect-error the timeout is a number
  await session.call('com.example.add', [2], {}, { timeout: '1s' });
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
  await registration.unregister();
}

export function errors(error: unknown): string {
  if (error instanceof TimeoutError || error instanceof SessionClosedError) return error.uri;
  if (error instanceof ConnectError) return error.message;
  if (error instanceof EncodeError || error instanceof DecodeError) return error.message;
  if (error instanceof WampError) {
    const base: Error = error;
    const limit: number = error.kwargs['limit'];
    return `${base.name} ${error.uri} ${error.args.length} ${limit}`;
  }
  // @ts-expect-error an error has a URI
  new WampError();
  throw new WampError('com.example.error.odd', ['what'], { limit: 3 }, 'odd', { cause: error });
}
