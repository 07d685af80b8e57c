"""How fast the listener drains a full outbox, and the CPU time that each process uses for it.

Rows are written while no listener runs; then one starts. The time is measured from the moment it
leads until the last event is in Redis. CPU time is shown for the listener, for Valkey and for
PostgreSQL's processes, of which the listener's own session does nearly all the work.

How it could mislead: nothing writes meanwhile and no gateway reads, so the listener has the machine
to itself. The database is in memory, so no batch waits for a disk. Events are small.
"""

from bench.bench import Bench
from bench.stage import Stage, stage
from bench.usage import meter
from harness.waiting import until
from orders_contract.names import HEAD_KEY

TITLE = "drain: a full outbox to Redis"

_FILL = """
INSERT INTO orders (customer_name, product_name, quantity)
SELECT 'Futterkiste ' || n % 10000, 'Queso Manchego La Pastora', n % 100 + 1
  FROM generate_series(1, {rows}) AS n
"""


def run(bench: Bench) -> None:
    """Fill and drain, on a fresh database for each repeat."""
    rows = bench.full(200_000, 20_000)
    rates: list[float] = []
    spent: dict[str, list[float]] = {"listener": [], "PostgreSQL": [], "Valkey": []}
    for _ in range(bench.full(3, 1)):
        with stage(listener=False, gateways=0) as running:
            bench.step(f"filling {rows:,}")
            running.sql(_FILL.format(rows=rows))
            bench.step("draining")
            rates.append(rows / _drain(running, rows, spent))
    bench.figure("drained", "events/s", *rates, at_least=50_000)
    for who, samples in spent.items():
        bench.figure(f"CPU time of {who}", "us/event", *samples)


def _drain(running: Stage, rows: int, spent: dict[str, list[float]]) -> float:
    """Start a listener; return the seconds until Redis has all."""
    listener = running.pipeline.listener()
    redis = running.valkey.connect()
    until(lambda: redis.hget(HEAD_KEY, "position"), 20, "the listener leads")
    meters = {
        "listener": meter(listener.process.pid),
        "PostgreSQL": meter(*running.family()),
        "Valkey": meter(running.valkey.pid),
    }
    began = int(redis.hget(HEAD_KEY, "position") or 0)
    until(lambda: int(redis.hget(HEAD_KEY, "position") or 0) >= rows, 120, "Redis has all")
    redis.close()
    used = {who: measured() for who, measured in meters.items()}
    for who, usage in used.items():
        spent[who].append(usage.cpu_s / (rows - began) * 1e6)
    return used["listener"].at_s * rows / (rows - began)
