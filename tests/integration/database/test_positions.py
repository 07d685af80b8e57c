"""Positions: 1, 2, 3, ... without gaps, in an order that respects cause and effect (I2)."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from harness.servers import Database, Sql

Take = Callable[..., tuple[int, int, list[dict[str, Any]]] | None]

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def test_batches_follow_each_other_without_a_gap(sql: Sql, take: Take) -> None:
    """I2: a batch begins where the one before ended, and its events fill first to last."""
    for _ in range(25):
        sql.execute(INSERT)
    batches = []
    while batch := take(10):
        batches.append(batch)
    assert [(first, last) for first, last, _ in batches] == [(1, 10), (11, 20), (21, 25)]
    for first, last, events in batches:
        assert [event["position"] for event in events] == list(range(first, last + 1))


def test_nothing_waiting_is_no_batch(take: Take) -> None:
    """take_order_events returns no row when nothing waits."""
    assert take() is None


def test_a_batch_is_bounded_in_bytes(sql: Sql, take: Take) -> None:
    """A batch ends once it is large, so that no frame outgrows what clients accept."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    for _ in range(8):
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, note) VALUES ('a', 'p', %s)",
            ["x" * 100_000],
        )
    lengths = []
    while batch := take():
        lengths.append(len(batch[2]))
    assert lengths == [2, 2, 2, 2]


def test_a_huge_entry_goes_alone(sql: Sql, take: Take) -> None:
    """An entry over the bound makes a batch of its own."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, note)"
        " VALUES ('a', 'p', ''), ('b', 'p', %s), ('c', 'p', '')",
        ["x" * 2_000_000],
    )
    batches = [take(), take(), take(), take()]
    assert [batch and (batch[0], batch[1]) for batch in batches] == [(1, 1), (2, 2), (3, 3), None]


def test_an_open_transaction_delays_only_its_own_events(
    sql: Sql, take: Take, database: Database
) -> None:
    """I2: changes committed meanwhile get their positions; the late one gets the next."""
    with database.connect(autocommit=False) as slow:
        slow.execute(INSERT)
        sql.execute(INSERT)
        batch = take()
        assert batch is not None
        assert [event["order_id"] for event in batch[2]] == [2]
        slow.commit()
    late = take()
    assert late is not None
    assert [(event["position"], event["order_id"]) for event in late[2]] == [(2, 1)]


def test_events_of_one_transaction_keep_their_order(sql: Sql, take: Take) -> None:
    """I2: a transaction's events have the order of its statements."""
    with sql.transaction():
        sql.execute(INSERT)
        sql.execute("UPDATE orders SET status = 'processing'")
        sql.execute("UPDATE orders SET status = 'shipped'")
        sql.execute("DELETE FROM orders")
    batch = take()
    assert batch is not None
    assert [event["operation"] for event in batch[2]] == ["INSERT", "UPDATE", "UPDATE", "DELETE"]


def test_two_takers_take_each_change_once(sql: Sql, database: Database) -> None:
    """I8: listeners that take at the same time get disjoint batches without a gap between them."""
    writers = [threading.Thread(target=_write, args=(database, 150)) for _ in range(4)]
    stop = threading.Event()
    taken: list[list[tuple[int, int, list[dict[str, Any]]]]] = [[], [], []]
    takers = [threading.Thread(target=_take_until, args=(database, stop, mine)) for mine in taken]
    for thread in [*takers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in takers:
        thread.join()
    events = sorted(
        (event for mine in taken for _, _, events in mine for event in events),
        key=lambda event: event["position"],
    )
    changes = 4 * 150 * 3
    assert [event["position"] for event in events] == list(range(1, changes + 1))
    assert sql.execute("SELECT count(*) FROM order_events").fetchone() == (changes,)
    versions: dict[int, list[int]] = defaultdict(list)
    for event in events:
        versions[event["order_id"]].append(event["order"]["version"])
    assert all(seen == [1, 2, 3] for seen in versions.values()), "changes of one order in order"


def _write(database: Database, orders: int) -> None:
    with database.connect() as sql:
        for _ in range(orders):
            row = sql.execute(f"{INSERT} RETURNING id".encode()).fetchone()
            sql.execute("UPDATE orders SET quantity = 2 WHERE id = %s", row)
            sql.execute("UPDATE orders SET quantity = 3 WHERE id = %s", row)


def _take_until(database: Database, stop: threading.Event, into: list[Any]) -> None:
    with database.connect() as sql:
        while True:
            last_look = stop.is_set()
            row = sql.execute("SELECT first, last, events FROM take_order_events(7)").fetchone()
            if row is not None:
                into.append((row[0], row[1], json.loads(row[2])))
            elif last_look:
                return


def test_the_log_says_what_was_taken(sql: Sql) -> None:
    """I4: a batch read from the log is byte for byte the batch that was taken."""
    sql.execute(INSERT)
    sql.execute("UPDATE orders SET customer_name = E'\"q\" \\\\ \\t Zoë 🛒'")
    query = b"SELECT first, last, events, stream FROM "
    taken = sql.execute(query + b"take_order_events(10)").fetchone()
    assert taken == sql.execute(query + b"read_order_events(0, 10)").fetchone()
    assert sql.execute(query + b"read_order_events(2, 10)").fetchone() is None


def test_history_cannot_be_rewritten(sql: Sql, take: Take) -> None:
    """order_events is append-only: UPDATE and TRUNCATE are refused."""
    sql.execute(INSERT)
    take()
    for statement in (b"UPDATE order_events SET actor = 'x'", b"TRUNCATE order_events"):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
            sql.execute(statement)


@pytest.mark.parametrize(("keep", "left"), [(3, [8, 9, 10]), (0, [10]), (99, list(range(1, 11)))])
def test_pruning_by_count_keeps_the_newest(
    sql: Sql, take: Take, keep: int, left: list[int]
) -> None:
    """prune_order_events(n) keeps the newest n events, and always the last: positions go on."""
    for _ in range(10):
        sql.execute(INSERT)
    take()
    assert sql.execute("SELECT prune_order_events(%s::int)", [keep]).fetchone() == (10 - len(left),)
    found = sql.execute("SELECT position FROM order_events ORDER BY 1").fetchall()
    assert [row[0] for row in found] == left
    sql.execute(INSERT)
    batch = take()
    assert batch is not None
    assert batch[0] == 11


def test_pruning_by_age(sql: Sql, take: Take) -> None:
    """prune_order_events(interval) deletes older events."""
    sql.execute(INSERT)
    take()
    boundary = sql.execute("SELECT clock_timestamp()").fetchone()
    sql.execute(INSERT)
    take()
    sql.execute("SELECT prune_order_events(now() - %s)", boundary)
    assert sql.execute("SELECT position FROM order_events").fetchall() == [(2,)]
    assert sql.execute("SELECT prune_order_events(interval '1 day')").fetchone() == (0,)
