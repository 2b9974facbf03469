"""Autobahn|Python sessions on a string: the other implementation at the other end of interop tests.

    python peer.py

A command is one JSON object on a line of stdin: {"id": 1, "session": "a", "do": "call", ...}; `session` is a name of
one's own, and what else it takes is the parameters of the method `do_...` below. What comes of it is said on stdout:

    {"id": 1, "ok": ...}                                          done
    {"id": 1, "error": "uri", "args": [], "kwargs": {}}           failed
    {"id": 1, "progress": {"args": [], "kwargs": {}}}             a progressive result, before the last one
    {"session": "a", "event": "invocation", ...}                  something that happened by itself

Procedures do nothing of their own will: whoever commands answers their invocations, so that nobody has to wait for a
time to pass. Binary data is {"$bytes": "<hex>"}, and commands can have {"$int": "<digits>"}. The program ends with its
stdin.
"""

import itertools
import json
from urllib.parse import urlsplit

from autobahn.twisted.component import Component
from autobahn.twisted.rawsocket import WampRawSocketClientFactory, WampRawSocketClientProtocol
from autobahn.twisted.wamp import ApplicationSession, Session
from autobahn.twisted.websocket import WampWebSocketClientFactory, WampWebSocketClientProtocol
from autobahn.wamp import cryptobox, message, types
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import create_transport_serializer
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver

sessions = {}
numbers = itertools.count(1)


def readable(value):
    """What JSON does not have."""
    return {"$bytes": value.hex()} if isinstance(value, bytes) else {"$python": repr(value)}


def unusual(value):
    if "$bytes" in value:
        return bytes.fromhex(value["$bytes"])
    return int(value["$int"]) if "$int" in value else value


def say(**said):
    console.write(json.dumps(said, default=readable).encode() + b"\n")


def result(value):
    """As an application of Autobahn gets it: several values, or with keywords or details, or one bare value."""
    if not isinstance(value, types.CallResult):
        return {"value": value}
    details = ("callee", "callee_authid", "callee_authrole")
    return {"args": value.results, "kwargs": value.kwresults, **{key: getattr(value, key) for key in details}}


def fail(number, error):
    if isinstance(error, ApplicationError):
        say(id=number, error=error.error, args=error.args, kwargs=error.kwargs)
    else:
        say(id=number, error=type(error).__name__, args=[str(error)], kwargs={})


def described(details):
    """What a session knows of itself once it has joined."""
    own = ("session", "realm", "serializer", "authid", "authrole", "authmethod", "authprovider", "authextra")
    return {key: getattr(details, key) for key in own}


