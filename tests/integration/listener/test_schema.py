"""The listener announces the schema of the watched tables and each change of it (I10)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.pipeline import Pipeline, health
from harness.redis_log import INSERT, positions, write
from harness.waiting import until
from orders_contract.batches import Head, decode
from orders_contract.names import CHANGES_CHANNEL, HEAD_KEY, SCHEMA_KEY

ADD_COLUMN = "ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR'"


class Heads:
    """The heads on the channel of changes."""

    def __init__(self, pubsub: Any) -> None:
        """Read from a subscription."""
        self._pubsub = pubsub

    def next(self) -> Head | None:
        """Return the next head; None if another message came, or none within a second."""
        message = self._pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
        decoded = None if message is None else decode(message["data"])
        return decoded if isinstance(decoded, Head) else None

    def until_schema(self, version: str, within_s: float) -> None:
        """Wait for a head that names the version."""

        def named() -> bool:
            head = self.next()
            return head is not None and head.schema == version

        until(named, within_s, f"a head names schema {version}")


@contextmanager
def heads(pipeline: Pipeline) -> Iterator[Heads]:
    """Subscribe to the channel of changes."""
    with pipeline.valkey.connect() as client, client.pubsub() as pubsub:
        pubsub.subscribe(CHANGES_CHANNEL)
        until(lambda: pubsub.get_message(timeout=1), 5, "subscribed")
        yield Heads(pubsub)


def version(pipeline: Pipeline) -> str:
    """Return the schema's version as PostgreSQL has it."""
    with pipeline.database.connect() as sql:
        row = sql.execute("SELECT order_schema_version()").fetchone()
    assert row is not None
    return str(row[0])


def alter(pipeline: Pipeline, statement: str) -> str:
    """Change a table; return the version of the schema from then on."""
    before = version(pipeline)
    with pipeline.database.connect() as sql:
        sql.execute(statement)
    after = version(pipeline)
    assert after != before
    return after


def stored(pipeline: Pipeline) -> tuple[str | None, Any]:
    """Return the version that orders:head names, and the document of orders:schema."""
    with pipeline.valkey.connect() as client:
        named: Any = client.hget(HEAD_KEY, "schema")
        document: Any = client.get(SCHEMA_KEY)
    return named and named.decode(), document and json.loads(document)


def is_stored(pipeline: Pipeline, wanted: str) -> bool:
    """Tell whether Redis has the schema of a version and names it."""
    named, document = stored(pipeline)
    return named == wanted and document is not None and document["version"] == wanted


def test_the_schema_is_there_from_the_start(pipeline: Pipeline) -> None:
    """The first head names the schema, whose document is what order_schema() returns."""
    listener = pipeline.listener().ready()
    until(lambda: is_stored(pipeline, version(pipeline)), 2)
    with pipeline.database.connect() as sql:
        row = sql.execute("SELECT order_schema()").fetchone()
    assert row is not None
    assert stored(pipeline)[1] == row[0]
    assert health(listener.port)[1]["schema"] == version(pipeline)


@pytest.mark.parametrize(
    "statement",
    [
        ADD_COLUMN,
        "ALTER TABLE orders RENAME COLUMN product_name TO title",
        "COMMENT ON COLUMN orders.status IS 'where it stands'",
        "CREATE TABLE notes (id bigint PRIMARY KEY, body text); SELECT watch_table('notes')",
    ],
)
def test_a_change_is_announced_within_two_seconds(pipeline: Pipeline, statement: str) -> None:
    """I10: after DDL a head names the new version, and the document is stored by then."""
    pipeline.listener().ready()
    with heads(pipeline) as channel:
        wanted = alter(pipeline, statement)
        channel.until_schema(wanted, 2)
        assert is_stored(pipeline, wanted)


def test_it_survives_a_flush_of_redis(pipeline: Pipeline) -> None:
    """I3: a Redis that lost everything gets the schema back with the head."""
    pipeline.listener().ready()
    wanted = version(pipeline)
    until(lambda: is_stored(pipeline, wanted), 2)
    with pipeline.valkey.connect() as client:
        client.flushall()
        until(lambda: is_stored(pipeline, wanted), 5)
        client.delete(SCHEMA_KEY)  # an eviction
        until(lambda: is_stored(pipeline, wanted), 3)


def test_a_new_leader_announces_what_changed_meanwhile(pipeline: Pipeline) -> None:
    """I8: DDL between two leaders is announced by the second one."""
    first = pipeline.listener().ready()
    until(lambda: is_stored(pipeline, version(pipeline)), 2)
    first.process.kill()
    wanted = alter(pipeline, ADD_COLUMN)
    pipeline.listener().ready()
    until(lambda: is_stored(pipeline, wanted), 3)


@pytest.mark.parametrize("is_new_leader", [False, True])
def test_a_change_is_announced_after_the_events_before_it(
    pipeline: Pipeline, *, is_new_leader: bool
) -> None:
    """I7, I10: who hears of DDL and fetches a snapshot gets no older event after it."""
    listener = pipeline.listener().ready()
    until(lambda: is_stored(pipeline, version(pipeline)), 2)
    if is_new_leader:
        listener.process.kill()
    with (
        pipeline.database.connect(autocommit=False) as taker,
        pipeline.database.connect() as writer,
        heads(pipeline) as channel,
    ):
        taker.execute("SELECT pg_advisory_xact_lock(order_lock('take'))")
        writer.execute(INSERT)
        wanted = alter(pipeline, "ALTER TABLE orders ALTER product_name TYPE text USING 'Other'")
        if is_new_leader:
            pipeline.listener()
        found: list[Head] = []

        def repeated() -> bool:
            head = channel.next()
            found.extend([] if head is None else [head])
            return len(found) == 2

        until(repeated, 5, "the leader repeats the head")
        assert wanted not in {head.schema for head in found}
        taker.commit()
        until(lambda: positions(pipeline.valkey) == [1], 5)
        channel.until_schema(wanted, 2)


