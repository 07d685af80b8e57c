"""Events of one transaction stay together: neighbours in the log, and in one batch (I2)."""

import json
import random
import threading
from collections.abc import Callable
from typing import Any

from harness.servers import Database, Sql

Take = Callable[..., tuple[int, int, list[dict[str, Any]]] | None]

ORDER = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
LINES = (
    "CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, pieces int);"
    " SELECT watch_table('order_lines')"
)


def shapes(batch: tuple[int, int, list[dict[str, Any]]] | None) -> list[tuple[str, int]]:
    """Return table and order of each event of a batch."""
    assert batch is not None
    return [(event["table"], event["order_id"]) for event in batch[2]]


def test_an_order_and_its_lines_come_together(sql: Sql, take: Take, database: Database) -> None:
    """I2: events of interleaved transactions are not mixed; the first to end comes first."""
    sql.execute(LINES)
    with database.connect(autocommit=False) as one, database.connect(autocommit=False) as two:
        one.execute(ORDER)
        two.execute(ORDER)
        for _ in range(2):
            one.execute("INSERT INTO order_lines (order_id, pieces) VALUES (1, 1)")
            two.execute("INSERT INTO order_lines (order_id, pieces) VALUES (2, 1)")
        one.execute("SAVEPOINT s")
        one.execute("UPDATE order_lines SET pieces = 2 WHERE order_id = 1")
        one.commit()
        two.commit()
    told = [("orders", 2), *[("order_lines", 2)] * 2, ("orders", 1), *[("order_lines", 1)] * 4]
    assert shapes(take()) == told


def test_a_batch_ends_with_a_transaction(sql: Sql, take: Take) -> None:
    """I2: a transaction that does not fit into the rest of a batch begins the next one."""
    for orders in (3, 4, 2, 12, 1):
        sql.execute(
            "INSERT INTO orders (customer_name, product_name)"
            " SELECT 'a', 'b' FROM generate_series(1, %s)",
            [orders],
        )
    lengths = []
    while batch := take(6):
        lengths.append(len(batch[2]))
    assert lengths == [3, 6, 6, 6, 1]


def test_a_batch_of_large_rows_ends_with_a_transaction(sql: Sql, take: Take) -> None:
    """I2: the bound in bytes tears no transaction either, unless it is larger than a batch."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    for orders, size in ((2, 60_000), (3, 60_000), (1, 10), (4, 100_000)):
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, note)"
            " SELECT 'a', 'b', repeat('x', %s) FROM generate_series(1, %s)",
            [size, orders],
        )
    lengths = []
    while batch := take():
        lengths.append(len(batch[2]))
    assert lengths == [2, 4, 2, 2]


def test_concurrent_transactions_are_never_torn(database: Database, sql: Sql) -> None:
    """I2: events of a transaction are contiguous, and the versions of each row ascend."""
    seed = sql.info.server_version  # another one on each server
    sql.execute(LINES)
    sql.execute(
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'a', 'b' FROM generate_series(1, 40)"
    )
    while sql.execute("SELECT FROM take_order_events()").fetchone():
        pass
    writers = [
        threading.Thread(target=_write, args=(database, random.Random(10 * seed + n), f"w{n}"))
        for n in range(5)
    ]
    batches: list[list[dict[str, Any]]] = []
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers) or batches[-1:] != [[]]:
        row = sql.execute("SELECT events FROM take_order_events(60)").fetchone()
        batches.append([] if row is None else json.loads(row[0]))
    events = [event for batch in batches for event in batch]
    assert [event["position"] for event in events] == list(range(41, 41 + len(events)))
    batch_of = {event["position"]: n for n, batch in enumerate(batches) for event in batch}
    found: dict[str, list[int]] = {}
    versions: dict[int, int] = {}
    for event in events:
        found.setdefault(event["actor"], []).append(event["position"])
        if event["table"] == "orders" and event["order"]:
            order = event["order"]
            assert order["version"] == versions.get(order["id"], order["version"] - 1) + 1
            versions[order["id"]] = order["version"]
    assert len(found) > 100
    for positions in found.values():
        assert positions == list(range(positions[0], positions[-1] + 1)), "neighbours"
        assert len({batch_of[position] for position in positions}) == 1, "one batch"


def _write(database: Database, chance: random.Random, name: str) -> None:
    """Run random transactions, each with an actor of its own."""
    with database.connect() as sql:
        for number in range(60):
            orders = sorted(chance.sample(range(1, 41), chance.randint(1, 4)))  # no deadlocks
            with sql.transaction(force_rollback=chance.random() < 0.1):
                sql.execute("SELECT set_config('orders.actor', %s, true)", [f"{name}.{number}"])
                for order in orders:
                    with sql.transaction(force_rollback=chance.random() < 0.2):  # a savepoint
                        sql.execute(
                            "UPDATE orders SET quantity = quantity + 1 WHERE id = %s", [order]
                        )
                    sql.execute(
                        "INSERT INTO order_lines (order_id, pieces)"
                        " SELECT %s, n FROM generate_series(1, %s) AS n",
                        [order, chance.randint(0, 5)],
                    )
