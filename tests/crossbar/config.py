"""Writes a Crossbar node (configuration and TLS certificate) and rig.json, which says where it will listen.

    python config.py DIR

Loopback only, and every port is one that the system gave out as free: several rigs can run on one machine.
"""

import json
import pathlib
import socket
import subprocess
import sys

SERIALIZERS = ["json", "msgpack", "cbor"]
MAX_MESSAGE_SIZE = 16 * 1024 * 1024
ACTIONS = ("call", "register", "publish", "subscribe")


def free_ports(count):
    """Ports that were free just now. All are held until the last is known, so that none comes twice."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def self_signed(certificate, key):
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         # CA:FALSE, or rustls refuses the certificate as a server's (CaUsedAsEndEntity)
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)


def rule(uri, allowed):
    return {
        "uri": uri,
        "match": "prefix",
        "allow": dict.fromkeys(ACTIONS, allowed),
        # tests read caller and publisher ids; without this Crossbar gives none
        "disclose": {"caller": True, "publisher": True},
        "cache": True,
    }


def listener(kind, endpoint, options):
    return {
        "type": kind,
        "endpoint": endpoint,
        "serializers": SERIALIZERS,
        "auth": {"anonymous": {"type": "static", "role": "anonymous"}},
        "options": {"max_message_size": MAX_MESSAGE_SIZE, **options},
    }


def node(ws, wss, rs, unix, realm):
    def tcp(port, **rest):
        return {"type": "tcp", "interface": "127.0.0.1", "port": port, **rest}

    tls = {"tls": {"certificate": "server.crt", "key": "server.key"}}

    def websocket(endpoint):
        return listener("websocket", endpoint, {"max_frame_size": MAX_MESSAGE_SIZE, "enable_webstatus": False})

    def rawsocket(endpoint):
        return listener("rawsocket", endpoint, {})

    return {
        "version": 2,
        "workers": [{
            "type": "router",
            "realms": [{
                "name": realm,
                "roles": [{"name": "anonymous", "permissions": [rule("", True), rule("deny.", False)]}],
                # the only topics with a history
                "store": {"type": "memory", "event-history": [{"uri": "com.example.history", "match": "exact", "limit": 100}]},
            }],
            "transports": [
                websocket(tcp(ws)),
                websocket(tcp(wss, **tls)),
                rawsocket(tcp(rs)),
                rawsocket({"type": "unix", "path": unix}),
            ],
        }],
    }


def main():
    home = pathlib.Path(sys.argv[1]).resolve()
    unix = str(home / "rs.sock")
    if len(unix) > 107:
        sys.exit(f"config.py: {unix} is too long for a unix socket (107 bytes); set CROSSBAR_HOME to a shorter folder")
    cbdir = home / ".crossbar"
    cbdir.mkdir(parents=True, exist_ok=True)
    self_signed(cbdir / "server.crt", cbdir / "server.key")

    realm = "realm1"
    ws, wss, rs = free_ports(3)
    (cbdir / "config.json").write_text(json.dumps(node(ws, wss, rs, unix, realm), indent=1))
    (home / "rig.json").write_text(json.dumps({
        "ws": f"ws://127.0.0.1:{ws}/ws",
        "wss": f"wss://localhost:{wss}/ws",
        "rs": f"rs://127.0.0.1:{rs}",
        "unix": unix,
        "ca": str(cbdir / "server.crt"),
        "realm": realm,
    }, indent=1) + "\n")


main()
