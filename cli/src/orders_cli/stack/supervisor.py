"""Keeps children running: brings them up, restarts those that die, ends them in order."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from signal import Signals

from orders_cli.errors import NotReadyError, RefusedSettingError
from orders_cli.stack.plan import Program
from orders_cli.stack.process import Child
from orders_cli.stack.readiness import until_ready
from orders_cli.stack.report import Report
from orders_contract.backoff import Backoff

_HEALTHY_AFTER_S = 30.0
_KILL_PATIENCE_S = 1.0


@dataclass
class _Kept:
    """A child and the task that keeps it running."""

    child: Child
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.2, ceiling_s=10.0))
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0
    was_ready: bool = False
    refused: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Programs that are kept running until told otherwise. ``pids_changed`` hears of each start."""

    def __init__(
        self, tasks: asyncio.TaskGroup, report: Report, pids_changed: Callable[[], None]
    ) -> None:
        self._tasks = tasks
        self._report = report
        self._pids_changed = pids_changed
        self._kept: dict[str, _Kept] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def pids(self) -> dict[str, int]:
        """Return the ids of the processes that live now, by name."""
        living = ((name, kept.child.pid) for name, kept in self._kept.items())
        return {name: pid for name, pid in living if pid is not None}

    def names(self) -> list[str]:
        """Return the names of all programs."""
        return list(self._kept)

    async def bring_up(self, programs: Iterable[Program], deadline: float) -> None:
        """Start programs at once and wait until each is ready, or ``deadline`` (monotonic).

        Raises:
            NotReadyError: one is not.
            RefusedSettingError: one refuses its settings.

        """
        names = [self._keep(program) for program in programs]
        try:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self._wait_ready(name, deadline))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def take_down(self, names: Iterable[str], deadline: float) -> None:
        """End programs at once: politely until ``deadline`` (monotonic), then by force."""
        async with asyncio.TaskGroup() as group:
            for name in names:
                if name in self._kept:
                    group.create_task(self._stop(name, deadline))

    def kill(self) -> None:
        """End everything at once, by force."""
        for kept in self._kept.values():
            kept.stopping.set()
            kept.child.send(kept.child.program.kill_signal)

    def _keep(self, program: Program) -> str:
        name = program.name
        kept = _Kept(Child(program, lambda line: self._report.child(name, line)))
        self._kept[name] = kept
        self._keepers[name] = self._tasks.create_task(self._keep_running(kept), name=f"keep {name}")
        return name

    async def _keep_running(self, kept: _Kept) -> None:
        name = kept.child.program.name
        while not kept.stopping.is_set():
            lived_s, end = await self._run_once(kept)
            if kept.stopping.is_set() or kept.refused.is_set():
                return
            if lived_s > _HEALTHY_AFTER_S:
                kept.backoff.reset()
            delay_s = kept.backoff.next_delay_s()
            self._report.alarm(f"{name} {end}; starting it again in {delay_s:.1f} s")
            await _either(kept.stopping, delay_s)

    async def _run_once(self, kept: _Kept) -> tuple[float, str]:
        """Run a child until it ends; return for how long it was ready and how it ended."""
        child = kept.child
        try:
            await child.start()
        except OSError as exc:
            return 0.0, f"cannot be started ({exc})"
        kept.starts += 1
        self._pids_changed()
        if kept.stopping.is_set():  # told so while it was being started
            child.send(child.program.kill_signal)
        watch = self._tasks.create_task(self._note_ready(kept))
        status = await child.ended()
        watch.cancel()
        kept.ready.clear()
        if status == child.program.refuses_with and not kept.was_ready:
            kept.refused.set()
        ready_since = watch.result() if watch.done() and not watch.cancelled() else time.monotonic()
        return time.monotonic() - ready_since, _how_it_ended(status)

    async def _note_ready(self, kept: _Kept) -> float:
        await until_ready(kept.child.program.probe)
        kept.ready.set()
        kept.was_ready = True
        if kept.starts > 1:
            self._report.note(f"{kept.child.program.name} is back")
        return time.monotonic()

    async def _wait_ready(self, name: str, deadline: float) -> None:
        kept = self._kept[name]
        ready = asyncio.create_task(kept.ready.wait())
        refused = asyncio.create_task(kept.refused.wait())
        try:
            await asyncio.wait(
                {ready, refused},
                timeout=deadline - time.monotonic(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            ready.cancel()
            refused.cancel()
        if kept.refused.is_set():
            message = f"{name} refuses its settings"
            raise RefusedSettingError(message, tuple(kept.child.last_lines))
        if not kept.ready.is_set():
            raise NotReadyError(f"{name} is not ready in time", tuple(kept.child.last_lines))

    async def _stop(self, name: str, deadline: float) -> None:
        kept, keeper = self._kept[name], self._keepers[name]
        kept.stopping.set()
        program = kept.child.program
        for number, until in (
            (program.stop_signal, deadline),
            (program.kill_signal, max(deadline, time.monotonic()) + _KILL_PATIENCE_S),
            (Signals.SIGKILL, None),
        ):
            kept.child.send(number)
            timeout_s = None if until is None else max(0.0, until - time.monotonic())
            await asyncio.wait({keeper}, timeout=timeout_s)
            if keeper.done() and kept.child.pid is None:
                return
            self._report.alarm(f"{name} does not end: forcing it")


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but not for longer than that."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {Signals(-status).name}"
    return f"ended with status {status}"
