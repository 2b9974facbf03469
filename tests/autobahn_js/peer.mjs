// Autobahn|JS sessions on a string, as tests/autobahn_python/peer.py has them of Autobahn|Python: the same commands on stdin and
// the same lines on stdout, which are told there. A method `do_...` below is a command.
//
//     node peer.mjs
//
// What Autobahn|JS does not have is not here: RawSocket knows JSON only and no TLS, callees cannot be interrupted.

import autobahn from 'autobahn'
import { Console } from 'node:console'
import net from 'node:net'
import readline from 'node:readline'
import WebSocket from 'ws'

// Stdout is for what is said to the commander; Autobahn warns of every end of a connection.
globalThis.console = new Console(process.stderr)

// Autobahn opens the connection at once when it is told to, and keeps it to itself. These two note it, to be able to cut
// it. They also give TLS an authority, which Node takes only when it starts, and Node 20 a WebSocket.
let authority
let connected
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { ca: authority })
    connected = this
  }
}
const { connect } = net
net.connect = options => (connected = connect(options))

const sessions = new Map()
let numbers = 0

function say(said) {
  process.stdout.write(JSON.stringify(said, readable) + '\n')
}

// Binary values are {"$bytes": "<hex>"} in JSON. A Buffer has made an object of itself before it comes here.
function readable(key, value) {
  const was = this[key]
  return was instanceof Uint8Array ? { $bytes: Buffer.from(was).toString('hex') } : value
}

function unusual(_, value) {
  if (value === null || typeof value !== 'object') return value
  if ('$bytes' in value) return Buffer.from(value.$bytes, 'hex')
  return '$int' in value ? BigInt(value.$int) : value
}

// As an application gets it: several values, or with keywords, or one bare value.
function result(value) {
  return value instanceof autobahn.Result ? { args: value.args, kwargs: value.kwargs } : { value }
}

function parts(value) {
  const { args = [value], kwargs = {} } = result(value)
  return { args, kwargs }
}

function failed(id, error) {
  if (error instanceof autobahn.Error) say({ id, error: error.error, args: error.args, kwargs: error.kwargs })
  else say({ id, error: error?.name ?? 'thrown', args: [String(error?.message ?? error)], kwargs: {} })
}

// What leads to a URL. Autobahn|JS knows no URLs of RawSocket, `ws` has its own for unix sockets.
function transport(url, serializer) {
  const unix = /^(ws|rs):\/\/unix:([^:]+)(?::(.+))?$/.exec(url)
  if (url.startsWith('rs:')) {
    const { hostname: host, port } = unix ? {} : new URL(url)
    return { type: 'rawsocket', ...(unix ? { path: unix[2] } : { host, port: Number(port) }) }
  }
  const names = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' }
  const serializers = [new autobahn.serializer[names[serializer]]()]
  return { type: 'websocket', url: unix ? `ws+unix:${unix[2]}:${unix[3] ?? '/'}` : url, serializers }
}

// What proves who one is; Autobahn|JS has the methods, but not who answers a challenge.
function answer(authentication, method, extra) {
  const { ticket, secret } = authentication[method]
  if (method === 'ticket') return ticket
  const { salt, iterations, keylen, challenge } = extra
  const key = salt ? autobahn.auth_cra.derive_key(secret, salt, iterations, keylen) : secret
  return autobahn.auth_cra.sign(key, challenge)
}

class Peer {
  constructor(name, { url, realm, serializer, authentication = {}, ca }) {
    this.name = name
    this.held = new Map() // invocations: what becomes their result, and where their progress goes
    this.calls = new Map() // by the number of the command
    this.handles = new Map() // subscriptions and registrations, by id
    const methods = Object.keys(authentication)
    const users = methods.length && {
      authmethods: methods,
      authid: authentication[methods[0]].authid,
      onchallenge: (_, method, extra) => answer(authentication, method, extra),
    }
    this.joined = new Promise((resolve, reject) => {
      this.connection = new autobahn.Connection({
        transports: [transport(url, serializer)], realm, max_retries: 0, ...users,
        // Raised here on purpose; the default prints it.
        on_user_error: () => {},
      })
      this.connection.onopen = (session, details) => {
        this.session = session
        resolve({ session: session.id, realm: session.realm ?? realm, serializer, ...details })
      }
      this.connection.onclose = (reason, details) => this.closed(reason, details, reject)
      authority = ca
      this.connection.open()
    })
    this.socket = connected
    // The code that Autobahn does not tell; it listens already, but through a property. It sends none itself, and some
    // routers answer with 1000, others with none: that is 1005.
    this.socket.prependListener('close', code => (this.code = code === 1005 ? 1000 : code))
  }

