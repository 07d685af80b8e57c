"""From COMMIT to clients, on an idle system: to one client, and to the last of a thousand.

Each order is written alone, after the previous one has arrived at every client. The clock starts
when the writer sends COMMIT and stops when a client has the whole frame, both on the same monotonic
clock.

How it could mislead: the database is in memory; on a disk both sides also wait for its flush.
The system is idle otherwise: ``sustained`` measures under load. The generator needs some
microseconds per client to read, so the last of a thousand is late by some milliseconds on both
sides. Other work on the machine shows in p99 first.
"""

import time
from collections.abc import Sequence

import psycopg

from bench.baseline.server import MISSING, baseline, create_database
from bench.bench import Bench
from bench.figures import quantile
from bench.load.control import Crowd
from bench.stage import postgres, stage
from harness.servers import Database, Postgres

TITLE = "latency"

_INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Laptop')"
_WARM_UP = 20
_PAUSE_S = 0.01


def run(bench: Bench) -> None:
    """Measure one client and a thousand, ours and the baseline."""
    orders = bench.full(300, 60)
    with postgres() as server:
        ours = _ours(bench, server, orders)
        theirs = _baseline(bench, server, orders) if not MISSING else {}
    for who, found in (("ours", ours), ("baseline", theirs)):
        for clients, delays_ms in found.items():
            what = "the client" if clients == 1 else f"the last of {clients:,}"
            target = 1.5 if (who, clients) == ("ours", 1) else None
            bench.figure(f"{who}: to {what}, p50", "ms", quantile(delays_ms, 0.5), at_most=target)
            bench.figure(f"{who}: to {what}, p99", "ms", quantile(delays_ms, 0.99))
            bench.series("latency", f"{who}, {what}", _distribution(delays_ms))
    if theirs:
        _compare(bench, ours[1000], theirs[1000])
    else:
        bench.figure("ours / baseline, last of 1,000", "", at_most=0.9, refused=MISSING)


def _ours(bench: Bench, server: Postgres, orders: int) -> dict[int, list[float]]:
    with stage(server=server) as running:
        return {
            clients: _measure(bench, running.database, running.ports, clients, orders)
            for clients in (1, 1000)
        }


def _baseline(bench: Bench, server: Postgres, orders: int) -> dict[int, list[float]]:
    database = create_database(server)
    with baseline(database) as running:
        return {
            clients: _measure(bench, database, [running.port], clients, orders, numbered=False)
            for clients in (1, 1000)
        }


def _measure(  # noqa: PLR0913  the parameters of a measurement
    bench: Bench,
    database: Database,
    ports: Sequence[int],
    clients: int,
    orders: int,
    *,
    numbered: bool = True,
) -> list[float]:
    bench.step(f"{'ours' if numbered else 'baseline'}, {clients} clients")
    with Crowd() as crowd, psycopg.connect(database.url) as writer:
        crowd.connect(ports, clients, numbered=numbered)
        crowd.mark()
        committed = [
            _write(writer, crowd, number * clients) for number in range(1, _WARM_UP + orders + 1)
        ]
        arrivals = crowd.arrivals()
    latest = [last for _, (_, _, last) in sorted(arrivals.items())]
    pairs = list(zip(committed, latest, strict=True))
    return [(last - began) * 1000 for began, last in pairs[_WARM_UP:]]


def _write(writer: "psycopg.Connection[tuple[object, ...]]", crowd: Crowd, heard: int) -> float:
    """Write one order, wait until it has arrived everywhere; return when COMMIT was sent."""
    writer.execute(_INSERT)
    began = time.monotonic()
    writer.commit()
    crowd.wait(heard)
    time.sleep(_PAUSE_S)  # the system must be idle between two orders
    return began


def _distribution(delays_ms: list[float]) -> list[tuple[float, float]]:
    return [(quantile(delays_ms, share / 100), share) for share in range(1, 100)]


def _compare(bench: Bench, ours: list[float], theirs: list[float]) -> None:
    thirds = [slice(part * len(ours) // 3, (part + 1) * len(ours) // 3) for part in range(3)]
    ratios = [quantile(ours[part], 0.5) / quantile(theirs[part], 0.5) for part in thirds]
    bench.figure("ours / baseline, last of 1,000, p50", "", *ratios, at_most=0.9)