def test_a_backlog_does_not_delay_the_first_schema(pipeline: Pipeline) -> None:
    """I10: gateways without a schema get it while the changes of the time before still wait."""
    with (
        pipeline.database.connect(autocommit=False) as taker,
        pipeline.database.connect() as writer,
    ):
        taker.execute("SELECT pg_advisory_xact_lock(order_lock('take'))")
        writer.execute(INSERT)
        pipeline.listener()
        until(lambda: is_stored(pipeline, version(pipeline)), 5)
        assert positions(pipeline.valkey) == []


def test_a_running_alter_table_delays_no_event(pipeline: Pipeline) -> None:
    """I10: while a transaction holds orders exclusively, waiting changes still reach Redis."""
    pipeline.listener().ready()
    until(lambda: is_stored(pipeline, version(pipeline)), 2)
    with (
        pipeline.database.connect(autocommit=False) as ddl,
        pipeline.database.connect(autocommit=False) as writer,
        heads(pipeline) as channel,
    ):
        writer.execute(INSERT)
        writer.commit()
        ddl.execute(ADD_COLUMN)
        until(lambda: positions(pipeline.valkey) == [1], 1)
        for _ in range(3):
            until(channel.next, 2, "heads go on")
        with pipeline.database.connect() as other:
            other.execute("CREATE TABLE notes (id bigint PRIMARY KEY)")
            other.execute("SELECT watch_table('notes')")
            other.execute("INSERT INTO notes VALUES (1)")
            until(lambda: positions(pipeline.valkey) == [1, 2], 1)
        ddl.commit()
        channel.until_schema(version(pipeline), 3)


def test_events_flow_without_a_schema(pipeline: Pipeline) -> None:
    """A database whose order_schema() fails still has its events published."""
    with pipeline.database.connect() as sql:
        sql.execute("DROP FUNCTION order_schema() CASCADE")
    listener = pipeline.listener().ready()
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2])
    assert health(listener.port)[1]["schema"] is None
    assert stored(pipeline) == (None, None)


@pytest.mark.parametrize(
    "harm",
    [
        """CREATE TABLE notes (id bigint PRIMARY KEY); SELECT watch_table('notes');
           ALTER TABLE notes DROP CONSTRAINT notes_pkey""",
        "DROP FUNCTION order_refresh_recorders()",
    ],
)
def test_changes_are_announced_whatever_becomes_of_one_table(pipeline: Pipeline, harm: str) -> None:
    """I10: a table without primary key, or without new trigger functions, hides no other change."""
    pipeline.listener().ready()
    with heads(pipeline) as channel:
        channel.until_schema(version(pipeline), 5)
        with pipeline.database.connect() as sql:
            sql.execute(harm)
        for statement in (ADD_COLUMN, "ALTER TABLE orders DROP COLUMN currency"):
            channel.until_schema(alter(pipeline, statement), 5)


def test_trigger_functions_are_made_anew(pipeline: Pipeline) -> None:
    """I10: after DDL the listener has the code that records changes made for the new columns."""
    found = (
        "SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%OLD.currency%'"
        " AND proname = 'order_update_' || 'orders'::regclass::oid"
    )
    pipeline.listener().ready()
    with pipeline.database.connect() as sql:
        alter(pipeline, ADD_COLUMN)
        until(lambda: sql.execute(found).fetchone() == (1,), 5, "the trigger functions are new")


def test_partitions_are_followed(pipeline: Pipeline) -> None:
    """I1, I10: rows that come or leave with a partition are events, and the schema is announced."""
    with pipeline.database.connect() as sql:
        sql.execute(
            "CREATE TABLE stock (place text, item int, PRIMARY KEY (place, item))"
            " PARTITION BY LIST (place)"
        )
        sql.execute("CREATE TABLE stock_a PARTITION OF stock FOR VALUES IN ('a')")
        sql.execute("SELECT watch_table('stock')")
    pipeline.listener().ready()
    with heads(pipeline) as announced:
        announced.until_schema(version(pipeline), 5)
        alter(
            pipeline,
            "CREATE TABLE stock_b (LIKE stock); INSERT INTO stock_b VALUES ('b', 1), ('b', 2);"
            "ALTER TABLE stock ATTACH PARTITION stock_b FOR VALUES IN ('b')",
        )
        until(lambda: operations(pipeline) == ["INSERT", "INSERT"], 5, "the rows that came")
        until(lambda: settled(pipeline), 5, "the partition is guarded")
        announced.until_schema(version(pipeline), 5)
        alter(pipeline, "ALTER TABLE stock DETACH PARTITION stock_b")
        until(lambda: operations(pipeline)[2:] == ["DELETE", "DELETE"], 5, "the rows that left")
        announced.until_schema(version(pipeline), 5)


def settled(pipeline: Pipeline) -> bool:
    """Return whether all partitions are followed."""
    with pipeline.database.connect() as sql:
        return sql.execute("SELECT order_partitions_changed()").fetchone() == (False,)


def operations(pipeline: Pipeline) -> list[str]:
    """Return the operations in the log, in order."""
    with pipeline.database.connect() as sql:
        found = sql.execute("SELECT operation FROM order_events ORDER BY position").fetchall()
    return [row[0] for row in found]
