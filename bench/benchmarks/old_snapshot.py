"""The duration of a take of one event while a session holds an old snapshot, as pg_dump does.

A REPEATABLE READ transaction stays open while many changes are written and taken. Their outbox
entries remain as dead rows that no vacuum may remove. Then one order is inserted at a time, and
each take_order_events() that finds it is timed, and compared with the same on a fresh database.

How it could mislead: everything is in memory, and nothing writes meanwhile. The first take after
the changes is left out: it finds the position from which later takes start.
"""

import time
from typing import Any

import psycopg

from bench.bench import Bench
from bench.stage import postgres

TITLE = "lone event under an old snapshot"

_FILL = """
INSERT INTO orders (customer_name, product_name, quantity)
SELECT 'Futterkiste ' || n % 10000, 'Queso Manchego La Pastora', n % 100 + 1
  FROM generate_series(1, {rows}) AS n
"""
_INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Laptop')"
_TAKE = "SELECT last FROM take_order_events(1000)"


def run(bench: Bench) -> None:
    """Time the take of one event before and after the changes, in one session."""
    rows = bench.full(600_000, 20_000)
    with postgres() as server:
        database = server.create_database()
        with database.connect() as sql, database.connect(autocommit=False) as reader:
            fresh = _takes(sql)
            reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            reader.execute("SELECT count(*) FROM orders")
            bench.step(f"{rows:,} changes")
            sql.execute(_FILL.format(rows=rows).encode())
            while sql.execute(_TAKE).fetchone():
                pass
            _takes(sql, 2)
            held = _takes(sql)
        server.drop_database(database)
    bench.figure("take of one event, fresh", "ms", *fresh)
    bench.figure(f"the same after {rows:,} changes under an old snapshot", "ms", *held)
    bench.figure("after / fresh, of the fastest", "", min(held) / min(fresh), at_most=2)


def _takes(sql: psycopg.Connection[tuple[Any, ...]], count: int = 30) -> list[float]:
    """Take one event ``count`` times; return the milliseconds of each take."""
    taken = []
    for _ in range(count):
        sql.execute(_INSERT)
        began = time.monotonic()
        assert sql.execute(_TAKE).fetchone() is not None
        taken.append((time.monotonic() - began) * 1000)
    return taken
