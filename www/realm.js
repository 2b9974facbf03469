// What is in a realm, through the meta API: sessions, procedures with their callees, topics with their subscribers.
// Meta events keep it current: what an event names is looked up again, whatever the event says.

/** Maximum number of items of a kind. */
const MOST = 300;

/** Maximum number of items that are looked up at the same time. */
const AT_ONCE = 8;

const kinds = {
  sessions: {
    list: (meta) => meta.sessionList(),
    get: async (meta, id) => ({ ...(await meta.sessionGet(id)), id }),
    events: ['onSessionJoin', 'onSessionLeave'],
    subject: ({ session }) => session,
  },
  procedures: {
    list: async (meta) => all(await meta.registrationList()),
    get: async (meta, id) => ({ ...(await meta.registrationGet(id)), peers: await meta.registrationListCallees(id) }),
    events: ['Create', 'Register', 'Unregister', 'Delete'].map((what) => `onRegistration${what}`),
    subject: ({ registration }) => registration?.id ?? registration,
  },
  topics: {
    list: async (meta) => all(await meta.subscriptionList()),
    get: async (meta, id) => ({ ...(await meta.subscriptionGet(id)), peers: await meta.subscriptionListSubscribers(id) }),
    events: ['Create', 'Subscribe', 'Unsubscribe', 'Delete'].map((what) => `onSubscription${what}`),
    subject: ({ subscription }) => subscription?.id ?? subscription,
  },
};

export class Realm {
  #session;
  #changed;
  #queue = new Map();
  #running = 0;

  /** Items by kind and id, and texts that say what the router does not have. */
  items = { sessions: new Map(), procedures: new Map(), topics: new Map() };
  missing = { sessions: new Set(), procedures: new Set(), topics: new Set() };

  /** `changed(kind)` is called after each change. */
  constructor(session, changed) {
    this.#session = session;
    this.#changed = changed;
  }

  /** Watches all kinds, and looks up what there is. */
  async start() {
    await Promise.all(Object.keys(kinds).map((kind) => this.#startKind(kind)));
  }

  async #startKind(kind) {
    const { list, events, subject } = kinds[kind];
    const { meta } = this.#session;
    // Watched first, so that nothing is missed in between.
    const watch = (event) => this.#attempt(kind, event, () => meta[event]((info) => this.#look(kind, subject(info))));
    await Promise.all(events.map(watch));
    const ids = (await this.#attempt(kind, `the list of ${kind}`, () => list(meta))) ?? [];
    for (const id of ids) {
      this.#look(kind, id);
    }
    this.#changed(kind);
  }

  /** Runs a request for `what`; what the router refuses is kept to be shown. */
  async #attempt(kind, what, request) {
    try {
      return await request();
    } catch (error) {
      if (this.#session.isOpen) {
        this.missing[kind].add(`${what}: ${error.message}`);
        this.#changed(kind);
      }
      return undefined;
    }
  }

  /** Looks an item up, once more if it is being looked up. */
  #look(kind, id) {
    if (typeof id !== 'number' || (!this.items[kind].has(id) && this.items[kind].size >= MOST)) {
      return;
    }
    this.#queue.set(`${kind} ${id}`, [kind, id]);
    this.#work();
  }

  #work() {
    for (const [key, [kind, id]] of this.#queue) {
      if (this.#running >= AT_ONCE) {
        return;
      }
      this.#queue.delete(key);
      this.#running += 1;
      void this.#get(kind, id).finally(() => {
        this.#running -= 1;
        this.#work();
      });
    }
  }

  async #get(kind, id) {
    let item;
    try {
      item = await kinds[kind].get(this.#session.meta, id);
    } catch (error) {
      if (!this.#session.isOpen) {
        return;
      }
      // It is gone, which routers say in several ways.
      if (!/no_such_(session|registration|subscription)/.test(error.uri)) {
        this.missing[kind].add(`details of ${kind}: ${error.message}`);
      }
    }
    const known = this.items[kind];
    if (item === undefined || item.peers?.length === 0) {
      known.delete(id);
    } else {
      known.set(id, item);
    }
    this.#changed(kind);
  }
}

function all(lists) {
  return Object.values(lists ?? {}).flat();
}