class Peer(ApplicationSession):
    def __init__(self, name, realm, authentication):
        super().__init__(types.ComponentConfig(realm=realm))
        self.name = name
        self.authenticators = {how: create_authenticator(how, **with_) for how, with_ in dict(authentication).items()}
        self.joined = Deferred()
        self.calls = {}  # by the number of the command
        self.held = {}  # invocations: what becomes their result, and where their progress goes
        self.handles = {}  # subscriptions and registrations, by id

    def happened(self, event, **what):
        say(session=self.name, event=event, **what)

    def onConnect(self):
        """As Autobahn's `Session` does it, which has authenticators; this class has not."""
        if not self.authenticators:
            return super().onConnect()
        said = {key: value for by in self.authenticators.values() for key, value in by._args.items()}
        extra = {key: value for by in self.authenticators.values() for key, value in by.authextra.items()}
        self.join(self.config.realm, [*self.authenticators], said.get("authid"), said.get("authrole"), extra)

    def onChallenge(self, challenge):
        return self.authenticators[challenge.method].on_challenge(self, challenge)

    def onWelcome(self, welcome):
        if self.authenticators:
            return self.authenticators[welcome.authmethod].on_welcome(self, welcome.authextra)

    def onJoin(self, details):
        features = {role: features.__dict__ for role, features in self._router_roles.items()}
        self.joined.callback({**described(details), "features": features})

    def onLeave(self, details):
        if self.joined.called:
            self.happened("left", reason=details.reason, message=details.message)
        else:
            self.joined.errback(ApplicationError(details.reason, details.message))
        return super().onLeave(details)

    def onUserError(self, failure, text):
        """Errors are raised here on purpose; the default logs them."""

    def do_keys(self, _, keys):
        """Seals and opens from now on: keys for beginnings of URIs, by the parameters of Autobahn's `Key`."""
        ring = cryptobox.KeyRing()
        for prefix, key in keys.items():
            ring.set_key(prefix, cryptobox.Key(**key))
        self.set_payload_codec(ring)

    # Calling ------------------------------------------------------------------------------------------------------

    def do_call(self, number, procedure, args=(), kwargs={}, progress=False, options={}):
        if progress:
            options = {**options, "on_progress": lambda *a, **k: say(id=number, progress={"args": a, "kwargs": k})}
        call = self.call(procedure, *args, **kwargs, options=types.CallOptions(**options))
        self.calls[number] = call
        return call.addCallback(result)

    def do_cancel(self, _, call, mode=None):
        """Without a mode as applications can do it: that gives the call up at once."""
        call = self.calls[call]
        if mode is None:
            call.cancel()
        else:
            request = next(request for request, pending in self._call_reqs.items() if pending.on_reply is call)
            self._transport.send(message.Cancel(request, mode=mode))

    # Being called -------------------------------------------------------------------------------------------------

    def do_register(self, _, procedure, options={}, answer=None):
        """Without an answer ("echo", or the values of the result) the invocation is held for the next three."""

        def endpoint(*args, details, **kwargs):
            if answer == "echo":
                return types.CallResult(*args, **kwargs)
            if answer is not None:
                return types.CallResult(*answer)
            number = next(numbers)
            held = Deferred(lambda _: self.happened("interrupted", invocation=number))
            self.held[number] = (held, details.progress)
            self.happened(
                "invocation", invocation=number, args=args, kwargs=kwargs, procedure=details.procedure,
                progress=details.progress is not None, caller=details.caller, caller_authid=details.caller_authid,
                caller_authrole=details.caller_authrole, registration=details.registration.id)
            return held

        return self.register(endpoint, procedure, types.RegisterOptions(**options, details=True)).addCallback(self.keep)

    def do_progress(self, _, invocation, args=(), kwargs={}):
        self.held[invocation][1](*args, **kwargs)

    def do_return(self, _, invocation, args=(), kwargs={}):
        self.held.pop(invocation)[0].callback(types.CallResult(*args, **kwargs))

    def do_raise(self, _, invocation, error=None, args=(), kwargs={}):
        error = ApplicationError(error, *args, **kwargs) if error else RuntimeError(*args)
        self.held.pop(invocation)[0].errback(error)

    def do_unregister(self, _, registration):
        return self.handles.pop(registration).unregister()

    # Publish and subscribe ----------------------------------------------------------------------------------------

    def do_subscribe(self, _, topic, options={}):
        def handler(*args, details, **kwargs):
            self.happened(
                "event", subscription=details.subscription.id, publication=details.publication, topic=details.topic,
                args=args, kwargs=kwargs, retained=details.retained, publisher=details.publisher,
                publisher_authid=details.publisher_authid, publisher_authrole=details.publisher_authrole)

        return self.subscribe(handler, topic, types.SubscribeOptions(**options, details=True)).addCallback(self.keep)

    def do_unsubscribe(self, _, subscription):
        return self.handles.pop(subscription).unsubscribe()

    def do_publish(self, _, topic, args=(), kwargs={}, options={}):
        published = self.publish(topic, *args, **kwargs, options=types.PublishOptions(**options))
        return published and published.addCallback(lambda publication: publication.id)

    # The end ------------------------------------------------------------------------------------------------------

    def do_leave(self, _, reason=None, message=None):
        self.leave(reason, message)

    def do_vanish(self, _):
        """The connection breaks, as far as the router can see."""
        self._transport.transport.abortConnection()

    def keep(self, handle):
        self.handles[handle.id] = handle
        return handle.id


class WebSocketProtocol(WampWebSocketClientProtocol):
    def onClose(self, clean, code, reason):
        session = self._session
        super().onClose(clean, code, reason)
        closed(self.factory.peer, session, clean, code, reason)


