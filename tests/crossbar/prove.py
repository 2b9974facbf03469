"""Shows that the rig itself works, with Autobahn as the client: one call on every transport and serializer.

    tests/crossbar/with ~/.cache/wampwerk/crossbar/venv/bin/python tests/crossbar/prove.py

When an interop test fails, this tells whether the router or our client is at fault.
"""

import asyncio
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

import txaio

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import ComponentConfig


async def use(kind, rig, serializer):
    """Joins, registers, calls itself, is refused under `deny.`, leaves."""
    done = asyncio.get_running_loop().create_future()

    class Client(ApplicationSession):
        async def onJoin(self, details):
            try:
                await self.register(lambda x: x, "rig.echo")
                sent = "ü" * 1000
                assert await self.call("rig.echo", sent) == sent
                try:
                    await self.call("deny.echo")
                    raise AssertionError("deny.echo was allowed")
                except ApplicationError as e:
                    assert e.error == "wamp.error.not_authorized", e
                done.set_result(None)
            except BaseException as e:
                done.set_exception(e)
            self.leave()

        def onLeave(self, details):
            self.disconnect()

        def onDisconnect(self):
            if not done.done():
                done.set_exception(ConnectionError("disconnected before it joined"))

    loop = asyncio.get_running_loop()
    client = Client(ComponentConfig(realm=rig["realm"]))
    if kind in ("ws", "wss"):
        factory = WampWebSocketClientFactory(lambda: client, url=rig[kind], serializers=[serializer()])
        tls = ssl.create_default_context(cafile=rig["ca"]) if kind == "wss" else None
        await loop.create_connection(factory, factory.host, factory.port, ssl=tls)
    else:
        factory = WampRawSocketClientFactory(lambda: client, serializer=serializer())
        if kind == "unix":
            await loop.create_unix_connection(factory, rig["unix"])
        else:
            await loop.create_connection(factory, "127.0.0.1", urlsplit(rig["rs"]).port)
    await asyncio.wait_for(done, 10)


async def main():
    with open(os.environ["WAMPWERK_CROSSBAR"]) as f:
        rig = json.load(f)
    failed = 0
    for kind in ("ws", "wss", "rs", "unix"):
        for serializer in (JsonSerializer, MsgPackSerializer, CBORSerializer):
            try:
                await use(kind, rig, serializer)
                verdict = "ok"
            except Exception as e:
                verdict, failed = f"FAILED {e!r}", failed + 1
            print(f"{kind:5} {serializer.__name__:18} {verdict}")
    sys.exit(failed > 0)


asyncio.run(main())
