"""One child process: started through the launcher, heard line by line, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from orders_cli.stack.plan import Identity, Program

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LONGEST_LINE = 4096
_LAST_LINES = 20


def launched(
    command: tuple[str, ...], identity: Identity | None, death_signal: int = signal.SIGKILL
) -> tuple[str, ...]:
    """Return the command line that becomes ``command``, as whom it must be, bound to our life."""
    who, capability = "-", "-"
    if identity is not None:
        who = f"{identity.uid}:{identity.gid}"
        capability = "-" if identity.capability is None else str(identity.capability)
    arguments = (str(os.getpid()), str(int(death_signal)), who, capability)
    return (sys.executable, "-I", "-S", str(_LAUNCHER), *arguments, *command)


class Child:
    """The process that runs a program now. ``hear`` is called with each line it says."""

    def __init__(self, program: Program, hear: Callable[[str], None]) -> None:
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._hear = hear
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def start(self) -> None:
        """Start it in a session of its own: a Ctrl-C in the terminal is ours to handle."""
        program = self.program
        self._process = await asyncio.create_subprocess_exec(
            *launched(program.command, program.identity, program.kill_signal),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=dict(program.environment),
            start_new_session=True,
        )
        self._listening = asyncio.create_task(self._listen(self._process))

    async def ended(self) -> int:
        """Wait until it has ended; return its exit status, negative if a signal ended it."""
        if self._process is None or self._listening is None:
            raise RuntimeError("not started")
        status = await self._process.wait()
        # Usually the rest of what it said; a grandchild may hold the pipe open for longer.
        await asyncio.wait({self._listening}, timeout=0.5)
        self._listening.cancel()
        return status

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _listen(self, process: Process) -> None:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        async for line in _lines(process.stdout):
            self.last_lines.append(line)
            self._hear(line)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield lines without their ends; cut what goes on and on without one."""
    rest = b""
    while chunk := await stream.read(65_536):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _printable(line)
        if len(rest) > _LONGEST_LINE:
            yield _printable(rest)
            rest = b""
    if rest:
        yield _printable(rest)


def _printable(line: bytes) -> str:
    return line[:_LONGEST_LINE].decode(errors="replace").rstrip()