class RawSocketProtocol(WampRawSocketClientProtocol):
    def connectionLost(self, reason):
        session = self._session
        super().connectionLost(reason)
        closed(self.factory.peer, session, reason.check(ConnectionDone) is not None, None, str(reason.value))


def closed(peer, session, clean, code, reason):
    """Without a session the connection ended before there was a transport."""
    if session is None:
        peer.joined.errback(ConnectionError(reason))
    else:
        peer.happened("closed", clean=clean, code=code, reason=reason)


def join(name, url, realm, serializer, authentication={}, ca=None):
    """A URL may have a unix socket as its host: ws://unix:/path:/ws, rs://unix:/path. `ca` is for TLS, as PEM."""
    session = sessions[name] = Peer(name, realm, authentication)
    serializer = create_transport_serializer(serializer)
    scheme, place = url.split("://", 1)
    unix, _, path = place.removeprefix("unix:").partition(":") if place.startswith("unix:") else (None, None, None)
    if scheme.startswith("ws"):
        where = f"ws://localhost{path or '/'}" if unix else url
        factory = WampWebSocketClientFactory(lambda: session, where, serializers=[serializer])
        factory.protocol = WebSocketProtocol
        # A machine that is busy is no failure: the defaults are 1 to 5 seconds.
        factory.setProtocolOptions(openHandshakeTimeout=30, closeHandshakeTimeout=30, serverConnectionDropTimeout=30)
    else:
        factory = WampRawSocketClientFactory(lambda: session, serializer)
        factory.protocol = RawSocketProtocol
    factory.peer = session
    if unix:
        endpoint = UNIXClientEndpoint(reactor, unix)
    else:
        to = urlsplit(url)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1" if to.hostname == "localhost" else to.hostname, to.port)
        if scheme in ("wss", "rss"):
            trusted = trustRootFromCertificates([Certificate.loadPEM(ca)])
            endpoint = wrapClientTLS(optionsForClientTLS(to.hostname, trusted), endpoint)

    def connected(protocol):
        # Autobahn does not on RawSocket, and tries in vain on WebSocket: then a small message behind a small one waits.
        if not unix:
            protocol.transport.setTcpNoDelay(True)
        return session.joined

    return endpoint.connect(factory).addCallback(connected)


class Steady:
    """Autobahn's `Component`. Its sessions are new ones, its handlers are declared once."""

    def __init__(self, name, url, realm, serializer, procedure, topic, authentication={}):
        self.name = name
        transport = {
            "type": "websocket", "url": url, "serializers": [serializer],
            "initial_retry_delay": 0.05, "retry_delay_growth": 1.0, "retry_delay_jitter": 0.0,
        }
        self.component = Component(transports=transport, realm=realm, authentication=authentication,
                                   session_factory=Session)
        self.component.register(procedure)(lambda *args: args)
        self.component.subscribe(topic)(lambda *args: self.happened("event", args=args))
        self.component.on("join", self.joined)
        self.component.on("ready", lambda session: self.happened("ready"))
        self.component.on("leave", lambda session, details: self.happened("left", reason=details.reason))
        self.component.on("connectfailure", lambda component, error: self.happened("failed", error=str(error)))

    def happened(self, event, **what):
        say(session=self.name, event=event, **what)

    def joined(self, session, details):
        self.happened("joined", details=described(details))

    def do_start(self, _):
        """Replied to when the component is done."""
        return self.component.start(reactor)

    def do_stop(self, _):
        self.component.stop()

    def do_vanish(self, _):
        self.component.stop()


def steady(name, **how):
    sessions[name] = Steady(name, **how)


class Commands(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 28

    def lineReceived(self, line):
        command = json.loads(line, object_hook=unusual)
        number, name, what = command.pop("id"), command.pop("session"), command.pop("do")
        if what in ("join", "steady"):
            done = maybeDeferred({"join": join, "steady": steady}[what], name, **command)
        else:
            done = maybeDeferred(getattr(sessions[name], "do_" + what), number, **command)
        done.addCallbacks(lambda ok: say(id=number, ok=ok), lambda failure: fail(number, failure.value))

    def connectionLost(self, reason):
        reactor.stop()


console = StandardIO(Commands())
reactor.run()