  closed(reason, details, reject) {
    if (this.session) {
      if (details.reason) this.happened('left', { reason: details.reason, message: details.message })
      const code = typeof this.code === 'number' ? this.code : null
      this.happened('closed', { clean: reason === 'closed', code, reason: details.reason })
    } else {
      reject(new autobahn.Error(details.reason ?? reason, [details.message]))
    }
    return true // No other attempt.
  }

  happened(event, what) {
    say({ session: this.name, event, ...what })
  }

  // Calling

  async do_call(id, { procedure, args, kwargs, progress = false, options = {} }) {
    const call = this.session.call(procedure, args, kwargs, { ...options, receive_progress: progress })
    this.calls.set(id, call)
    // The third one is of `when`, the promises that Autobahn takes where it finds them: others know no progress.
    return await call.then(result, undefined, part => say({ id, progress: parts(part) }))
  }

  do_cancel(_, { call, mode }) {
    this.calls.get(call).cancel(mode && { mode })
  }

  // Being called

  // Without an answer ("echo", or the values of the result) the invocation is held for the next three.
  async do_register(_, { procedure, options, answer }) {
    const endpoint = (args, kwargs, details) => {
      if (answer === 'echo') return new autobahn.Result(args, kwargs)
      if (answer !== undefined) return new autobahn.Result(answer)
      const invocation = ++numbers
      return new Promise((resolve, reject) => {
        this.held.set(invocation, { resolve, reject, progress: details.progress })
        const { procedure, caller, caller_authid, caller_authrole } = details
        this.happened('invocation', {
          invocation, args, kwargs, procedure, caller, caller_authid, caller_authrole, progress: details.progress !== null,
        })
      })
    }
    return this.keep(await this.session.register(procedure, endpoint, options))
  }

  do_progress(_, { invocation, args, kwargs }) {
    this.held.get(invocation).progress(args, kwargs)
  }

  do_return(_, { invocation, args, kwargs }) {
    // Nothing at all where nothing is given, as a function without `return`.
    this.take(invocation).resolve(args || kwargs ? new autobahn.Result(args, kwargs) : undefined)
  }

  do_raise(_, { invocation, error, args = [], kwargs }) {
    this.take(invocation).reject(error ? new autobahn.Error(error, args, kwargs) : new Error(...args))
  }

  async do_unregister(_, { registration }) {
    await this.handles.get(registration).unregister()
  }

  // Publish and subscribe

  async do_subscribe(_, { topic, options }) {
    const handler = (args, kwargs, details, subscription) =>
      this.happened('event', { subscription: subscription.id, args, kwargs, ...details })
    return this.keep(await this.session.subscribe(topic, handler, options))
  }

  async do_unsubscribe(_, { subscription }) {
    await this.handles.get(subscription).unsubscribe()
  }

  async do_publish(_, { topic, args, kwargs, options }) {
    return (await this.session.publish(topic, args, kwargs, options))?.id
  }

  // The end

  do_leave(_, { reason, message }) {
    this.connection.close(reason, message)
  }

  // The connection breaks, as far as the router can see.
  do_vanish() {
    if (this.socket instanceof WebSocket) this.socket.terminate()
    else this.socket.destroy()
  }

  keep(handle) {
    this.handles.set(handle.id, handle)
    return handle.id
  }

  take(invocation) {
    const held = this.held.get(invocation)
    this.held.delete(invocation)
    return held
  }
}

async function command({ id, session, do: what, ...rest }) {
  try {
    if (what === 'join') {
      const peer = new Peer(session, rest)
      sessions.set(session, peer)
      say({ id, ok: await peer.joined })
    } else {
      say({ id, ok: (await sessions.get(session)[`do_${what}`](id, rest)) ?? null })
    }
  } catch (error) {
    failed(id, error)
  }
}

const lines = readline.createInterface({ input: process.stdin })
lines.on('line', line => void command(JSON.parse(line, unusual)))
lines.on('close', () => process.exit())
