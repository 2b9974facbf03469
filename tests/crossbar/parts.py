"""The parts that a Crossbar node is configured of: ports, roles, endpoints, transports."""

import socket

SERIALIZERS = ["json", "msgpack", "cbor"]
MAX_MESSAGE_SIZE = 16 * 1024 * 1024
ACTIONS = ("call", "register", "publish", "subscribe")
ANONYMOUS = {"anonymous": {"type": "static", "role": "anonymous"}}


def free_ports(count):
    """Ports that were free just now. All are held until the last is known, so that none comes twice."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def rule(uri, allowed):
    return {
        "uri": uri,
        "match": "prefix",
        "allow": dict.fromkeys(ACTIONS, allowed),
        # tests read caller and publisher ids; without this Crossbar gives none
        "disclose": {"caller": True, "publisher": True},
        "cache": True,
    }


def role(name):
    return {"name": name, "permissions": [rule("", True), rule("deny.", False)]}


def tcp(port, tls=False):
    files = {"certificate": "server.crt", "key": "server.key"}
    return {"type": "tcp", "interface": "127.0.0.1", "port": port, **({"tls": files} if tls else {})}


def websocket(auth):
    options = {"max_message_size": MAX_MESSAGE_SIZE, "max_frame_size": MAX_MESSAGE_SIZE, "enable_webstatus": False}
    return {"type": "websocket", "serializers": SERIALIZERS, "auth": auth, "options": options}


def rawsocket(auth):
    options = {"max_message_size": MAX_MESSAGE_SIZE}
    return {"type": "rawsocket", "serializers": SERIALIZERS, "auth": auth, "options": options}
