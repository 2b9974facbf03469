"""`websockets` as an echo peer; README.md has the options and what is printed."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

LIMIT = 64 * 1024 * 1024
role, *url, options = sys.argv[1:]
options = json.loads(options)


def option(name, default=None):
    return options.get(name, default)


def say(**said):
    print(json.dumps(said), flush=True)


async def echo(socket):
    used = ", ".join(extension.name for extension in socket.protocol.extensions)
    say(open={"extensions": used, "protocol": socket.subprotocol})
    size = option("fragment")
    try:
        async for message in socket:
            if isinstance(message, str) and message.startswith("!close "):
                _, code, reason = message.split(" ", 2)
                await socket.close(int(code), reason)
            elif size and message:
                await socket.send([message[at : at + size] for at in range(0, len(message), size)])
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass  # told below
    await socket.wait_closed()
    clean = socket.close_code not in (None, 1006)
    say(closed={"code": socket.close_code, "reason": socket.close_reason or "", "clean": clean})


async def main():
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    keys = ("server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits")
    parameters = {key: options[key] for key in keys if key in options}
    common = {"compression": None, "max_size": LIMIT}
    if role == "server":
        bits = option("client_max_window_bits")
        extensions = [ServerPerMessageDeflateFactory(client_max_window_bits=bits, **parameters)]
        if option("deflate"):
            common["extensions"] = extensions
        async with serve(echo, "127.0.0.1", 0, **common) as server:
            say(port=server.sockets[0].getsockname()[1])
            await ended
    else:
        bits = option("client_max_window_bits", True)
        if option("deflate"):
            common["extensions"] = [ClientPerMessageDeflateFactory(client_max_window_bits=bits, **parameters)]
        async with connect(url[0], **common) as socket:
            echoing = asyncio.ensure_future(echo(socket))
            await asyncio.wait([ended, echoing], return_when=asyncio.FIRST_COMPLETED)
            await echoing
            await ended


asyncio.run(main())
