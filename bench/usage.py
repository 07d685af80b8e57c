"""CPU time of processes in nanoseconds, as the kernel's scheduler counts it."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Usage:
    """Seconds on a core, and seconds of waiting for a core."""

    cpu_s: float
    waited_s: float
    at_s: float

    def since(self, before: "Usage") -> "Usage":
        """Return the usage after ``before``; ``at_s`` is then the elapsed time."""
        return Usage(
            self.cpu_s - before.cpu_s, self.waited_s - before.waited_s, self.at_s - before.at_s
        )


def usage(*pids: int) -> Usage:
    """Return the usage of all threads of these processes."""
    cpu_ns = waited_ns = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has just ended
                on_core, waiting, _ = (task / "schedstat").read_text().split()
                cpu_ns += int(on_core)
                waited_ns += int(waiting)
    return Usage(cpu_ns / 1e9, waited_ns / 1e9, time.monotonic())


def family(pid: int) -> list[int]:
    """Return a process and all its descendants: a PostgreSQL server and its sessions."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def meter(*pids: int) -> Callable[[], Usage]:
    """Return a function that returns the usage since now."""
    before = usage(*pids)
    return lambda: usage(*pids).since(before)


def pin(core: int, pids: Iterable[int]) -> None:
    """Pin processes to one core."""
    available = sorted(os.sched_getaffinity(0))
    for pid in pids:
        os.sched_setaffinity(pid, {available[core % len(available)]})


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Pin everything that is started in the block to one core."""
    before = os.sched_getaffinity(0)
    pin(core, [0])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
