"""The largest rate of orders that reaches all clients without falling behind.

The rate climbs by steps of 1.5 until a trial fails. It succeeds if pgbench could write at that
rate, one order per transaction, and every client had every order within a second of the last
commit. Ours runs with two gateways, the baseline is one process; everything runs on this machine.
All clients offer compression, as browsers do; the baseline does not use it. Figures are deliveries
per second: orders times clients.

How it could mislead: the steps are coarse, so either side may be up to 1.5 times better than
shown. Trials are short: a side that falls behind slowly passes. On a machine with few cores ours is
limited by the database, the gateways and the generator together, the baseline by its one process.
If the generator was saturated when the baseline failed, the baseline is not judged.
"""

import math
from collections.abc import Callable

from bench.baseline.server import MISSING, baseline, create_database
from bench.bench import Bench
from bench.load.control import SATURATED, Crowd, State
from bench.pgbench import write
from bench.stage import postgres, stage
from harness.servers import Database, Postgres

TITLE = "capacity: orders x clients"

_STEP = 1.5
_MOST_TRIALS = 10
_PATIENCE_S = 1.0
_OURS_FIRST = 2000.0
_BASELINE_FIRST = 30_000.0
"""The first rates: orders per second, and for the baseline deliveries per second."""

_MANY = 1000
_WRITERS = 8


def run(bench: Bench) -> None:
    """Find the largest rate of both sides, with few clients and with many."""
    counts = (_MANY,) if bench.quick else (100, _MANY)
    slower = bench.full(1.0, 0.2)
    with postgres() as server:
        ours = {clients: _ours(bench, server, clients, _OURS_FIRST * slower) for clients in counts}
        theirs = (
            {}
            if MISSING
            else {
                clients: _baseline(bench, server, clients, _BASELINE_FIRST * slower / clients)
                for clients in counts
            }
        )
    _report(bench, "ours", ours)
    _report(bench, "baseline", theirs)
    best, doubt = theirs.get(_MANY, (0.0, MISSING))
    ratio = ours[_MANY][0] / best if best else 0.0
    what = f"ours / baseline, {_MANY:,} clients"
    bench.figure(what, "", ratio, at_least=50, refused=doubt, note=ours[_MANY][1])


def _ours(bench: Bench, server: Postgres, clients: int, first: float) -> tuple[float, str]:
    with stage(server=server, gateways=2) as running, Crowd() as crowd:
        crowd.connect(running.ports, clients, deflate=True)
        return _climb(_Trial(bench, server, running.database, crowd), "ours", first)


def _baseline(bench: Bench, server: Postgres, clients: int, first: float) -> tuple[float, str]:
    database = create_database(server)
    with baseline(database) as running, Crowd() as crowd:
        crowd.connect([running.port], clients, numbered=False, deflate=True)
        return _climb(_Trial(bench, server, database, crowd), "baseline", first)


def _report(bench: Bench, who: str, found: dict[int, tuple[float, str]]) -> None:
    for clients, (rate, doubt) in found.items():
        what = f"{who}, {clients:,} clients: {rate:,.0f} orders/s"
        bench.figure(what, "deliveries/s", rate * clients, note=doubt)
    points = [(float(clients), rate * clients) for clients, (rate, _) in found.items()]
    bench.series("throughput", who, points)


class _Trial:
    """Tries one rate after another."""

    def __init__(self, bench: Bench, server: Postgres, database: Database, crowd: Crowd) -> None:
        self._bench = bench
        self._server = server
        self._database = database
        self.crowd = crowd
        self.load = 0.0
        """The load of the generator in the last trial."""

    def sustained(self, who: str, rate: float) -> bool:
        """Write at a rate; return whether every client kept up."""
        before = self.crowd.mark()
        self._bench.step(f"{who}, {before.clients} clients, {rate:.0f} orders/s")
        seconds = self._bench.full(3, 2)
        written = write(self._server, self._database, seconds=seconds, clients=_WRITERS, rate=rate)
        asked = rate * seconds  # on average, because pgbench's schedule is random
        least = 0.95 * asked - 3 * math.sqrt(asked)
        enough = written.orders >= least and written.behind_s < _PATIENCE_S
        complete = self._until(lambda state: state.events >= written.orders * state.clients)
        self.load = self.crowd.state().load_since(before)
        if not complete:
            self._drain()
        return enough and complete

    def _until(self, condition: Callable[[State], bool]) -> bool:
        try:
            self.crowd.until(condition, _PATIENCE_S, "everyone has everything")
        except AssertionError:
            return False
        return True

    def _drain(self) -> None:
        seen = self.crowd.state().events

        def quiet(state: State) -> bool:
            nonlocal seen
            still, seen = state.events == seen, state.events
            return still

        self.crowd.until(quiet, 60, "nothing comes any more")


def _climb(trial: _Trial, who: str, rate: float) -> tuple[float, str]:
    """Return the last rate that was sustained, and a reason why it may not be the limit."""
    best = 0.0
    for _ in range(_MOST_TRIALS):
        if not trial.sustained(who, rate):
            break
        best, rate = rate, rate * _STEP
    if trial.load > SATURATED:
        return best, f"the generator was saturated in the last trial: {trial.load:.0%} of a core"
    return best, ""
