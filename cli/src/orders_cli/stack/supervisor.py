"""Start, keep running and stop the programs of ``orders up``."""

import asyncio
import time
from collections.abc import Callable, Iterable

from orders_cli.errors import BadSettingsError, NotReadyError
from orders_cli.stack.child import Child
from orders_cli.stack.console import StackConsole
from orders_cli.stack.program import Program


class Supervisor:
    """Keeps the programs running. ``pids_changed`` is called whenever a process starts."""

    def __init__(
        self, tasks: asyncio.TaskGroup, console: StackConsole, pids_changed: Callable[[], None]
    ) -> None:
        self._tasks = tasks
        self._console = console
        self._pids_changed = pids_changed
        self._children: dict[str, Child] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def pids(self) -> dict[str, int]:
        """Return the ids of the running processes by name."""
        pids = ((name, child.pid) for name, child in self._children.items())
        return {name: pid for name, pid in pids if pid is not None}

    def names(self) -> list[str]:
        """Return the names of all programs."""
        return list(self._children)

    async def start(self, programs: Iterable[Program], deadline: float) -> None:
        """Start programs in parallel; wait until all are ready, or until ``deadline`` (monotonic).

        Raises:
            NotReadyError: a program is not ready in time; the error names the one that ended most.
            BadSettingsError: a program rejects its settings.

        """
        started = [Child(program, self._console, self._pids_changed) for program in programs]
        for child in started:
            name = child.program.name
            self._children[name] = child
            self._keepers[name] = self._tasks.create_task(child.keep_running(), name=f"keep {name}")
        try:
            async with asyncio.timeout(deadline - time.monotonic()), asyncio.TaskGroup() as group:
                for child in started:
                    group.create_task(_settled(child))
        except TimeoutError:
            raise _not_ready(started) from None
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def stop(self, names: Iterable[str], deadline: float) -> None:
        """Stop programs in parallel, by force after ``deadline`` (monotonic); see ``Child``."""
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._children[name].stop(self._keepers[name], deadline))

    def kill(self) -> None:
        """Send the kill signal to all processes, and do not wait for them to end."""
        for child in self._children.values():
            child.kill()


async def _settled(child: Child) -> None:
    await child.settled.wait()
    if not child.was_ready:
        message = f"{child.program.name} rejects its settings"
        raise BadSettingsError(message, tuple(child.last_lines))


def _not_ready(children: Iterable[Child]) -> NotReadyError:
    """Return the error for the program that ended most often, for which the others may wait."""
    # All programs may have become ready since the deadline; one is chosen all the same.
    child = max(children, key=lambda each: (not each.was_ready, each.ends))
    message = f"{child.program.name} is not ready in time"
    if child.ends:
        message += f": it ended {child.ends} times"
    if child.ends and child.last_lines:
        message += f", with: {child.last_lines[-1]}"
    return NotReadyError(message, tuple(child.last_lines))
