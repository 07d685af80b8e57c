"""The whole system as a user starts it, behind an interface that other worlds can have too."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil

from waiting import until

ORDERS = str(Path(sys.executable).with_name("orders"))
ANY_PORTS = [
    f"--{name}=0"
    for name in ("port", "api-port", "listener-port", "gateway-port", "db-port", "redis-port")
]
READY_WITHIN_S = 90.0
"""More than `orders up` allows itself, so that its own message is what a failing test shows."""


class Stack(Protocol):
    """A running system: where it is, and what can be done to it."""

    @property
    def edge(self) -> str:
        """The address of the edge, ``http://host:port``."""

    @property
    def gateways(self) -> list[str]:
        """The addresses of the gateways themselves."""

    @property
    def database(self) -> str:
        """A psycopg URL."""

    @property
    def redis(self) -> str:
        """A Redis URL."""

    def names(self) -> list[str]:
        """Return the names of the processes."""

    def kill(self, name: str) -> None:
        """End a process without a warning; return when it runs again, as another."""

    def psql(self, sql: str) -> str:
        """Run SQL and return what psql printed, unaligned and without headers."""

    def start(self) -> None:
        """Start; return when ready."""

    def stop(self) -> None:
        """Stop cleanly."""

    def log(self) -> str:
        """Return everything the system has said."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without anyone's settings."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return {**kept, "LANG": "C.UTF-8", **(extra or {})}


def orders(
    *arguments: str, folder: Path, text: str | None = None, timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end, in a folder."""
    return subprocess.run(
        [ORDERS, *arguments],
        cwd=folder,
        env=environment(),
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class EmbeddedStack:
    """``orders up`` on free ports in a folder."""

    def __init__(self, folder: Path, *options: str, command: str = ORDERS) -> None:
        self.folder = folder
        self.data = folder / ".data"
        self._command = [command, "up", *ANY_PORTS, *options]
        self._log = folder / "up.log"
        self._up: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; return when ready."""
        self.launch()
        until(self._is_ready, READY_WITHIN_S, "stack.json")

    def launch(self, **settings: str) -> "subprocess.Popen[bytes]":
        """Start without waiting for anything."""
        with self._log.open("ab") as log:
            self._up = subprocess.Popen(
                self._command,
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
        """Stop cleanly."""
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(15)

    def end(self) -> None:
        """Make sure that nothing is left, whatever happened."""
        if self._up is not None and self._up.poll() is None:
            self.stop()

    def state(self) -> dict[str, Any]:
        """Return what ``stack.json`` says."""
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
        return str(self.state()["redis"])

    def pids(self) -> dict[str, int]:
        """Return the processes' ids by name."""
        return dict(self.state()["pids"])

    def names(self) -> list[str]:
        return list(self.pids())

    def kill(self, name: str) -> None:
        before = self.pids()[name]
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pids().get(name, before) != before, 30, f"another {name}")

    def psql(self, sql: str) -> str:
        done = orders("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", folder=self.folder, text=sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def processes(self) -> list[psutil.Process]:
        """Return every process that ``orders up`` has started, and theirs."""
        return psutil.Process(self.up.pid).children(recursive=True)


def until_gone(processes: list[psutil.Process], deadline_s: float) -> float:
    """Wait until processes have ended; return the seconds it took."""
    began = time.monotonic()
    _, alive = psutil.wait_procs(processes, timeout=deadline_s)
    assert not alive, [(each.pid, each.name()) for each in alive]
    return time.monotonic() - began
