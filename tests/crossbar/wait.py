"""Returns 0 once every listener of DIR/rig.json accepts, 1 if process PID ends first or SECONDS go by.

    python wait.py DIR PID SECONDS
"""

import json
import os
import pathlib
import socket
import sys
import time
from urllib.parse import urlsplit


def accepts(family, address):
    with socket.socket(family) as s:
        s.settimeout(2)
        try:
            s.connect(address)
        except OSError:
            return False
    return True


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    home, pid, seconds = pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    rig = json.loads((home / "rig.json").read_text())
    waiting = {}
    for name, value in rig.items():
        if name in ("unix", "unix_ws"):
            waiting[value] = (socket.AF_UNIX, value)
        elif isinstance(value, str) and "://" in value:
            waiting[value] = (socket.AF_INET, ("127.0.0.1", urlsplit(value).port))

    deadline = time.monotonic() + seconds
    while waiting:
        waiting = {name: at for name, at in waiting.items() if not accepts(*at)}
        if waiting and (time.monotonic() > deadline or not alive(pid)):
            sys.exit("crossbar does not listen on " + ", ".join(waiting))
        if waiting:
            time.sleep(0.1)


main()
