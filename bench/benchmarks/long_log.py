"""A log of ten million events: its size, reading from it, pruning it.

Events are written into the log directly, five for each order, far apart. Then the API reads pages
of 1,000 events and histories of one order at random places, and the log is pruned in steps of
5,000 events, as RETENTION does. EVENTS=1000000 in the environment makes the log shorter. The
database is on this machine's disk and synchronises it; much of it is in the kernel's cache.

How it could mislead: rows are small (250 bytes as JSON). No vacuum runs, so the first position is
looked for behind all entries that were pruned: the longest it can take. Nothing else writes.
"""

import os
import random
import time
from collections.abc import Callable

import httpx

from bench.bench import Bench
from bench.stage import Stage, postgres, stage
from bench.usage import meter

TITLE = "a log of ten million events"

_AT_ONCE = 500_000
_STEP = 5000
_FILL = """
INSERT INTO order_events (position, operation, order_id, key, "row", changed, actor, changed_at)
SELECT n, CASE WHEN n <= {orders} THEN 'INSERT' ELSE 'UPDATE' END, n %% {orders} + 1,
       format('{{"id":%s}}', n %% {orders} + 1)::json,
       format('{{"id":%s,"customer_name":"Futterkiste %s","product_name":"Queso Manchego",'
              '"quantity":%s,"status":"processing","version":%s,'
              '"created_at":"2026-01-01T10:00:00.123456+00:00",'
              '"updated_at":"2026-01-01T10:00:00.123456+00:00"}}',
              n %% {orders} + 1, n %% 10000, n %% 100 + 1, n / {orders} + 1)::json,
       CASE WHEN n > {orders} THEN '{{"status":"pending"}}'::json END, 'shop',
       now() - ({events} - n) * interval '1 s'
  FROM generate_series({first}, {last}) AS n
"""
_SIZES = """
SELECT pg_table_size('order_events') / 1e6, pg_indexes_size('order_events') / 1e6,
       pg_total_relation_size('order_events')::float8
"""
_FORGET = """
SELECT removed, kept FROM order_events_forget(
    (SELECT id FROM order_stream), %s::bigint, 1, NULL, %s::bigint, %s::integer)
"""
_FIRST = "SELECT min(position) FROM order_events"
_SETTLE = "SELECT order_stream_settle(id, origin, false) FROM order_stream"


def run(bench: Bench) -> None:
    """Fill the log, then measure reading and pruning."""
    events = int(os.environ.get("EVENTS") or bench.full(10_000_000, 100_000))
    with postgres(on_disk=True) as server, stage(listener=False, gateways=0, server=server) as one:
        _fill(bench, one, events)
        _read(bench, one, events)
        _prune(bench, one, events)


def _fill(bench: Bench, running: Stage, events: int) -> None:
    orders = events // 5
    with running.database.connect() as sql:
        for first in range(1, events + 1, _AT_ONCE):
            bench.step(f"{first - 1:,} of {events:,} events")
            last = min(events, first + _AT_ONCE - 1)
            text = _FILL.format(events=events, orders=orders, first=first, last=last)
            sql.execute(text.replace("%%", "%").encode())
        bench.step("VACUUM, ANALYZE and CHECKPOINT")
        sql.execute("VACUUM ANALYZE order_events")
        sizes = sql.execute(_SIZES).fetchone()
    with running.postgres.administrator() as admin:
        admin.execute("CHECKPOINT")
    assert sizes is not None
    bench.figure(f"{events:,} events, rows", "MB", float(sizes[0]))
    bench.figure("their indexes", "MB", float(sizes[1]))
    bench.figure("an event with its indexes", "bytes", sizes[2] / events)


def _read(bench: Bench, running: Stage, events: int) -> None:
    chance = random.Random(7)  # the same places in each run
    api = running.pipeline.api()
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client:

        def get(path: str) -> Callable[[int], object]:
            return lambda place: _expect(client.get(path.format(place)), running)

        for what, path, most in (
            ("a page of 1,000 events", "/api/events?after={}&limit=1000", events - 1000),
            ("one order's history", "/api/orders/{}/events", events // 5),
        ):
            bench.step(what)
            places = [chance.randrange(1, most) for _ in range(bench.full(40, 5))]
            used = meter(api.process.pid, *running.family())
            taken = [_timed_ms(get(path), place) for place in places]
            cpu_ms = used().cpu_s * 1000 / len(places)
            bench.figure(f"GET {path.format('N')}: {what}", "ms", *taken)
            bench.figure("the same, CPU time of API and PostgreSQL", "ms", cpu_ms)


def _expect(answer: httpx.Response, running: Stage) -> None:
    assert answer.is_success, (answer.text[:300], running.database.name)
    assert answer.json()["events"], "nothing was read"


def _timed_ms(work: Callable[[int], object], place: int) -> float:
    began = time.monotonic()
    work(place)
    return (time.monotonic() - began) * 1000


def _prune(bench: Bench, running: Stage, events: int) -> None:
    with running.database.connect() as sql:
        sql.execute(_SETTLE)
        used = meter(*running.family())
        taken: list[float] = []
        first = removed = 0
        for number in range(bench.full(200, 10)):
            if number % 20 == 0:
                bench.step(f"{removed:,} events pruned")
            began = time.monotonic()
            row = sql.execute(_FORGET, [events, first, _STEP]).fetchone()
            taken.append((time.monotonic() - began) * 1000)
            assert row is not None
            removed += row[0]
            first = row[1]
        bench.figure(f"a step that prunes {_STEP:,} events", "ms", *taken)
        bench.figure(
            "CPU time of PostgreSQL for a pruned event", "us", used().cpu_s / removed * 1e6
        )
        bench.step("the first position")
        looked = [_timed_ms(lambda _: sql.execute(_FIRST), 0) for _ in range(5)]
        bench.figure(
            f"the first position, {removed:,} pruned, no vacuum, first time", "ms", looked[0]
        )
        bench.figure("the same, later", "ms", *looked[1:])
        bench.step("VACUUM")
        bench.figure(
            "VACUUM afterwards",
            "s",
            _timed_ms(lambda _: sql.execute("VACUUM order_events"), 0) / 1000,
        )
