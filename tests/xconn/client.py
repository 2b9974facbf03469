"""xconn as a client of the router at URL (first argument) with a serializer (second): calls, errors and events between
two sessions of it, and with the session of the test. Prints one line for each check, and ends with 1 at the first that fails.
"""

import asyncio
import sys

from xconn import AsyncClient, CBORSerializer, JSONSerializer, MsgPackSerializer
from xconn.exception import ApplicationError
from xconn.types import Result

SERIALIZERS = {"json": JSONSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
PAYLOAD = ["é", [1.5, None, -3, 2**53], {"k": True}]


async def fails(call, uri):
    """Awaits a call that has to fail with the URI, and returns the arguments of the error."""
    try:
        await call
    except ApplicationError as error:
        assert error.message == uri, error.message
        return list(error.args)
    raise AssertionError(f"no {uri}")


def equal(given, expected):
    assert given == expected, f"{given!r}, not {expected!r}"


async def calls(callee, caller):
    async def add(invocation):
        a, b = invocation.args
        return Result([a + b], {"given": invocation.kwargs or None})

    registration = await callee.register("com.example.add", add)
    result = await caller.call("com.example.add", [2, 3], {"unit": "m"})
    equal((result.args, result.kwargs), ([5], {"given": {"unit": "m"}}))

    async def nothing(_invocation):
        return None

    await callee.register("com.example.nothing", nothing)
    equal((await caller.call("com.example.nothing")).args or [], [])

    # Procedures of the other side, which also calls one of this side.
    equal((await caller.call("com.example.ours.echo", [PAYLOAD])).args, [PAYLOAD])

    async def echo(invocation):
        return Result(invocation.args, invocation.kwargs)

    await callee.register("com.example.theirs.echo", echo)
    equal((await caller.call("com.example.ours.ask_back", [PAYLOAD])).args, [PAYLOAD])

    equal((await caller.call("com.example.ours.count", [3])).args, [3])
    return registration


async def errors(callee, caller):
    async def fail(_invocation):
        raise ApplicationError("com.example.error.wrong", 7)

    await callee.register("com.example.fail", fail)
    equal(await fails(caller.call("com.example.fail"), "com.example.error.wrong"), [7])
    equal(await fails(caller.call("com.example.ours.fail"), "com.example.error.wrong"), [8])
    await fails(caller.call("com.example.missing"), "wamp.error.no_such_procedure")
    await fails(callee.register("com.example.fail", fail), "wamp.error.procedure_already_exists")


async def events(subscriber, publisher):
    received = asyncio.Queue()

    async def on_event(event):
        await received.put((event.args or [], event.kwargs or {}))

    acknowledged = {"acknowledge": True}
    subscription = await subscriber.subscribe("com.example.topic", on_event)
    await publisher.publish("com.example.topic", PAYLOAD, {"k": True}, acknowledged)
    equal(await received.get(), (PAYLOAD, {"k": True}))
    await publisher.publish("com.example.topic")
    equal(await received.get(), ([], {}))

    # The other side answers an event with an event.
    await subscriber.subscribe("com.example.pong", on_event)
    await publisher.publish("com.example.ping", [PAYLOAD], options=acknowledged)
    equal(await received.get(), ([PAYLOAD], {}))

    # What comes after the unsubscribing would come before the answer.
    await subscription.unsubscribe()
    await publisher.publish("com.example.topic", ["late"], options=acknowledged)
    await publisher.publish("com.example.ping", ["last"], options=acknowledged)
    equal(await received.get(), (["last"], {}))


async def main(url, name):
    client = AsyncClient(serializer=SERIALIZERS[name]())
    callee, caller = await client.connect(url, "realm1"), await client.connect(url, "realm1")
    registration = await calls(callee, caller)
    print("calls")
    await errors(callee, caller)
    print("errors")
    await events(callee, caller)
    print("events")
    await registration.unregister()
    await fails(caller.call("com.example.add", [1, 2]), "wamp.error.no_such_procedure")
    await callee.leave()
    await caller.leave()
    print("done")


asyncio.run(main(*sys.argv[1:]))
