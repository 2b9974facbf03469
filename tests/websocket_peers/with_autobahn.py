"""Autobahn|Python as an echo peer; README.md has the options and what is printed."""

import json
import sys

from autobahn.twisted.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
    connectWS,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from twisted.internet import reactor
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO

LIMIT = 64 * 1024 * 1024
role, *url, options = sys.argv[1:]
options = json.loads(options)


def option(name, default=None):
    return options.get(name, default)


def say(**said):
    print(json.dumps(said), flush=True)


class Echo:
    def onOpen(self):
        used = [str(extension) for extension in self.websocket_extensions_in_use]
        say(open={"extensions": ", ".join(used), "protocol": self.websocket_protocol_in_use})

    def onMessage(self, payload, isBinary):
        if not isBinary and payload.startswith(b"!close "):
            _, code, reason = payload.decode().split(" ", 2)
            self.sendClose(int(code), reason or None)
        elif option("stream"):
            self.echo_in_frames(payload, isBinary)
        elif option("prepared"):
            self.sendPreparedMessage(self.factory.prepareMessage(payload, isBinary))
        else:
            self.sendMessage(payload, isBinary, fragmentSize=option("fragment"))

    def echo_in_frames(self, payload, isBinary):
        size = option("fragment", 1000)
        parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        self.beginMessage(isBinary)
        for part in parts:
            if option("deflate"):
                # With compression only whole frames can be sent: beginMessageFrame would not compress.
                self.sendMessageFrame(part)
            else:
                self.beginMessageFrame(len(part))
                for at in range(0, len(part), 100):
                    self.sendMessageFrameData(part[at : at + 100])
        self.endMessage()

    def onClose(self, wasClean, code, reason):
        say(closed={"code": code, "reason": reason or "", "clean": wasClean})


class Server(Echo, WebSocketServerProtocol):
    pass


class Client(Echo, WebSocketClientProtocol):
    pass


def accept_offer(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            bits = option("client_max_window_bits", 0)
            return PerMessageDeflateOfferAccept(
                offer,
                request_no_context_takeover=option("client_no_context_takeover", False),
                request_max_window_bits=bits if offer.accept_max_window_bits else 0,
                no_context_takeover=option("server_no_context_takeover"),
                window_bits=option("server_max_window_bits"),
            )


def accept_response(response):
    if isinstance(response, PerMessageDeflateResponse):
        # Its own choice may only be smaller than what the server wants.
        bits = option("client_max_window_bits")
        limit = response.client_max_window_bits or 15
        return PerMessageDeflateResponseAccept(
            response,
            no_context_takeover=option("client_no_context_takeover") or None,
            window_bits=min(bits, limit) if bits else None,
        )


common = {"failByDrop": False, "echoCloseCodeReason": True, "maxMessagePayloadSize": LIMIT}
# The defaults are too short for a busy machine.
common |= {"openHandshakeTimeout": 30, "closeHandshakeTimeout": 30}


class Stdin(Protocol):
    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


StandardIO(Stdin())
if role == "server":
    factory = WebSocketServerFactory("ws://127.0.0.1")
    factory.protocol = Server
    factory.setProtocolOptions(**common)
    if option("deflate"):
        factory.setProtocolOptions(perMessageCompressionAccept=accept_offer)
    say(port=reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port)
else:
    factory = WebSocketClientFactory(url[0])
    factory.protocol = Client
    factory.setProtocolOptions(**common, serverConnectionDropTimeout=30)
    if option("deflate"):
        offer = PerMessageDeflateOffer(
            request_no_context_takeover=option("server_no_context_takeover", False),
            request_max_window_bits=option("server_max_window_bits", 0),
        )
        factory.setProtocolOptions(perMessageCompressionOffers=[offer], perMessageCompressionAccept=accept_response)
    connectWS(factory)
reactor.run()
