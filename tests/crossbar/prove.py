"""Shows that the rig itself works, with Autobahn as the client: one call on every transport and serializer, and every
user with the right and with a wrong secret.

    tests/crossbar/with ~/.cache/wampwerk/crossbar/venv/bin/python tests/crossbar/prove.py

When an interop test fails, this tells whether the router or our client is at fault.
"""

import asyncio
import base64
import hashlib
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

import txaio
from argon2.low_level import Type, hash_secret_raw

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp import auth
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import ComponentConfig


AUTOBAHNS_HASHES = auth._hash_argon2id13_secret, auth._hash_pbkdf2_secret
SPECIFIED_HASHES = (
    lambda password, salt, iterations, memory: hash_secret_raw(
        password, base64.b64decode(salt), iterations, memory, 1, 32, Type.ID, 0x13),
    lambda password, salt, iterations: hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), iterations, 32),
)


def authenticator(method, user, secret):
    """Autobahn's own. It hashes passwords in another way than the specification; some users want the latter."""
    specified = method in ("scram-argon2", "scram-pbkdf2")
    auth._hash_argon2id13_secret, auth._hash_pbkdf2_secret = SPECIFIED_HASHES if specified else AUTOBAHNS_HASHES
    method = method.split("-")[0]
    called = {"ticket": "ticket", "wampcra": "secret", "scram": "password", "cryptosign": "privkey"}[method]
    return auth.create_authenticator(method, authid=user["authid"], **{called: secret})


async def use(kind, rig, serializer, as_user=None):
    """Joins, registers, calls itself, is refused under `deny.`, leaves."""
    done = asyncio.get_running_loop().create_future()

    class Client(ApplicationSession):
        def onConnect(self):
            if as_user:
                self.join(rig["realm"], [as_user.name], as_user._args["authid"], authextra=as_user.authextra)
            else:
                super().onConnect()

        def onChallenge(self, challenge):
            answer = as_user.on_challenge(self, challenge)
            return answer.decode() if isinstance(answer, bytes) else answer

        def onWelcome(self, welcome):
            return as_user and as_user.on_welcome(self, welcome.authextra)

        def onUserError(self, failure, text):
            """Raised on purpose; the default logs it."""

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
            if not done.done():
                done.set_exception(PermissionError(f"{details.reason}: {details.message}"))
            self.disconnect()

        def onDisconnect(self):
            if not done.done():
                done.set_exception(ConnectionError("disconnected before it joined"))

    loop = asyncio.get_running_loop()
    client = Client(ComponentConfig(realm=rig["realm"]))
    tls = ssl.create_default_context(cafile=rig["ca"]) if kind in ("wss", "wss_auth", "rss") else None
    if "ws" in kind:
        url = "ws://localhost/ws" if kind == "unix_ws" else rig[kind]
        factory = WampWebSocketClientFactory(lambda: client, url=url, serializers=[serializer()])
    else:
        factory = WampRawSocketClientFactory(lambda: client, serializer=serializer())
    if kind.startswith("unix"):
        await loop.create_unix_connection(factory, rig[kind])
    else:
        to = urlsplit(rig[kind])
        await loop.create_connection(factory, to.hostname, to.port, ssl=tls)
    await asyncio.wait_for(done, 10)


async def main():
    with open(os.environ["WAMPWERK_CROSSBAR"]) as f:
        rig = json.load(f)
    failed = 0
    for kind in ("ws", "wss", "rs", "rss", "unix", "unix_ws", "universal_ws", "universal_rs"):
        for serializer in (JsonSerializer, MsgPackSerializer, CBORSerializer):
            try:
                await use(kind, rig, serializer)
                verdict = "ok"
            except Exception as e:
                verdict, failed = f"FAILED {e!r}", failed + 1
            print(f"{kind:12} {serializer.__name__:18} {verdict}")
    for kind in ("ws_auth", "wss_auth", "rs_auth"):
        for method, user in rig["users"].items():
            # A wrong key is one of another user; everything else is wrong when more is behind it.
            wrong = "00" * 32 if method == "cryptosign" else user["secret"] + "?"
            for secret, right in ((user["secret"], True), (wrong, False)):
                try:
                    await use(kind, rig, CBORSerializer, authenticator(method, user, secret))
                    verdict, joined = "ok, joined", True
                except PermissionError as e:
                    verdict, joined = f"ok, refused: {e}", False
                except Exception as e:
                    verdict, joined = f"FAILED {e!r}", None
                if joined is not right:
                    verdict, failed = verdict.replace("ok,", "FAILED,"), failed + 1
                print(f"{kind:12} {method:18} {verdict}")
        try:
            await use(kind, rig, CBORSerializer)
            verdict, failed = "FAILED, joined", failed + 1
        except PermissionError as e:
            verdict = f"ok, refused: {e}"
        print(f"{kind:12} {'anonymous':18} {verdict}")
    sys.exit(failed > 0)


asyncio.run(main())
