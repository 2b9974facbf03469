"""Writes the configuration of two Crossbar nodes that are linked on loopback, and cluster.json with their addresses.

    python config.py DIR        with the Python beside Crossbar, which brings nacl

Node a opens the link to node b, and logs in there with its key (cryptosign). The link forwards both ways. Every port is
one that the system gave out as free.
"""

import json
import pathlib
import sys

from nacl.signing import SigningKey

# config.py of the single router has what its nodes are made of.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import parts  # noqa: E402

REALM = "realm1"
LINK = "rlink"


def write_key(cbdir):
    """Writes the key of a node, as Crossbar would on its first start, and returns its public half in hex."""
    key = SigningKey.generate()
    public = key.verify_key.encode().hex()
    tags = {
        "creator": "wampwerk",
        "created-at": "2026-01-01T00:00:00.000Z",
        "machine-id": "loopback",
        "public-key-ed25519": public,
        "private-key-ed25519": key.encode().hex(),
    }
    path = cbdir / "key.priv"
    path.touch(mode=0o600)
    path.write_text("Key of a node of a test.\n\n" + "".join(f"{tag}: {value}\n" for tag, value in tags.items()))
    return public


def link(port):
    """The setting of the realm that links it to the node at `port`."""
    return {
        "id": "to-b",
        "realm": REALM,
        "transport": {
            "type": "websocket",
            "endpoint": {"type": "tcp", "host": "127.0.0.1", "port": port},
            "url": f"ws://127.0.0.1:{port}/ws",
        },
        "forward_local_events": True,
        "forward_remote_events": True,
        "forward_local_invocations": True,
        "forward_remote_invocations": True,
    }


def node(port, link_port, links, key):
    """`link_port`: of the transport for links, which only `key` may use; None for a node that nobody links to."""
    transports = [{"endpoint": parts.tcp(port), **parts.websocket(parts.ANONYMOUS)}]
    if link_port:
        principals = {"a": {"authorized_keys": [key], "role": LINK}}
        auth = {"cryptosign": {"type": "static", "principals": principals}}
        transports.append({"endpoint": parts.tcp(link_port), **parts.websocket(auth)})
    roles = [parts.role("anonymous"), parts.role(LINK)]
    realm = {"name": REALM, "roles": roles, **({"rlinks": links} if links else {})}
    return {"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": transports}]}


def main():
    home = pathlib.Path(sys.argv[1]).resolve()
    a, b, at_b = parts.free_ports(3)
    folders = {name: home / name / ".crossbar" for name in "ab"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    key = write_key(folders["a"])
    write_key(folders["b"])
    nodes = {"a": node(a, None, [link(at_b)], None), "b": node(b, at_b, [], key)}
    for name, folder in folders.items():
        (folder / "config.json").write_text(json.dumps(nodes[name], indent=1))
        port = {"a": a, "b": b}[name]
        (home / name / "rig.json").write_text(json.dumps({"ws": f"ws://127.0.0.1:{port}/ws"}) + "\n")
    urls = {name: f"ws://127.0.0.1:{port}/ws" for name, port in (("a", a), ("b", b))}
    (home / "cluster.json").write_text(json.dumps({**urls, "realm": REALM}, indent=1) + "\n")


main()
