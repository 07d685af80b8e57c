"""5,000 orders per second for a minute, all of them to a thousand clients.

pgbench writes each order in its own transaction; two gateways share the clients; everything runs on
this machine. The clients offer compression, as browsers do; a second run uses clients that do not.
Figures: the share of deliveries (orders times clients) that arrived once and in order, and the time
from the ``changed_at`` of a change, which is before its commit, to twenty of the clients.

How it could mislead: the time includes the commit and the generator's delay, so it is an upper
bound. The database is in memory. All cores are busy, so the result depends on how the processes
share them; with a core each they would be faster. The generator checks positions and does not parse
the rows.
"""

from bench.bench import Bench
from bench.figures import quantile
from bench.load.control import Crowd
from bench.pgbench import Written, write
from bench.stage import Stage, clock_ahead_s, stage
from bench.usage import meter

TITLE = "sustained: 5,000 orders/s to 1,000 clients on 2 gateways"

_RATE = 5000
_CLIENTS = 1000
_WRITERS = 6
"""Just enough writers for that rate; more would take CPU time from the delivery."""


def run(bench: Bench) -> None:
    """Measure with compression, then without."""
    _measure(bench, "", deflate=True)
    _measure(bench, "not compressed: ", deflate=False)


def _measure(bench: Bench, kind: str, *, deflate: bool) -> None:
    """Warm up, write for a minute, wait until every client has everything."""
    with stage(gateways=2) as running, Crowd() as crowd:
        crowd.connect(running.ports, _CLIENTS, timed=20, deflate=deflate)
        bench.step(f"{kind}warm-up")
        _write(running, seconds=2)
        _caught_up(running, crowd)
        bench.step(f"{kind}writing")
        before, begin = crowd.mark(), running.head()
        services = {
            "listener": meter(*running.pids()[:1]),
            "gateways": meter(*running.pids()[1:]),
            "Valkey": meter(running.valkey.pid),
        }
        written = _write(running, seconds=bench.full(60, 5))
        used = {name: measured() for name, measured in services.items()}
        _caught_up(running, crowd)
        after = crowd.state()
        events = running.head() - begin
        bench.figure(f"{kind}orders written", "orders/s", written.per_second)
        bench.figure(
            f"{kind}delivered",
            "%",
            after.events / (events * _CLIENTS) * 100,
            at_least=100 if deflate else None,
            refused=_doubt(written) or after.doubt(before),
        )
        bench.figure(f"{kind}events a frame", "", after.events / after.frames)
        _delays(bench, crowd, events, kind, _doubt(written))
        for name, spent in used.items():
            bench.figure(f"{kind}{name}, of a core", "%", spent.cpu_s / spent.at_s * 100)
        bench.figure(f"{kind}generator, of a core", "%", after.load_since(before) * 100)


def _write(running: Stage, seconds: int) -> Written:
    return write(running.postgres, running.database, seconds=seconds, clients=_WRITERS, rate=_RATE)


def _caught_up(running: Stage, crowd: Crowd) -> None:
    head = running.until_drained()
    crowd.until(lambda state: state.lowest >= head, 60, f"everyone has {head}")


def _delays(bench: Bench, crowd: Crowd, events: int, kind: str, doubt: str) -> None:
    delays_ms = [s * 1000 for s in crowd.delays_s(clock_ahead_s(), every=events // 10_000 + 1)]
    for share, target in ((0.5, None), (0.99, 150), (1, None)):
        what = f"{kind}change to client, p{share * 100:.0f}"
        at_most = None if kind else target
        bench.figure(what, "ms", quantile(delays_ms, share), at_most=at_most, refused=doubt)
    line = [(quantile(delays_ms, share / 100), float(share)) for share in range(1, 100)]
    bench.series("latency under load", f"{kind}ours, 5,000 orders/s", line)


def _doubt(written: Written) -> str:
    if written.per_second < 0.97 * _RATE:
        return f"pgbench could write no more than {written.per_second:.0f} orders/s"
    return ""
