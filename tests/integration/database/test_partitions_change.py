"""Partitions that come and go, and partitioned tables that are restored or unwatched (I1, I10)."""

import json
from collections.abc import Callable

import psycopg
import pytest

from harness.partitions import STOCK, Replay, follow, told
from harness.servers import Database, Event, Events, Postgres, Sql
from harness.triggers import enable


def test_rows_of_an_attached_partition_have_no_actor(stock: Sql, events: Events) -> None:
    """A writer who finds an attached partition did not insert its rows."""
    stock.execute("CREATE TABLE more (LIKE stock INCLUDING DEFAULTS)")
    stock.execute("INSERT INTO more VALUES ('m', 1, 5)")
    stock.execute("ALTER TABLE stock ATTACH PARTITION more FOR VALUES IN ('m')")
    with stock.transaction():
        stock.execute("SET LOCAL orders.actor = 'ada'")
        stock.execute("UPDATE stock SET pieces = 6")
    assert [(event["operation"], event["actor"]) for event in events()] == [
        ("INSERT", None),
        ("UPDATE", "ada"),
    ]


def test_a_partition_that_is_attached(stock: Sql, replay: Replay) -> None:
    """I1: the rows of an attached partition are INSERTs, before any change of them."""
    stock.execute("CREATE TABLE more (LIKE stock INCLUDING DEFAULTS)")
    stock.execute("INSERT INTO more VALUES ('m', 1, 5), ('m', 2, 5)")
    stock.execute("ALTER TABLE stock ATTACH PARTITION more FOR VALUES IN ('m')")
    stock.execute("UPDATE stock SET pieces = 6 WHERE item = 1")
    replay.hold()
    stock.execute("CREATE TABLE quiet (LIKE stock INCLUDING DEFAULTS)")
    stock.execute("INSERT INTO quiet VALUES ('q', 1, 5), ('q', 2, 5)")
    stock.execute("ALTER TABLE stock ATTACH PARTITION quiet FOR VALUES IN ('q')")
    follow(stock)
    replay.hold()
    stock.execute(
        "CREATE TABLE tree (LIKE stock INCLUDING DEFAULTS, PRIMARY KEY (place, item))"
        " PARTITION BY HASH (item)"
    )
    stock.execute("CREATE TABLE tree_0 PARTITION OF tree FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
    stock.execute("CREATE TABLE tree_1 PARTITION OF tree FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
    stock.execute("INSERT INTO tree SELECT 't', n, 5 FROM generate_series(1, 9) AS n")
    with stock.transaction():
        stock.execute("ALTER TABLE stock ATTACH PARTITION tree FOR VALUES IN ('t')")
        stock.execute("DELETE FROM stock WHERE place = 't' AND item < 5")
    follow(stock)
    stock.execute("TRUNCATE tree_0")
    stock.execute("UPDATE stock SET place = 'm', item = item + 10 WHERE place = 't'")
    replay.hold()


def test_a_partition_that_is_detached(stock: Sql, replay: Replay) -> None:
    """I1: the rows of a detached partition are DELETEs, as they were before any later change."""
    stock.execute("INSERT INTO stock VALUES ('a', 1, 5), ('b', 2, 5), ('c', 3, 5), ('d', 300, 5)")
    with stock.transaction():
        stock.execute("ALTER TABLE stock DETACH PARTITION stock_b")
        stock.execute("UPDATE stock_b SET pieces = 9")
    replay.hold()
    stock.execute("ALTER TABLE stock DETACH PARTITION stock_rest")
    stock.execute("INSERT INTO stock_rest VALUES ('e', 4, 5)")
    follow(stock)
    replay.hold()
    stock.execute("ALTER TABLE stock ATTACH PARTITION stock_b FOR VALUES IN ('b')")
    stock.execute("ALTER TABLE stock ATTACH PARTITION stock_rest DEFAULT")
    stock.execute("UPDATE stock SET pieces = 1")
    follow(stock)
    replay.hold()
    stock.execute("ALTER TABLE stock DETACH PARTITION stock_b")
    stock.execute("TRUNCATE stock_b")
    stock.execute("DELETE FROM stock_low")
    replay.hold()
    left = stock.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'stock_b'::regclass AND NOT tgisinternal"
    )
    follow(stock)
    assert left.fetchone() == (1,)
    left = stock.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'stock_b'::regclass AND NOT tgisinternal"
    )
    assert left.fetchone() == (0,)


