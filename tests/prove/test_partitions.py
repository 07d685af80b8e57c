"""The owner of a partition stays within what the stream promises, however late the listener is."""

import asyncio
from typing import LiteralString

import psycopg
import pytest

from harness.servers import Database, Postgres
from prove.chance import Chance
from prove.exact import PINNED, read_table
from prove.oracle import Replay, difference
from prove.partitions import follow_partitions, move_partition
from prove.run import LOG
from prove.tables import PASSING, SETUP, STOCK

pytestmark = pytest.mark.anyio

_ROWS: LiteralString = """
    INSERT INTO stock (place, item) SELECT 'Köln', n FROM generate_series(1, 30) AS n
"""
LOST_PARTITION: LiteralString = """
    CREATE FUNCTION planted_lost_partition() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RETURN NULL;
    END $$;
    CREATE TRIGGER planted_lost_partition BEFORE INSERT ON order_outbox
        FOR EACH ROW WHEN (NEW.operation = 'DELETE' AND coalesce(NEW.actor, '') = '')
        EXECUTE FUNCTION planted_lost_partition()
"""


async def test_partitions_move_as_the_log_tells(provable_postgres: Postgres) -> None:
    """A detached partition whose rows are not in the log is not dropped; all others may be."""
    findings, outcomes = await _moves(provable_postgres)
    assert findings == []
    assert outcomes == {"attach", "detach", "not settled", "not recorded"}


async def test_a_partition_that_leaves_without_events_is_found(provable_postgres: Postgres) -> None:
    """I1: the rows of a detached partition that no event tells of are found."""
    findings, _ = await _moves(provable_postgres, LOST_PARTITION)
    assert findings


async def test_a_listener_in_the_middle_is_waited_for(provable_postgres: Postgres) -> None:
    """The owner reads stock once the rows that the listener is recording are recorded."""
    database = provable_postgres.create_database()
    with database.connect() as sql:
        sql.execute(SETUP)
        sql.execute(_ROWS)
        sql.execute(f"ALTER TABLE stock DETACH PARTITION {PASSING}")
    async with await psycopg.AsyncConnection.connect(database.url) as owner:
        with database.connect() as listener, listener.transaction():
            listener.execute("SELECT order_follow_partitions()")
            following = asyncio.create_task(follow_partitions(owner))
            ended, _ = await asyncio.wait({following}, timeout=0.3)
        assert not ended
        await following
    provable_postgres.drop_database(database)


async def _moves(postgres: Postgres, planted: LiteralString = "") -> tuple[list[str], set[str]]:
    """Move the partition, with a listener that is often late; return findings and outcomes."""
    database = postgres.create_database()
    replay, outcomes = Replay({}), set()
    with database.connect() as sql:
        for statements in (SETUP, _ROWS, planted):
            sql.execute(statements)
    for seed in range(40):
        async with await psycopg.AsyncConnection.connect(database.url, options=PINNED) as sql:
            outcomes.add(await move_partition(sql, Chance(seed)))
            await sql.commit()
            if seed % 3 == 0:
                await follow_partitions(sql)
        _apply_log(database, replay)
    async with await psycopg.AsyncConnection.connect(database.url, options=PINNED) as sql:
        await follow_partitions(sql)
        await sql.commit()
        _apply_log(database, replay)
        left = difference(replay.tables[STOCK], await read_table(sql, STOCK))
    postgres.drop_database(database)
    return [*replay.findings, *([left] if left else [])], outcomes


def _apply_log(database: Database, replay: Replay) -> None:
    with database.connect() as sql:
        while sql.execute("SELECT FROM take_order_events(1000)").fetchone() is not None:
            pass
        replay.apply(sql.execute(LOG, [replay.position]).fetchall())
