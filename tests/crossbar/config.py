"""Writes a Crossbar node (configuration and TLS certificate) and rig.json, which says where it will listen.

    python config.py DIR        with the Python beside Crossbar, which brings argon2 and nacl

Loopback only, and every port is one that the system gave out as free: several rigs can run on one machine.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys

from argon2.low_level import Type, hash_secret_raw
from nacl.signing import SigningKey

from parts import ANONYMOUS, free_ports, rawsocket, role, tcp, websocket

# Who may log in, and by what: what the tests know.
USERS = {
    "ticket": {"authid": "tina", "secret": "open sesame"},
    "wampcra": {"authid": "wanda", "secret": "a shared secret"},
    "wampcra-salted": {"authid": "walter", "secret": "another one", "salt": "pepper", "iterations": 1000, "keylen": 32},
    # As Autobahn derives it, by its own parameters.
    "scram-autobahn": {"authid": "sam", "secret": "p\u00e4ssword", "iterations": 4096, "memory": 512},
    # As the specification says.
    "scram-argon2": {"authid": "sue", "secret": "p\u00e4ssword", "iterations": 3, "memory": 4096},
    "scram-pbkdf2": {"authid": "sid", "secret": "p\u00e4ssword", "iterations": 4096},
    "cryptosign": {"authid": "carl", "secret": hashlib.sha256(b"the key of carl").hexdigest()},
}


def self_signed(certificate, key):
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         # CA:FALSE, or rustls refuses the certificate as a server's (CaUsedAsEndEntity)
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)


def sha256_hmac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def scram(method):
    """What Crossbar keeps of a password."""
    user = USERS[method]
    password, salt = user["secret"].encode(), hashlib.sha256(user["authid"].encode()).digest()[:16]
    iterations, memory = user["iterations"], user.get("memory", 0)
    if memory:
        salted = hash_secret_raw(password, salt, iterations, memory, 1, 32, Type.ID, 0x13)
    else:
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations, 32)
    if method == "scram-autobahn":  # goes on with the text of the hash, not with the hash
        salted = base64.b64encode(salted).rstrip(b"=")
    return {
        "role": "authed",
        "kdf": "argon2id-13" if memory else "pbkdf2",
        "iterations": iterations,
        "memory": memory,
        "salt": salt.hex(),
        "stored-key": hashlib.sha256(sha256_hmac(salted, b"Client Key")).hexdigest(),
        "server-key": sha256_hmac(salted, b"Server Key").hex(),
    }


def methods():
    """Every method that Crossbar has for programs; nobody is anonymous."""
    ticket, plain, salted = USERS["ticket"], USERS["wampcra"], USERS["wampcra-salted"]
    key = SigningKey(bytes.fromhex(USERS["cryptosign"]["secret"])).verify_key.encode().hex()
    return {
        "ticket": {"type": "static", "principals": {ticket["authid"]: {"ticket": ticket["secret"], "role": "authed"}}},
        "wampcra": {"type": "static", "users": {
            plain["authid"]: {"secret": plain["secret"], "role": "authed"},
            # The secret itself, not the key derived from it: Crossbar 26 derives that by itself.
            salted["authid"]: {**{k: v for k, v in salted.items() if k != "authid"}, "role": "authed"},
        }},
        "scram": {"type": "static", "principals": {
            USERS[method]["authid"]: scram(method) for method in USERS if method.startswith("scram-")}},
        "cryptosign": {"type": "static", "principals": {
            USERS["cryptosign"]["authid"]: {"authorized_keys": [key], "role": "authed"}}},
    }


def universal():
    """One port: WebSocket at the path /ws, and RawSocket. Here the parts have no place of their own."""
    raw = rawsocket(ANONYMOUS)
    del raw["type"]
    return {"type": "universal", "rawsocket": raw, "websocket": {"ws": websocket(ANONYMOUS)}}


def node(ports, sockets, realm):
    def at(endpoint, transport):
        return {"endpoint": endpoint, **transport}

    return {
        "version": 2,
        "workers": [{
            "type": "router",
            "realms": [{
                "name": realm,
                "roles": [role("anonymous"), role("authed")],
                # the only topics with a history
                "store": {"type": "memory", "event-history": [{"uri": "com.example.history", "match": "exact", "limit": 100}]},
            }],
            "transports": [
                at(tcp(ports["ws"]), websocket(ANONYMOUS)),
                at(tcp(ports["wss"], tls=True), websocket(ANONYMOUS)),
                at(tcp(ports["rs"]), rawsocket(ANONYMOUS)),
                at(tcp(ports["rss"], tls=True), rawsocket(ANONYMOUS)),
                at(tcp(ports["universal"]), universal()),
                at({"type": "unix", "path": sockets["unix"]}, rawsocket(ANONYMOUS)),
                at({"type": "unix", "path": sockets["unix_ws"]}, websocket(ANONYMOUS)),
                at(tcp(ports["ws_auth"]), websocket(methods())),
                at(tcp(ports["wss_auth"], tls=True), websocket(methods())),
                at(tcp(ports["rs_auth"]), rawsocket(methods())),
            ],
        }],
    }


def main():
    home = pathlib.Path(sys.argv[1]).resolve()
    sockets = {"unix": str(home / "rs.sock"), "unix_ws": str(home / "ws.sock")}
    for path in sockets.values():
        if len(path) > 107:
            sys.exit(f"config.py: {path} is too long for a unix socket (107 bytes); set CROSSBAR_HOME to a shorter folder")
    cbdir = home / ".crossbar"
    cbdir.mkdir(parents=True, exist_ok=True)
    self_signed(cbdir / "server.crt", cbdir / "server.key")

    realm = "realm1"
    names = ("ws", "wss", "rs", "rss", "universal", "ws_auth", "wss_auth", "rs_auth")
    ports = dict(zip(names, free_ports(len(names))))
    (cbdir / "config.json").write_text(json.dumps(node(ports, sockets, realm), indent=1))
    (home / "rig.json").write_text(json.dumps({
        "ws": f"ws://127.0.0.1:{ports['ws']}/ws",
        "wss": f"wss://localhost:{ports['wss']}/ws",
        "rs": f"rs://127.0.0.1:{ports['rs']}",
        "rss": f"rss://localhost:{ports['rss']}",
        "universal_ws": f"ws://127.0.0.1:{ports['universal']}/ws",
        "universal_rs": f"rs://127.0.0.1:{ports['universal']}",
        **sockets,
        "ws_auth": f"ws://127.0.0.1:{ports['ws_auth']}/ws",
        "wss_auth": f"wss://localhost:{ports['wss_auth']}/ws",
        "rs_auth": f"rs://127.0.0.1:{ports['rs_auth']}",
        "ca": str(cbdir / "server.crt"),
        "realm": realm,
        "users": USERS,
    }, indent=1) + "\n")


main()