def test_a_partition_that_is_dropped(stock: Sql, events: Events) -> None:
    """I10: a dropped partition leaves no rows to tell of: the schema's version tells clients."""
    version = "SELECT order_schema_version()"
    stock.execute("INSERT INTO stock VALUES ('a', 1, 5), ('b', 2, 5)")
    events()
    before = stock.execute(version).fetchone()
    stock.execute("DROP TABLE stock_b")
    after = stock.execute(version).fetchone()
    assert after != before
    follow(stock)
    stock.execute("UPDATE stock SET pieces = 6")
    assert told(events()) == [("UPDATE", ("a", 1), 2)]
    assert stock.execute(version).fetchone() == after


_MADE_ANEW = """
    DROP TABLE stock_high;
    CREATE TABLE stock_high PARTITION OF stock_rest FOR VALUES FROM (100) TO (1000)
"""
_ALTERED_WHILE_DETACHED = """
    ALTER TABLE stock_rest DETACH PARTITION stock_high;
    ALTER TABLE stock_high DROP COLUMN pieces;
    DELETE FROM stock_high;
    ALTER TABLE stock_high ADD COLUMN pieces integer;
    ALTER TABLE stock_rest ATTACH PARTITION stock_high FOR VALUES FROM (100) TO (1000)
"""


@pytest.mark.parametrize("change", [_MADE_ANEW, _ALTERED_WHILE_DETACHED])
def test_a_partition_that_loses_rows_unseen_and_returns(
    stock: Sql, events: Events, change: str
) -> None:
    """I10: a client that was away meanwhile finds another version, with the same partitions."""
    version = "SELECT order_schema_version()"
    stock.execute("INSERT INTO stock VALUES ('a', 1, 5), ('c', 300, 5)")
    follow(stock)
    events()
    before = stock.execute(version).fetchone()
    with stock.transaction():
        stock.execute(change.encode())
    follow(stock)
    assert events() == []
    assert stock.execute(version).fetchone() != before


def test_a_rolled_back_entry_is_forgotten(stock: Sql, replay: Replay) -> None:
    """I1: a partition that was entered by a transaction rolled back is entered again."""
    stock.execute("CREATE TABLE more (LIKE stock INCLUDING DEFAULTS)")
    stock.execute("INSERT INTO more VALUES ('m', 1, 5), ('m', 2, 5)")
    stock.execute("ALTER TABLE stock ATTACH PARTITION more FOR VALUES IN ('m')")
    with stock.transaction(force_rollback=True):
        for _ in range(8):
            stock.execute("UPDATE stock SET pieces = pieces + 1")
            stock.execute("ALTER TABLE stock ADD COLUMN x int")
            stock.execute("ALTER TABLE stock DROP COLUMN x")
    stock.execute("UPDATE stock SET pieces = 6 WHERE item = 1")
    replay.hold()


