"""The supervisor, with small programs written for the tests."""

import asyncio
import io
import os
import re
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from signal import SIGKILL, Signals

import psutil
import pytest
from rich.console import Console

from harness.ports import free_port
from harness.waiting import until_async
from orders_cli.errors import BadSettingsError, NotReadyError
from orders_cli.stack.console import StackConsole
from orders_cli.stack.program import Program
from orders_cli.stack.supervisor import Supervisor

pytestmark = pytest.mark.anyio

SERVER = """
    import http.server, signal, sys
    if "--deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("hello from the server", flush=True)
    port = int(sys.argv[1])
    http.server.ThreadingHTTPServer(
        ("127.0.0.1", port), http.server.SimpleHTTPRequestHandler
    ).serve_forever()
"""
ENDS = "import sys; print('I say why', flush=True); sys.exit(int(sys.argv[2]))"


class Supervised:
    """A supervisor and its output."""

    def __init__(self, supervisor: Supervisor, output: io.StringIO) -> None:
        self.supervisor = supervisor
        self._output = output

    def said(self) -> str:
        return self._output.getvalue()

    async def says(self, text: str, programs: list[Program]) -> None:
        """Start programs that never become ready, until the output has a text."""

        async def is_said() -> bool:
            return text in self.said()

        starting = asyncio.create_task(self.supervisor.start(programs, soon()))
        await until_async(is_said)
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting


@asynccontextmanager
async def supervised() -> AsyncIterator[Supervised]:
    """Supervise for the length of a block; no process is left after it."""
    output = io.StringIO()
    console = StackConsole(Console(file=output, width=200))
    async with asyncio.TaskGroup() as tasks:
        supervisor = Supervisor(tasks, console, lambda: None)
        try:
            yield Supervised(supervisor, output)
        finally:
            await supervisor.stop(supervisor.names(), time.monotonic() + 5)
            assert supervisor.pids() == {}


def program(code: str, *arguments: str, name: str = "server") -> Program:
    port = free_port()
    return Program(
        name=name,
        command=(sys.executable, "-c", textwrap.dedent(code), str(port), *arguments),
        environment={"PATH": os.environ["PATH"]},
        ready_url=f"http://127.0.0.1:{port}/",
        bad_settings_status=2,
    )


def soon() -> float:
    return time.monotonic() + 60


async def test_output_carries_the_name() -> None:
    """A program's output is prefixed by its name."""
    async with supervised() as it:
        await it.supervisor.start([program(SERVER)], soon())
        assert "   server | hello from the server" in it.said()


async def test_never_ready() -> None:
    """A program that keeps ending is restarted until the deadline; the error names it alone."""
    waiting = program("import time; time.sleep(600)", name="edge")  # it goes on until it is ended
    ends = program(ENDS, "1")
    deadline_s = 1.0
    while True:  # a start may take any time on a busy machine
        async with supervised() as it:
            with pytest.raises(NotReadyError) as caught:
                await it.supervisor.start([waiting, ends], time.monotonic() + deadline_s)
            if it.said().count("ended with status 1; restarting it") >= 2:
                break
        assert deadline_s < 60
        deadline_s *= 2
    assert re.search(r"server is .*: it ended \d+ times, with: I say why", str(caught.value))
    assert "I say why" in caught.value.last_lines


async def test_refused_settings() -> None:
    """A program that rejects its settings is not restarted: that would not help."""
    async with supervised() as it:
        with pytest.raises(BadSettingsError) as caught:
            await it.supervisor.start([program(ENDS, "2")], soon())
        assert caught.value.last_lines == ("I say why",)
        assert "restarting" not in it.said()


async def test_program_that_does_not_exist() -> None:
    """A program that does not exist is reported like one that ends."""
    missing = Program("ghost", ("/nowhere/ghost",), {}, "http://127.0.0.1:1/")
    async with supervised() as it:
        await it.says("ghost ended with status 1", [missing])


async def test_restart() -> None:
    """A killed program is restarted as another process."""
    async with supervised() as it:
        await it.supervisor.start([program(SERVER)], soon())
        pid = it.supervisor.pids()["server"]
        os.kill(pid, SIGKILL)

        async def is_back() -> bool:
            return "server is back" in it.said()

        await until_async(is_back)
        assert it.supervisor.pids()["server"] != pid


async def test_program_that_ignores_sigterm_is_killed() -> None:
    """A program that ignores SIGTERM is killed at the deadline."""
    async with supervised() as it:
        await it.supervisor.start([program(SERVER, "--deaf")], soon())
        process = psutil.Process(it.supervisor.pids()["server"])
        began = time.monotonic()
        await it.supervisor.stop(["server"], began + 0.5)
        assert time.monotonic() - began >= 0.5
        assert not process.is_running()
        assert "server does not end; forcing it" in it.said()


async def test_kill_at_once() -> None:
    """``kill`` ends all programs at once and restarts none of them."""
    async with supervised() as it:
        programs = [program(SERVER, "--deaf", name=name) for name in ("one", "two")]
        await it.supervisor.start(programs, soon())
        it.supervisor.kill()
        began = time.monotonic()
        await it.supervisor.stop(["one", "two"], began + 5)
        assert time.monotonic() - began < 5, "did not wait for the deadline"
        assert "restarting" not in it.said()


async def test_death_signal_is_armed() -> None:
    """The kernel signals a program when its parent dies."""
    code = """
        import ctypes
        armed = ctypes.c_int()
        ctypes.CDLL(None).prctl(2, ctypes.byref(armed), 0, 0, 0)
        print("armed with", armed.value, flush=True)
    """
    async with supervised() as it:
        await it.says(f"armed with {Signals.SIGKILL.value}", [program(code)])
