"""Start a crowd of clients as a process, send it commands and read its counts."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from bench.bench import ROOT
from bench.compiler import required
from bench.load.receiver import SOURCE
from harness.waiting import until

SATURATED = 0.9
"""Above this share of a core, the generator itself may be the bottleneck."""


@dataclass(frozen=True)
class State:
    """The counts of a crowd since its mark; times are monotonic."""

    clients: int
    greeted: int
    greeted_at: float
    agreed: int
    frames: int
    events: int
    bytes: int
    gaps: int
    resets: int
    lost: int
    refused: int
    lowest: int
    highest: int
    cpu_s: float
    waited_s: float
    at_s: float

    def load_since(self, before: "State") -> float:
        """Return the crowd's CPU time since ``before`` as a share of a core."""
        return (self.cpu_s - before.cpu_s) / (self.at_s - before.at_s)

    def doubt(self, before: "State") -> str:
        """Return why a measurement since ``before`` is invalid; empty if it is valid."""
        load = self.load_since(before)
        if load > SATURATED:
            return f"the generator was saturated: at work {load:.0%} of the time"
        if self.gaps or self.resets or self.lost:
            return f"{self.gaps} gaps, {self.resets} resets, {self.lost} connections lost"
        return ""


class Crowd:
    """One process of clients, which ends with its block."""

    def __init__(self, core: int | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load.crowd", str(required(SOURCE))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests")},
        )
        if core is not None:
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(self._process.pid, {cores[core % len(cores)]})

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def connect(  # noqa: PLR0913  what there is to choose
        self,
        ports: Sequence[int],
        count: int,
        *,
        numbered: bool = True,
        deflate: bool = False,
        timed: int = 0,
        customers: int = 0,
        dialect: str = "",
        at_once: int = 256,
        within_s: float = 60,
    ) -> State:
        """Connect more clients; return when all have their ``hello``."""
        before = self.state().clients
        self._tell(
            "connect",
            ports=list(ports),
            count=count,
            numbered=numbered,
            deflate=deflate,
            timed=timed,
            customers=customers,
            dialect=dialect,
            at_once=at_once,
        )
        return self.until(
            lambda state: state.greeted == before + count, within_s, f"{count} clients greeted"
        )

    def ports(self, ports: Sequence[int]) -> None:
        """Set the ports that clients reconnect to."""
        self._tell("ports", ports=list(ports))

    def rest(self, seconds: float) -> None:
        """Set a pause between two reads, so that sending does not wake a receiver.

        Over the loopback the sender pays for waking the receiver, and a fast receiver sleeps after
        each message. Over a network the sender does not pay for it.
        """
        self._tell("rest", seconds=seconds)

    def mark(self) -> State:
        """Reset the counts."""
        self._tell("mark")
        return self.state()

    def state(self) -> State:
        """Return the counts since the mark."""
        return State(**self._tell("state"))

    def wait(self, events: int) -> None:
        """Return once this many events were counted since the mark, without polling."""
        self._tell("wait", events=events)

    def until(self, condition: Any, within_s: float, what: str) -> State:
        """Wait for a state that fulfils the condition; return that state."""

        def there() -> State | None:
            state = self.state()
            return state if condition(state) else None

        return until(there, within_s, what) or self.state()

    def arrivals(self) -> dict[int, tuple[int, float, float]]:
        """Return receivers, first and last arrival of each frame, by its last position."""
        found = self._tell("arrivals")
        return {int(last): (int(count), first, latest) for last, count, first, latest in found}

    def delays_s(self, clock_ahead_s: float, every: int = 1) -> list[float]:
        """Return the time from each change, or every n-th, to its arrival at each timed client.

        ``clock_ahead_s`` is the difference of PostgreSQL's wall clock and the monotonic clock.
        """
        told = self._tell("notes", every=every)
        happened = {
            int(position): datetime.fromisoformat(stamp).timestamp() - clock_ahead_s
            for position, stamp in told["stamps"].items()
        }
        return [
            arrived - happened[position]
            for arrived, first, last in told["notes"]
            for position in range(first, last + 1)
            if position in happened
        ]

    def _tell(self, do: str, **order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise AssertionError("the load generator ended")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
