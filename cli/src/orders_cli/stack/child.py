"""Keep one program running: start it, note when it is ready, restart it when it ends, stop it."""

import asyncio
import contextlib
import os
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable
from signal import Signals

from orders_cli.stack.console import StackConsole
from orders_cli.stack.privileges import launch_command
from orders_cli.stack.program import Program
from orders_cli.stack.readiness import wait_until_ready
from orders_contract.backoff import Backoff

_HEALTHY_AFTER_S = 30.0
_KILL_TIMEOUT_S = 1.0
_MAX_LINE = 4096
_LAST_LINES = 20


class Child:
    """A program and its current process. ``on_start`` is called for each new process."""

    def __init__(
        self, program: Program, console: StackConsole, on_start: Callable[[], None]
    ) -> None:
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.settled = asyncio.Event()
        """Set once the program was ready for the first time, or has rejected its settings."""
        self.was_ready = False
        self.ends = 0
        self._console = console
        self._on_start = on_start
        self._stopping = asyncio.Event()
        self._process: Process | None = None
        self._ready_since: float | None = None
        self._starts = 0

    @property
    def pid(self) -> int | None:
        """The process id, None while no process runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def keep_running(self) -> None:
        """Run the program, and restart it when it ends, until ``stop`` or it rejects its settings.

        To reject its settings, it ends with ``bad_settings_status`` before it was ever ready.
        """
        backoff = Backoff(first_s=0.2, ceiling_s=10.0)
        while not self._stopping.is_set():
            status = 0
            try:
                status = await self._run_once()
                end = f"ended with status {status}"
                if status < 0:
                    end = f"was ended by {Signals(-status).name}"
            except OSError as exc:
                end = f"cannot be started ({exc})"
            if self._stopping.is_set():
                return
            self.ends += 1
            if status == self.program.bad_settings_status and not self.was_ready:
                self.settled.set()
                return
            if self._ready_since and time.monotonic() - self._ready_since > _HEALTHY_AFTER_S:
                backoff.reset()
            delay_s = backoff.next_delay_s()
            self._console.warn(f"{self.program.name} {end}; restarting it in {delay_s:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)

    async def stop(self, keeper: asyncio.Task[None], deadline: float) -> None:
        """End the process: by its stop signal, after ``deadline`` (monotonic) by its kill signal.

        If that does not end it within a second, SIGKILL does.
        """
        self._stopping.set()
        kill_deadline = max(deadline, time.monotonic()) + _KILL_TIMEOUT_S
        for number, until in (
            (self.program.stop_signal, deadline),
            (self.program.kill_signal, kill_deadline),
            (Signals.SIGKILL, None),
        ):
            self._send(number)
            timeout_s = None if until is None else max(0.0, until - time.monotonic())
            await asyncio.wait({keeper}, timeout=timeout_s)
            if keeper.done():
                return
            self._console.warn(f"{self.program.name} does not end; forcing it")

    def kill(self) -> None:
        """Send the kill signal, and do not wait for the process to end."""
        self._stopping.set()
        self._send(self.program.kill_signal)

    def _send(self, number: Signals) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _run_once(self) -> int:
        """Run a process until it ends; return its exit status, negative if a signal ended it."""
        self._ready_since = None
        # A new session, so that Ctrl-C in the terminal reaches only `orders up`.
        program = self.program
        self._process = process = await asyncio.create_subprocess_exec(
            *launch_command(program.command, program.user_options, program.kill_signal),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=program.environment,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101  for the type checker
        self._starts += 1
        self._on_start()
        if self._stopping.is_set():  # stop() was called while the process was starting
            self._send(program.kill_signal)
        probe = asyncio.create_task(self._note_ready())
        output = asyncio.create_task(self._read_output(process.stdout))
        status = await process.wait()
        probe.cancel()
        # A grandchild may hold the pipe open after the process has ended.
        await asyncio.wait({output}, timeout=0.5)
        output.cancel()
        return status

    async def _note_ready(self) -> None:
        await wait_until_ready(self.program.ready_url)
        self._ready_since = time.monotonic()
        self.was_ready = True
        self.settled.set()
        if self._starts > 1:
            self._console.info(f"{self.program.name} is back")

    async def _read_output(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = (await output.readline()).decode(errors="replace")
            except ValueError:  # the line is longer than the reader's buffer
                continue
            if not line:
                return
            self.last_lines.append(line[:_MAX_LINE].rstrip())
            self._console.child(self.program.name, self.last_lines[-1])
