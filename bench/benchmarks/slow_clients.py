"""A thousand clients of which half read nothing for a minute while 50,000 events pass.

The time from a change to the clients that do read, next to the same with the others not there; then
the others read again, and must come to have everything.

How it could mislead: the slow ones are one frozen process on this machine, so what the kernel keeps
for their sockets is quickly full and stays so. A client on a slow line would take a little all the
time. Each time includes the commit and the generator's own delay in reading.
"""

import os
import signal

from bench.bench import Bench
from bench.figures import quantile
from bench.load.control import Crowd
from bench.pgbench import write
from bench.stage import Stage, clock_ahead_s, stage

TITLE = "500 of 1,000 clients read nothing"

_HALF = 500
_RATE = 833
_TIMED = 20


def run(bench: Bench) -> None:
    """Measure without the slow ones, then with them; then wake them."""
    with stage() as running, Crowd() as reading, Crowd() as slow:
        reading.connect(running.ports, _HALF, timed=_TIMED)
        bench.step("warm-up")
        _write(running, reading, 2)
        bench.step("without slow clients")
        alone_ms = _p99_ms(running, reading, bench.full(20, 3))
        slow.connect(running.ports, _HALF)
        os.kill(slow.pid, signal.SIGSTOP)
        bench.step("until the slow ones are full")
        _write(running, reading, bench.full(10, 3))
        bench.step("with slow clients")
        before = reading.mark()
        with_slow_ms = _p99_ms(running, reading, bench.full(60, 5))
        doubt = reading.state().doubt(before)
        os.kill(slow.pid, signal.SIGCONT)
        head = running.head()
        bench.step("until the slow ones have everything")
        state = slow.until(lambda state: state.lowest >= head, 60, f"everyone has {head}")
    bench.figure("change to client, p99, without them", "ms", alone_ms)
    bench.figure("change to client, p99, with them", "ms", with_slow_ms, refused=doubt)
    ratio = with_slow_ms / alone_ms
    bench.figure("with them / without", "", ratio, at_most=2, refused=doubt)
    bench.figure("slow clients that came to have everything", "", state.clients, at_least=_HALF)


def _p99_ms(running: Stage, crowd: Crowd, seconds: int) -> float:
    crowd.mark()
    _write(running, crowd, seconds)
    return quantile([s * 1000 for s in crowd.delays_s(clock_ahead_s())], 0.99)


def _write(running: Stage, crowd: Crowd, seconds: int) -> None:
    write(running.postgres, running.database, seconds=seconds, clients=4, rate=_RATE)
    head = running.until_drained()
    crowd.until(lambda state: state.lowest >= head, 60, f"everyone has {head}")
