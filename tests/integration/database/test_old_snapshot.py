"""A take skips the entries that were taken, although a reader keeps them as dead rows."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from harness.servers import Database, Sql

Take = Callable[..., tuple[int, int, list[dict[str, Any]]] | None]

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def pages_read(sql: Sql) -> int:
    """Return how many pages one lone event makes a take read."""
    sql.execute(INSERT)
    row = sql.execute(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT last FROM take_order_events(1000)"
    ).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert plan["Actual Rows"] == 1
    return int(plan["Shared Hit Blocks"])


def churn(sql: Sql, take: Take, orders: int) -> None:
    """Insert orders and take them, so that each leaves a dead entry while a snapshot is held."""
    sql.execute(
        "INSERT INTO orders (customer_name, product_name)"
        f" SELECT 'a', 'b' FROM generate_series(1, {orders})".encode()
    )
    while take():
        pass


@pytest.mark.parametrize("holder", ["a reader", "an idle writer"])
def test_a_held_snapshot_costs_a_take_nothing(
    sql: Sql, take: Take, database: Database, holder: str
) -> None:
    """Under an old snapshot, a take of one event costs the same after 8,000 changes."""
    with database.connect(autocommit=False) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT count(*) FROM orders" if holder == "a reader" else INSERT)
        churn(sql, take, 100)
        before = pages_read(sql)
        churn(sql, take, 8_000)
        if holder == "an idle writer":  # known as idle after a second
            sql.execute("SELECT pg_sleep(1.1)")
        churn(sql, take, 10)
        churn(sql, take, 10)
        assert pages_read(sql) < before + 50
        old.commit()
    batch = take()
    assert (batch is None) == (holder == "a reader")


def test_what_an_idle_writer_commits_late_is_taken_first(
    sql: Sql, take: Take, database: Database
) -> None:
    """I1, I2: an entry below the watermark is found once its transaction commits."""
    with database.connect(autocommit=False) as idle:
        idle.execute(INSERT)
        for _ in range(3):
            churn(sql, take, 5)
            sql.execute("SELECT pg_sleep(1.1)")
        idle.execute(INSERT)
        sql.execute(INSERT)
        idle.commit()
        sql.execute(INSERT)
    batch = take()
    assert batch is not None
    assert [event["order_id"] for event in batch[2]] == sorted(
        event["order_id"] for event in batch[2]
    )
    assert len(batch[2]) == 4
    assert take() is None


def test_each_session_finds_what_others_left(sql: Sql, take: Take, database: Database) -> None:
    """I8: sessions that take in turns, each with its own watermark, take each change once."""
    found: list[int] = []
    with database.connect() as other, database.connect(autocommit=False) as slow:
        for round_ in range(30):
            slow.execute(INSERT)
            sql.execute(INSERT)
            if round_ % 3 == 0:
                slow.commit()
            taker = sql if round_ % 2 else other
            row = taker.execute("SELECT events FROM take_order_events(3)").fetchone()
            found += [event["order_id"] for event in json.loads(row[0])] if row else []
        slow.commit()
    while batch := take():
        found += [event["order_id"] for event in batch[2]]
    assert sorted(found) == list(range(1, 61))


def test_a_take_that_rolls_back_forgets_what_it_learned(sql: Sql, take: Take) -> None:
    """I1: changes of a take that was rolled back are taken again."""
    for _ in range(5):
        sql.execute(INSERT)
        with sql.transaction(force_rollback=True):
            assert take() is not None
            assert take() is None
        batch = take()
        assert batch is not None
        assert len(batch[2]) == 1
