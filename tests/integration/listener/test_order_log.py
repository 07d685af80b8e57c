"""The listener's adapter to a real PostgreSQL."""

import pytest

from harness.redis_log import INSERT
from harness.servers import Database
from orders_listener import order_log
from orders_listener.order_log import OrderLog


@pytest.mark.anyio
async def test_the_oldest_waiting_change_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3: the oldest entry of the outbox is reported until it is taken.

    One that a long transaction committed late, before those already seen, is found by a full look.
    """
    async with OrderLog.connect(database.url, {}) as log:
        assert await log.oldest_waiting() is None
        with database.connect(autocommit=False) as late, database.connect() as sql:
            late.execute(INSERT)
            sql.execute(INSERT)
            sql.execute(INSERT)
            assert [await log.oldest_waiting() for _ in range(2)] == [2, 2]
            late.commit()
        monkeypatch.setattr(order_log, "_FULL_LOOK_INTERVAL_S", 0.0)
        assert await log.oldest_waiting() == 1
        assert await log.take(1000) is not None
        assert await log.oldest_waiting() is None


@pytest.mark.anyio
async def test_an_old_snapshot_makes_no_look_slow(database: Database) -> None:
    """Under an open snapshot, only a full look reads the entries taken since."""
    async with (
        OrderLog.connect(database.url, {}) as log,
        OrderLog.connect(database.url, {}) as taker,
    ):
        with database.connect(autocommit=False) as reader, database.connect() as sql:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT FROM orders")
            sql.execute(
                "INSERT INTO orders (customer_name, product_name)"
                " SELECT 'Ada', 'Laptop' FROM generate_series(1, 5000)"
            )
            await log.oldest_waiting()
            while await taker.take(1000):
                await log.oldest_waiting()
            before = await _entries_read(log)
            assert await log.oldest_waiting() is None
            assert await _entries_read(log) - before < 2000


async def _entries_read(log: OrderLog) -> int:
    await log._connection.ask("SELECT pg_stat_force_next_flush()")
    ((entries,),) = await log._connection.ask(
        "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'order_outbox_pkey'"
    )
    return int(entries)
