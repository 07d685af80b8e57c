"""The interface of another server, and functions to start, feed and follow it."""

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from bench.feed import Feed, Outlet
from bench.load.control import Crowd
from bench.usage import family, on_core
from harness.processes import LOOPBACK, Process, program
from harness.waiting import until


class UnavailableError(Exception):
    """The server is not installed, or does not start here."""


@dataclass(frozen=True)
class Server:
    """A running server: its version, where to publish, and the port for clients."""

    process: Process
    version: str
    outlet: Outlet
    port: int


class Rival(Protocol):
    """The interface of each module of this package that starts a server."""

    NAME: str
    DIALECT: str

    def serve(self) -> AbstractContextManager[Server]:
        """Start the server on free ports; raise ``UnavailableError`` if not installed."""


@dataclass(frozen=True)
class Running:
    """A running server with its feed and its clients."""

    name: str
    feed: Feed
    crowd: Crowd
    pids: list[int]


@contextmanager
def running(rival: Rival, clients: int) -> Iterator[Running]:
    """Start a server on one core and its clients on the other."""
    with ExitStack() as open_:
        server = open_.enter_context(rival.serve())
        feed = open_.enter_context(Feed(server.outlet))
        crowd = open_.enter_context(Crowd(core=1))
        crowd.connect([server.port], clients, dialect=rival.DIALECT)
        yield Running(f"{rival.NAME} {server.version}", feed, crowd, family(server.process.pid))


@contextmanager
def listening(
    command: list[str], *ports: int, env: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Start a program on the first core; wait until it listens."""
    with on_core(0):
        process = program(command, env=env)

    def ready() -> bool:
        if not process.running:
            raise UnavailableError(process.output())
        return all(map(_listens, ports))

    with process:
        until(ready, 15, f"{command[0]} listens")
        yield process


def said(*command: str) -> str:
    """Return the output of a program."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
