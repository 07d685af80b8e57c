"""Services that start at once: forked from a process that has already imported them.

Importing takes a service most of a second of a core, and the tests start hundreds. What runs is the
same module in a process of its own, with no environment but its settings.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from processes import Process

_PR_SET_PDEATHSIG = 1
_SERVICES = ("orders_api", "orders_listener", "orders_gateway")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", *(f"{name}.app" for name in _SERVICES)])


def forked(module: str, env: Mapping[str, str]) -> Process:
    """Start one of the project's services as ``processes.service`` does, but faster."""
    output = tempfile.NamedTemporaryFile()  # noqa: SIM115  lives as long as the process
    return Process(_Forked(module, env, output.name), output)


class _Forked:
    """What a ``Process`` needs to know of a process, for a child of the fork server."""

    def __init__(self, module: str, env: Mapping[str, str], output: str) -> None:
        # A daemon: ended with us.
        self._process = _context.Process(target=_run, args=(module, dict(env), output), daemon=True)
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


def _run(module: str, env: dict[str, str], output: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    with open(output, "ab", buffering=0) as file:  # noqa: PTH123  a descriptor is wanted
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    path = os.environ["PATH"]
    os.environ.clear()
    os.environ.update({"PATH": path, **env})
    os.chdir("/")
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
