"""Start programs for tests. Each ends with its block, or when this process is killed."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from harness.waiting import BUSY

LOOPBACK = "127.0.0.1"
NOBODY = 65534


def coverage_settings() -> dict[str, str]:
    """Return the variables with which ``make coverage`` measures a process; usually none."""
    return {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_PROCESS")}


class Started(Protocol):
    """The part of ``subprocess.Popen`` that ``Process`` needs."""

    @property
    def pid(self) -> int:
        """The process id."""

    def poll(self) -> int | None:
        """Return the exit status; None while the process runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status or raise ``subprocess.TimeoutExpired``."""

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""


class Output(Protocol):
    """A file that a process writes to."""

    def fileno(self) -> int:
        """Return the file's descriptor."""

    def close(self) -> None:
        """Close the file."""


class Process:
    """A started program with its output in a file."""

    def __init__(
        self, popen: Started, output: Output, last_signal: signal.Signals = signal.SIGTERM
    ) -> None:
        """Wrap a process; ``last_signal`` is the signal that ends it."""
        self.popen = popen
        self._output = output
        self._last_signal = last_signal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
        self._output.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.popen.pid

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self.popen.poll() is None

    def output(self) -> str:
        """Return everything that the process has printed so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.running:
            self.popen.send_signal(number)

    def stop(self, within_s: float = 10.0) -> int:
        """End the process and return its exit status; kill it and fail if it takes longer."""
        self.signal(self._last_signal)
        self.signal(signal.SIGCONT)  # a stopped process handles no other signal
        try:
            return self.popen.wait(BUSY * within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"still running after {BUSY} x {within_s} s:\n{self.output()}"
            ) from None

    def kill(self) -> None:
        """Kill the process."""
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def wait(self, within_s: float = 10.0) -> int:
        """Wait until the process ends by itself; return its exit status."""
        return self.popen.wait(BUSY * within_s)


def program(
    command: list[str],
    *,
    env: Mapping[str, str] | None = None,
    as_nobody: bool = False,
    last_signal: signal.Signals = signal.SIGTERM,
) -> Process:
    """Start a program with only PATH and ``env`` in its environment."""
    output = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
    identity: dict[str, Any] = {}
    if as_nobody and os.geteuid() == 0:
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    popen = subprocess.Popen(
        [*dying_with_parent(last_signal), *command],
        env={"PATH": os.environ["PATH"], **coverage_settings(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        **identity,
    )
    return Process(popen, output, last_signal)


def service(module: str, env: Mapping[str, str]) -> Process:
    """Start a service, ``python -m module``, with only ``env`` as settings."""
    return program([sys.executable, "-m", module], env={"PYTHONUNBUFFERED": "1", **env})


def dying_with_parent(number: signal.Signals) -> list[str]:
    """Return a command prefix that ends a program with this process; [] if not available."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--"] if setpriv else []


def package_folder(package: str) -> Path:
    """Return the folder of an installed package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def memory_folder() -> str | None:
    """Return a folder in memory if there is room. A database is then created in 40, not 300 ms."""
    folder = Path("/dev/shm")
    roomy = folder.is_dir() and shutil.disk_usage(folder).free > 4 * 1024**3
    return str(folder) if roomy else None
