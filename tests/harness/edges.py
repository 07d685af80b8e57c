"""The edge alone, in front of servers of the test."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.ports import free_port
from harness.processes import LOOPBACK, program
from harness.waiting import until
from orders_cli.stack.binaries import caddy

CADDYFILE = Path(__file__).parents[2] / "edge" / "Caddyfile"


@contextmanager
def edge(folder: Path, *outputs: list[str], **settings: str) -> Iterator[int]:
    """Run the edge on a free port; append its log to each of ``outputs`` when it has ended."""
    port = free_port()
    env = {
        "SITE_ADDRESS": f"http://:{port}",
        "EDGE_HOST": LOOPBACK,
        "EDGE_ROOT": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        **settings,
    }
    command = [str(caddy()), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]

    def listens() -> bool:
        assert process.running, process.output()
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, port)) == 0

    with program(command, env=env) as process:
        until(listens, 10, "the edge listens")
        yield port
        for output in outputs:
            output.append(process.output())
