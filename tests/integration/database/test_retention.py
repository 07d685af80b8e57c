"""One step of pruning the log, as the leading listener runs it."""

from dataclasses import replace
from typing import Any

import pytest

from harness.roles import LISTENER_ROLE
from harness.servers import Database, Sql

STEP = """
    SELECT removed, kept FROM order_events_forget(
        (SELECT id FROM order_stream), %(published)s::bigint, %(events)s::bigint,
        %(keep)s::interval, %(first)s::bigint, %(step)s::integer)
"""
SETTLE = "SELECT order_stream_settle(id, origin, false) FROM order_stream"


@pytest.fixture
def log(sql: Sql) -> Sql:
    """Write a log of ten events, each older by a day than the next."""
    sql.execute("""
        INSERT INTO order_events (position, operation, changed_at)
        SELECT n, 'TRUNCATE', now() - (10 - n) * interval '1 day' FROM generate_series(1, 10) AS n
    """)
    return sql


def step(sql: Sql, **given: Any) -> tuple[int, int]:
    """Run one step and return how many it removed, and where to go on."""
    defaults = {"published": 10, "events": None, "keep": None, "first": 0, "step": 100}
    row = sql.execute(STEP, {**defaults, **given}).fetchone()
    assert row is not None
    return row[0], row[1]


def left(sql: Sql) -> list[int]:
    return [row[0] for row in sql.execute("SELECT position FROM order_events ORDER BY 1")]


def test_steps_are_bounded(log: Sql) -> None:
    """Each step goes on where the last one ended, until only what is kept is left."""
    assert step(log, events=3, step=4) == (4, 5)
    assert step(log, events=3, first=5, step=4) == (3, 8)
    assert step(log, events=3, first=8, step=4) == (0, 8)
    assert left(log) == [8, 9, 10]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"keep": "80 hours"}, 7),
        ({"keep": "1 hour"}, 10),
        ({"keep": "90 days"}, 1),
        ({"events": 1, "published": 6}, 7),
        ({"keep": "1 hour", "published": 0}, 1),
        ({"events": 0}, 10),
        ({"events": 100}, 1),
    ],
)
def test_what_is_kept(log: Sql, given: dict[str, Any], kept: int) -> None:
    """By age or by number; what Redis has not been given stays, and so does the newest event."""
    removed = step(log, **given)[0]
    assert left(log) == list(range(kept, 11))
    assert removed == kept - 1


def test_nothing_is_removed_of_another_history(log: Sql) -> None:
    """I7: before the listener has settled a stream after a fail-over, nothing is removed."""
    log.execute("UPDATE order_stream SET origin = 'elsewhere/1/1'")
    assert step(log, events=1) == (0, 0)
    log.execute(SETTLE)
    assert step(log, events=1) == (9, 10)


def test_an_empty_log(sql: Sql) -> None:
    """Nothing is removed, and the next step begins at the same position."""
    assert step(sql, events=1) == (0, 0)


def test_the_listener_prunes_while_others_read_and_take(database: Database, log: Sql) -> None:
    """I5: neither a reader's snapshot nor a take waits for a step that is not committed yet."""
    listener = replace(database, user=LISTENER_ROLE)
    with listener.connect(autocommit=False) as pruning, listener.connect() as other:
        assert step(pruning, events=3) == (7, 8)
        other.execute("SET lock_timeout = '1s'")
        log.execute("INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Laptop')")
        assert other.execute("SELECT last FROM take_order_events()").fetchone() == (11,)
        assert left(other) == list(range(1, 12))
        pruning.commit()
        assert left(other) == [8, 9, 10, 11]