def test_one_writer_enters_a_partition(stock: Sql, database: Database, replay: Replay) -> None:
    """I2: a writer waits for one that is recording the rows of an attached partition."""
    stock.execute("CREATE TABLE more (LIKE stock INCLUDING DEFAULTS)")
    stock.execute("INSERT INTO more VALUES ('m', 1, 5), ('m', 2, 5)")
    stock.execute("ALTER TABLE stock ATTACH PARTITION more FOR VALUES IN ('m')")
    with database.connect() as first, database.connect() as second:
        with first.transaction():
            first.execute("UPDATE stock SET pieces = 6 WHERE place = 'm' AND item = 1")
            second.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                second.execute("UPDATE stock SET pieces = 7 WHERE place = 'm' AND item = 2")
            follow(stock)
        second.execute("UPDATE stock SET pieces = 7 WHERE place = 'm' AND item = 2")
    follow(stock)
    replay.hold()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_misses_no_row(
    stock: Sql, database: Database, replay: Replay, level: str
) -> None:
    """I1: a transaction that may not see all rows of a partition is told to repeat."""
    stock.execute("INSERT INTO stock VALUES ('a', 1, 5), ('b', 2, 5)")
    with database.connect() as other:
        begin = f"BEGIN ISOLATION LEVEL {level}".encode()
        other.execute(begin)
        other.execute("SELECT 1 FROM orders")
        stock.execute("CREATE TABLE more (LIKE stock INCLUDING DEFAULTS)")
        stock.execute("INSERT INTO more VALUES ('m', 1, 5), ('m', 2, 5)")
        stock.execute("ALTER TABLE stock ATTACH PARTITION more FOR VALUES IN ('m')")
        with pytest.raises(psycopg.errors.SerializationFailure):
            other.execute("INSERT INTO stock VALUES ('m', 3, 5)")
        other.execute("ROLLBACK")
        other.execute(begin)
        with pytest.raises(psycopg.errors.SerializationFailure, match="READ COMMITTED"):
            other.execute("TRUNCATE stock_b")
        other.execute("ROLLBACK")
        follow(stock)
        other.execute(begin)
        other.execute("INSERT INTO stock VALUES ('m', 3, 5)")
        other.execute("UPDATE stock SET place = 'b' WHERE place = 'm' AND item = 1")
        other.execute("COMMIT")
    stock.execute("CREATE TABLE fresh PARTITION OF stock FOR VALUES IN ('f')")
    with database.connect() as other, other.transaction():
        other.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        other.execute("INSERT INTO stock VALUES ('f', 1, 5), ('f', 2, 5)")
    replay.hold()


def test_partitions_of_a_restored_dump(
    stock: Sql, postgres: Postgres, restored: Callable[[], Database]
) -> None:
    """I1: after pg_dump and psql, changes of partitions make true events, and go on to."""
    stock.execute("INSERT INTO stock VALUES ('a', 1, 5), ('b', 2, 5)")
    other = restored()
    with other.connect() as copy:
        replay = Replay(copy, lambda: taken(copy))
        replay.rows = {}
        copy.execute("UPDATE stock SET place = 'b' WHERE item = 1")
        replay.hold()
        for _ in range(2):
            postgres.load_schema(other)
            copy.execute("UPDATE stock SET place = 'c', pieces = pieces + 1 WHERE item = 1")
            copy.execute("UPDATE stock SET place = 'a' WHERE item = 1")
            copy.execute("TRUNCATE stock_b")
            copy.execute("INSERT INTO stock VALUES ('b', 3, 5)")
            follow(copy)
            replay.hold()


def taken(sql: Sql) -> list[Event]:
    """Take and return all events."""
    found: list[Event] = []
    while row := sql.execute("SELECT events FROM take_order_events()").fetchone():
        found += json.loads(row[0])
    return found


def test_unwatching_partitions_leaves_no_trace(
    sql: Sql, postgres: Postgres, database: Database
) -> None:
    """unwatch_table drops the triggers of all partitions, also of those that came later."""
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    triggers = (
        "SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relname LIKE 'stock%' AND NOT tgisinternal"
    )
    before = sql.execute(functions).fetchone()
    sql.execute(STOCK.encode())
    for _ in range(2):
        sql.execute("SELECT watch_table('stock')")
    sql.execute("CREATE TABLE stock_m PARTITION OF stock FOR VALUES IN ('m')")
    sql.execute("INSERT INTO stock VALUES ('m', 1)")
    follow(sql)
    postgres.load_schema(database)
    sql.execute("ALTER TABLE stock DETACH PARTITION stock_a")
    sql.execute("SELECT unwatch_table('stock')")
    assert sql.execute(functions).fetchone() == before
    assert sql.execute(triggers).fetchone() == (0,)
    assert sql.execute("SELECT count(*) FROM order_partitions").fetchone() == (0,)


def test_always_enabled_triggers_of_partitions_stay_so(
    stock: Sql, postgres: Postgres, database: Database
) -> None:
    """ENABLE ALWAYS on a partitioned table survives init.sql, and holds for later partitions."""
    enable(stock, "stock", "ENABLE ALWAYS")
    postgres.load_schema(database)
    stock.execute("CREATE TABLE stock_m PARTITION OF stock FOR VALUES IN ('m')")
    follow(stock)
    found = stock.execute(
        "SELECT DISTINCT tgenabled::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relname LIKE 'stock%' AND NOT tgisinternal AND tgtype & 1 = 1"
    ).fetchall()
    assert found == [("A",)]
