"""Services and commands that start fast: forked from a process that has imported them.

Importing takes most of a second of CPU time, and the tests start hundreds of processes. A forked
process runs the same code, with only its settings in the environment.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.processes import Process, coverage_settings
from orders_cli.__main__ import main
from orders_cli.app import COMMANDS

_PR_SET_PDEATHSIG = 1
_WRITTEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_STANDARD = (os.O_RDONLY, _WRITTEN, _WRITTEN)
_SERVICES = ("orders_api", "orders_listener", "orders_gateway")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "__main__",
        *(f"{name}.app" for name in _SERVICES),
        *(f"orders_cli.{place.partition(':')[0]}" for place in COMMANDS.values()),
        # The first request would import this, a third of the time in which a gateway starts.
        "httpcore",
        "anyio._backends._asyncio",
    ]
)


def forked(module: str, env: Mapping[str, str]) -> Process:
    """Start a service as ``processes.service`` does, but faster."""
    output = tempfile.NamedTemporaryFile()  # noqa: SIM115  lives as long as the process
    files = [Path(os.devnull), Path(output.name), Path(output.name)]
    return Process(_Forked(_run, (be_service, (module,), Path("/"), dict(env), files)), output)


def complete(  # noqa: PLR0917  the parts of a process
    code: Callable[..., None],
    arguments: tuple[str, ...],
    folder: Path,
    env: Mapping[str, str],
    timeout_s: float,
    text: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run ``be_orders`` or ``be_service`` to its end, with a text as its standard input.

    Raises:
        subprocess.TimeoutExpired: it took too long, and was killed.

    """
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("stdin", "stdout", "stderr")]
        files[0].write_text(text)
        process = _Forked(_run, (code, arguments, folder, dict(env), files))
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise
        output, errors = (file.read_text() for file in files[1:])
        return subprocess.CompletedProcess(arguments, status, output, errors)


class _Forked:
    """Implements ``Started`` for a child of the fork server."""

    def __init__(self, target: Callable[..., None], args: tuple[object, ...]) -> None:
        # A daemon, so that it ends with this process.
        self._process = _context.Process(target=target, args=args, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (status := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _run(
    code: Callable[..., None],
    arguments: tuple[str, ...],
    folder: Path,
    env: dict[str, str],
    files: list[Path],
) -> None:
    """Set up standard streams, environment and folder, then run the code."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number, file in enumerate(files):
        descriptor = os.open(file, _STANDARD[number], 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    inherited = {"PATH": os.environ["PATH"], **coverage_settings()}
    os.environ.clear()
    os.environ.update({**inherited, **env})
    os.chdir(folder)
    code(*arguments)


def be_service(module: str) -> None:
    """Run as ``python -m module``."""
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def be_orders(*arguments: str) -> None:
    """Run as the command ``orders``."""
    sys.argv = ["orders", *arguments]
    sys.exit(main())
