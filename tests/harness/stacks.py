"""The whole system as ``orders up`` starts it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from harness.forked import be_orders, complete
from harness.ports import free_port
from harness.processes import dying_with_parent
from harness.waiting import BUSY, until
from harness.world import Role
from orders_cli.stack.binaries import postgres_binaries

ORDERS = str(Path(sys.executable).with_name("orders"))
_PORTS = ("port", "api-port", "listener-port", "gateway-port", "db-port", "redis-port")
_MOST_GATEWAYS = 2
ANY_PORTS = [f"--{name}=0" for name in _PORTS]
"""Options for a command that ends before it listens. Others need ports from ``free_port``."""
READY_WITHIN_S = 90.0
"""Longer than the limit of `orders up`, so that a failing test shows its message."""


_PROGRAMS: dict[Role, str] = {"database": "postgres", "redis": "valkey", "edge": "caddy"}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without settings of the developer."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return {**kept, "LANG": "C.UTF-8", **(extra or {})}


def orders(
    *arguments: str,
    folder: Path,
    text: str = "",
    timeout_s: float = 60.0,
    settings: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end, in a folder."""
    return complete(be_orders, arguments, folder, environment(settings), timeout_s, text)


class EmbeddedStack:
    """``orders up`` in a folder, on other ports at each start."""

    def __init__(self, folder: Path, *options: str, command: str = ORDERS) -> None:
        self.folder = folder
        self.data = folder / ".data"
        self._command = command
        self._options = options
        self._log = folder / "up.log"
        self._up: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        """Start the system; return when it is ready."""
        self.launch(**settings)
        until(self._is_ready, READY_WITHIN_S, "stack.json")

    def launch(self, **settings: str) -> "subprocess.Popen[bytes]":
        """Start the system without waiting for anything."""
        ports = [f"--{name}={free_port(followed_by=_MOST_GATEWAYS - 1)}" for name in _PORTS]
        command = [self._command, "up", *ports, *self._options]
        with self._log.open("ab") as log:
            self._up = subprocess.Popen(
                [*dying_with_parent(signal.SIGTERM), *command],
                cwd=self.folder,
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self._up

    def _is_ready(self) -> bool:
        assert self.up.poll() is None, f"ended with status {self.up.returncode}:\n{self.log()}"
        return (self.data / "stack.json").exists()

    @property
    def up(self) -> "subprocess.Popen[bytes]":
        """The process of ``orders up``."""
        assert self._up is not None
        return self._up

    def stop(self) -> None:
        """Stop the system cleanly."""
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(BUSY * 15)

    def end(self) -> None:
        """Stop the system, if it still runs."""
        if self._up is not None and self._up.poll() is None:
            self.stop()

    def state(self) -> dict[str, Any]:
        """Return the content of ``stack.json``."""
        state: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return state

    @property
    def edge(self) -> str:
        return str(self.state()["edge"])

    @property
    def gateways(self) -> list[str]:
        return list(self.state()["gateways"])

    @property
    def database(self) -> str:
        return str(self.state()["database"])

    @property
    def redis(self) -> str:
        """The address of Valkey, which asks for a user's password."""
        return str(self.state()["redis"])

    def pids(self) -> dict[str, int]:
        """Return the processes' ids by name."""
        return dict(self.state()["pids"])

    def names(self, role: Role) -> list[str]:
        program = _PROGRAMS.get(role, role)
        return [name for name in self.pids() if name.partition("-")[0] == program]

    def kill(self, name: str) -> None:
        self._replace(name, signal.SIGKILL)

    def restart(self, name: str) -> None:
        # With SIGTERM, PostgreSQL would wait for its clients.
        self._replace(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)

    def _replace(self, name: str, number: signal.Signals) -> None:
        before = self.pids()[name]
        os.kill(before, number)
        until(lambda: self.pids().get(name, before) != before, 30, f"another {name}")

    def pause(self, name: str) -> None:
        os.kill(self.pids()[name], signal.SIGSTOP)

    def unpause(self, name: str) -> None:
        os.kill(self.pids()[name], signal.SIGCONT)

    def psql(self, sql: str) -> str:
        # This is faster than `orders psql`, and is called hundreds of times.
        done = subprocess.run(
            [str(postgres_binaries() / "psql"), self.database, "-XqAt", "-vON_ERROR_STOP=1"],
            env=environment(),
            input=sql,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout).strip()

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def processes(self) -> list[psutil.Process]:
        """Return every descendant process of ``orders up``."""
        return psutil.Process(self.up.pid).children(recursive=True)


@contextmanager
def temporary_stack(**settings: str) -> Iterator[EmbeddedStack]:
    """Start the system in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="orders-") as folder:
        stack = EmbeddedStack(Path(folder))
        try:
            stack.start(**settings)
            yield stack
        finally:
            stack.end()


def until_gone(processes: list[psutil.Process], deadline_s: float) -> float:
    """Wait until processes have ended; return the seconds it took."""
    began = time.monotonic()
    _, alive = psutil.wait_procs(processes, timeout=BUSY * deadline_s)
    assert not alive, [(each.pid, each.name()) for each in alive]
    return time.monotonic() - began
