"""CPU time to deliver one event over server-sent events, and over WebSocket.

One gateway on one core delivers the same events to as many clients of one kind as of the other, in
turn; the clients are on the other core. CPU time is the kernel's count for the gateway including
system calls.

How it could mislead: WebSockets are not compressed here, as server-sent events never are. A
measurement counts only if every client has the last event at its end. The clients of both kinds
read raw bytes in the same way, and rest between two reads, so that sending wakes no receiver. The
rounds alternate, so that a change of the machine's speed meets both.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bench import ROOT, Bench
from bench.fanning import REST_S, Fan, fan
from bench.usage import meter, pin
from bench.writers import ratios
from harness.waiting import until

TITLE = "server-sent events: CPU time for a delivery"

_CLIENTS = 500
_PATHS = ("/ws", "/sse")


def run(bench: Bench) -> None:
    """Measure one event per frame, then a hundred."""
    with fan() as ours:
        for rate, events in ((25, 1), (10, 100)):
            _measure(bench, ours, rate, events)


def _measure(bench: Bench, ours: Fan, rate: float, events: int) -> None:
    what = f"{_CLIENTS:,} clients, {events} event{'s' if events > 1 else ''} a frame"
    costs: dict[str, list[float]] = {path: [] for path in _PATHS}
    for number in range(bench.full(8, 2)):
        # The order alternates, because the second measurement finds warmer caches.
        for path in _PATHS if number % 2 else reversed(_PATHS):
            bench.step(f"{what}, {path}")
            costs[path].append(_cost_us(ours, path, rate, events, bench.full(3, 2)))
    for path in _PATHS:
        bench.figure(f"{what}: {path}", "us", *costs[path])
    bench.figure(f"{what}: /sse / /ws", "", *ratios(costs["/sse"], costs["/ws"]), at_most=1.2)


def _cost_us(ours: Fan, path: str, rate: float, events: int, seconds: float) -> float:
    """Return the gateway's CPU time for one event to one client, in microseconds."""
    with _readers(ours.ports[0], path) as readers:
        _feed(ours, readers, rate, events, 0.5)  # warm-up
        used, before = meter(*ours.pids), ours.feed.position
        _feed(ours, readers, rate, events, seconds)
        return used().cpu_s / (ours.feed.position - before) / _CLIENTS * 1e6


def _feed(
    ours: Fan, readers: "subprocess.Popen[str]", rate: float, events: int, seconds: float
) -> None:
    """Feed for some seconds, and wait until every client has the last event."""
    ours.feed.rate(rate, events)
    time.sleep(seconds)  # the measurement itself
    ours.feed.rate(0)
    until(lambda: _lowest(readers) == ours.feed.position, 20, "every client has the last event")


def _lowest(readers: "subprocess.Popen[str]") -> int:
    assert readers.stdin is not None
    assert readers.stdout is not None
    readers.stdin.write("state\n")
    readers.stdin.flush()
    lowest: int = json.loads(readers.stdout.readline())[0]
    return lowest


@contextmanager
def _readers(port: int, path: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the clients of one kind; yield their process once all are connected."""
    command = [sys.executable, "-m", "bench.load.readers", str(port), path]
    with subprocess.Popen(
        [*command, str(_CLIENTS), str(REST_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests")},
    ) as process:
        pin(1, [process.pid])
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
