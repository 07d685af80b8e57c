"""The largest rate of orders that reaches a thousand clients without falling behind.

The rate climbs by steps of 1.4 until a trial fails. It succeeds if pgbench could write at that
rate, each order a transaction, and every client had every order within a second of the last
commit. Ours runs with two gateways, the baseline as the one process it is; both on this machine,
with everything else. Figures are deliveries a second: orders times clients.

How it could mislead: the steps are coarse, so either side may be up to 1.4 times better than
shown. Trials are short: a side that falls behind slowly passes. On a machine with few cores ours is
limited by the database, the gateways and the generator together, the baseline by its one process.
If the generator was saturated when the baseline failed, the baseline is not judged.
"""

from collections.abc import Callable

from bench.baseline.server import MISSING, baseline, create_database
from bench.bench import Bench
from bench.load.control import SATURATED, Crowd, State
from bench.pgbench import write
from bench.stage import postgres, stage
from servers import Database, Postgres

TITLE = "capacity: orders x clients"

_STEP = 1.4
_CLIENTS = 1000
_MOST_TRIALS = 10
_PATIENCE_S = 1.0


def run(bench: Bench) -> None:
    """Climb on both sides."""
    with postgres() as server:
        with stage(server=server, gateways=2) as running, Crowd() as crowd:
            crowd.connect(running.ports, _CLIENTS)
            first = bench.full(2000.0, 500.0)
            trial = _Trial(bench, server, running.database, crowd)
            ours, doubt = _climb(trial, "ours", first)
        bench.figure("ours", "deliveries/s", ours * _CLIENTS, note=doubt)
        if MISSING:
            bench.figure("ours / baseline", "", at_least=50, refused=MISSING)
            return
        database = create_database(server)
        with baseline(database) as theirs, Crowd() as crowd:
            crowd.connect([theirs.port], _CLIENTS, numbered=False)
            trial = _Trial(bench, server, database, crowd)
            base, doubt = _climb(trial, "baseline", bench.full(20.0, 10.0))
        bench.figure("baseline", "deliveries/s", base * _CLIENTS, refused=doubt)
        ratio = ours / base if base else 0.0
        bench.figure("ours / baseline", "", ratio, at_least=50, refused=doubt)


class _Trial:
    """Tries one rate after the other."""

    def __init__(self, bench: Bench, server: Postgres, database: Database, crowd: Crowd) -> None:
        self._bench = bench
        self._server = server
        self._database = database
        self.crowd = crowd
        self.load = 0.0
        """The generator's, in the last trial."""

    def sustained(self, who: str, rate: float) -> bool:
        """Write at a rate and tell whether everyone kept up."""
        self._bench.step(f"{who}, {rate:.0f} orders/s")
        before = self.crowd.mark()
        seconds = self._bench.full(4, 2)
        written = write(self._server, self._database, seconds=seconds, clients=32, rate=rate)
        # A random schedule of a few hundred orders may well be 10 % short of the rate.
        enough = written.orders >= 0.85 * rate * seconds and written.behind_s < _PATIENCE_S
        complete = self._until(lambda state: state.events >= written.orders * _CLIENTS)
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
    """Return the last rate that was sustained, and why that may not be the limit."""
    best = 0.0
    for _ in range(_MOST_TRIALS):
        if not trial.sustained(who, rate):
            break
        best, rate = rate, rate * _STEP
    if trial.load > SATURATED:
        return best, f"the generator was saturated in the last trial: {trial.load:.0%} of a core"
    return best, ""
