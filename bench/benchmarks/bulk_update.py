"""One UPDATE of 100,000 rows: what the triggers add to it, and when a client has all its events.

The statement is timed with the triggers disabled and with them, on freshly filled tables, and then
the time until a connected client has been sent the last of the 100,000 events.

How it could mislead: in memory, without a disk's time on either side. The stamps of version and
updated_at are triggers too and are counted as ours. The first UPDATE after a load pays for hint
bits; both sides do.
"""

import time

from bench.bench import Bench
from bench.load.control import Crowd
from bench.stage import Stage, stage

TITLE = "UPDATE of 100,000 rows"

_FILL = """
INSERT INTO orders (customer_name, product_name, quantity)
SELECT 'Futterkiste ' || n % 10000, 'Queso Manchego La Pastora', n % 100 + 1
  FROM generate_series(1, {rows}) AS n
"""
_UPDATE = "UPDATE orders SET status = 'shipped'"


def run(bench: Bench) -> None:
    """Measure without triggers and with them, in turns."""
    rows = bench.full(100_000, 10_000)
    bare: list[float] = []
    ours: list[float] = []
    arrived: list[float] = []
    with stage() as running, Crowd() as crowd:
        crowd.connect(running.ports, 1)
        for number in range(bench.full(3, 1)):
            bench.step(f"round {number + 1}, without triggers")
            _fill(running, rows)
            bare.append(_timed(running, "DISABLE"))
            bench.step(f"round {number + 1}, with triggers")
            _fill(running, rows)
            began = time.monotonic()
            ours.append(_timed(running, "ENABLE"))
            head = running.until_drained()
            crowd.until(lambda state, goal=head: state.lowest >= goal, 60, "all events")
            arrived.append(max(last for _, _, last in crowd.arrivals().values()) - began)
            crowd.mark()
    bench.figure("without triggers", "s", *bare)
    bench.figure("with triggers", "s", *ours)
    ratios = [with_ / without for with_, without in zip(ours, bare, strict=True)]
    bench.figure("statement, with / without", "", *ratios, at_most=3)
    bench.figure(f"all {rows:,} events at a client", "s", *arrived, at_most=5)
    bench.figure("events drained", "events/s", *(rows / seconds for seconds in arrived))


def _fill(running: Stage, rows: int) -> None:
    running.sql(
        "ALTER TABLE orders DISABLE TRIGGER USER",
        "TRUNCATE orders",
        _FILL.format(rows=rows),
        "VACUUM ANALYZE orders",
    )
    with running.postgres.administrator() as administrator:
        administrator.execute("CHECKPOINT")


def _timed(running: Stage, triggers: str) -> float:
    with running.database.connect() as connection:
        connection.execute(f"ALTER TABLE orders {triggers} TRIGGER USER".encode())
        began = time.monotonic()
        connection.execute(_UPDATE)
        return time.monotonic() - began
