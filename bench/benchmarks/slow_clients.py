"""A thousand clients of which half stop reading for a minute while 50,000 events pass.

It measures the time from a change to the reading clients: alone, while the slow clients do not read
and their buffers are full, and while the slow clients catch up. The slow ones must get everything
in the end.

How it could mislead: the slow clients are one frozen process, so their socket buffers fill quickly
and stay full. A client on a slow line would read a little all the time. When the process continues,
it uses one core to read what was buffered. Each time includes the commit and the generator's delay.
"""

import os
import signal

from bench.bench import Bench
from bench.figures import quantile
from bench.load.control import Crowd, State
from bench.pgbench import write, writing
from bench.stage import Stage, clock_ahead_s, stage
from harness.pipeline import health
from harness.waiting import until

TITLE = "500 of 1,000 clients read nothing"

_HALF = 500
_RATE = 833
_TIMED = 20


def run(bench: Bench) -> None:
    """Measure without slow clients, with them, and while they catch up."""
    with stage() as running, Crowd() as reading, Crowd() as slow:
        reading.connect(running.ports, _HALF, timed=_TIMED)
        bench.step("warm-up")
        _write(running, reading, 2)
        bench.step("without slow clients")
        alone_ms = _p99_ms(running, reading, bench.full(20, 5))
        slow.connect(running.ports, _HALF)
        os.kill(slow.pid, signal.SIGSTOP)
        bench.step("until the slow ones are full")
        _fill(running, reading)
        bench.step("with slow clients")
        before = reading.mark()
        with_slow_ms = _p99_ms(running, reading, bench.full(60, 5))
        doubt = reading.state().doubt(before)
        bench.step("while the slow ones wake")
        os.kill(slow.pid, signal.SIGCONT)
        waking_ms = _p99_ms(running, reading, bench.full(10, 5))
        bench.step("until the slow ones have everything")
        state = _until_told(running, slow)
    bench.figure("change to client, p99, without them", "ms", alone_ms)
    bench.figure("change to client, p99, with them", "ms", with_slow_ms, refused=doubt)
    bench.figure("change to client, p99, while they wake", "ms", waking_ms, refused=doubt)
    ratio = with_slow_ms / alone_ms
    bench.figure("with them / without", "", ratio, at_most=2, refused=doubt)
    bench.figure("while they wake / without", "", waking_ms / alone_ms, refused=doubt)
    bench.figure("slow clients that came to have everything", "", state.clients, at_least=_HALF)


def _fill(running: Stage, reading: Crowd) -> None:
    """Write until the buffers of the slow clients are full."""

    def full() -> bool:
        return bool(health(running.ports[0])[1].get("live") == _HALF)

    with writing(running.postgres, running.database, seconds=600, clients=4, rate=_RATE):
        until(full, 60, "the slow ones are full")
    _until_told(running, reading)


def _p99_ms(running: Stage, crowd: Crowd, seconds: int) -> float:
    crowd.mark()
    _write(running, crowd, seconds)
    return quantile([s * 1000 for s in crowd.delays_s(clock_ahead_s())], 0.99)


def _write(running: Stage, crowd: Crowd, seconds: int) -> None:
    write(running.postgres, running.database, seconds=seconds, clients=4, rate=_RATE)
    _until_told(running, crowd)


def _until_told(running: Stage, crowd: Crowd) -> State:
    """Wait until every client has every event."""
    head = running.until_drained()
    return crowd.until(lambda state: state.lowest >= head, 60, f"everyone has {head}")
