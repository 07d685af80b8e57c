"""When writers notify the listener: only while it sleeps, and never in vain for long."""

import json
import random
import signal
import threading
import time
from typing import Any

import psycopg

from harness.pipeline import Pipeline
from harness.redis_log import INSERT, positions, write
from harness.waiting import until


def notifies(writer: psycopg.Connection[Any], statement: bytes) -> bool:
    """Tell whether a statement, committed at once, notified. The connection must LISTEN."""
    writer.execute(statement)
    return any(True for _ in writer.notifies(timeout=0))


def sleeps(pipeline: Pipeline) -> bool:
    """Tell whether the listener sleeps, without a write that might keep it awake."""
    with pipeline.database.connect() as sql:
        held = sql.execute(
            b"SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
            b" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            b" AND (classid::bigint << 32 | objid::bigint) = order_lock('asleep')"
        )
        return held.fetchone() is not None


def test_it_wakes_up_for_bursts_while_it_settles(pipeline: Pipeline) -> None:
    """I5: bursts do not notify, even while an open transaction keeps the listener from sleeping."""
    pipeline.listener().ready()
    many = INSERT + b", ('Bob', 'Chair')" * 19
    with pipeline.database.connect() as writer, pipeline.database.connect() as slow:
        slow.autocommit = False
        slow.execute(INSERT)
        writer.execute(b"LISTEN orders_changes")
        for _ in range(2):  # the first time it may have settled before
            until(lambda: sleeps(pipeline) and notifies(writer, INSERT), 5, "it sleeps")
            until(lambda: not notifies(writer, many), 5, "it is awake")


def test_writers_do_not_notify_a_stopped_listener_for_long(pipeline: Pipeline) -> None:
    """I5: a listener that was stopped asleep costs writers notifications for some seconds only.

    I3: without a standby, it takes the changes written meanwhile when it continues.
    """
    listener = pipeline.listener().ready()
    with pipeline.database.connect() as writer:
        writer.execute(b"LISTEN orders_changes")
        written = 0

        def hears() -> bool:
            nonlocal written
            written += 1
            return notifies(writer, INSERT)

        until(lambda: sleeps(pipeline) and hears(), 5, "it sleeps")
        listener.process.signal(signal.SIGSTOP)
        until(lambda: not hears(), 6, "writers do not notify")
        assert not hears()
        listener.process.signal(signal.SIGCONT)
        until(lambda: positions(pipeline.valkey) == list(range(1, written + 1)), 3)
        until(lambda: sleeps(pipeline) and hears(), 5, "it sleeps and writers notify again")


def test_writers_notify_only_while_the_listener_sleeps(pipeline: Pipeline) -> None:
    """I5: without a sleeping listener no write notifies, so commits do not wait for each other."""
    with pipeline.database.connect() as ear, pipeline.database.connect() as sql:
        ear.execute(b"LISTEN orders_changes")
        sql.execute(INSERT)
        assert list(ear.notifies(timeout=0.2)) == []
        listener = pipeline.listener().ready()

        def rung() -> bool:
            sql.execute(INSERT)
            return bool(list(ear.notifies(timeout=0.2, stop_after=1)))

        until(rung, what="writers notify a sleeping listener")
        payload = json.loads(_next_payload(ear, sql))
        assert payload == {"table": "orders"}
        listener.process.kill()
        until(lambda: not sleeps(pipeline), what="PostgreSQL has ended its session")
        list(ear.notifies(timeout=0.2))
        sql.execute(INSERT)
        assert list(ear.notifies(timeout=0.2)) == []


def _next_payload(ear: Any, sql: Any) -> str:
    def payload() -> str | None:
        sql.execute(INSERT)
        heard = list(ear.notifies(timeout=0.2, stop_after=1))
        return heard[0].payload if heard else None

    found = until(payload)
    assert found is not None
    return found


def test_a_long_transaction_delays_only_its_own_events(pipeline: Pipeline) -> None:
    """I5: while a transaction is open, other events flow; its own come after its commit."""
    pipeline.listener().ready()
    with pipeline.database.connect(autocommit=False) as slow:
        slow.execute(INSERT)
        write(pipeline, 200)
        until(lambda: positions(pipeline.valkey) == list(range(1, 201)))
        slow.commit()
    until(lambda: positions(pipeline.valkey) == list(range(1, 202)))


def test_writes_at_the_moment_of_falling_asleep_are_seen(pipeline: Pipeline) -> None:
    """I3: four writers with short random pauses hit each step of the doorbell's protocol."""
    pipeline.listener().ready()
    writers = [
        threading.Thread(target=_write_with_pauses, args=(pipeline, seed)) for seed in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    until(lambda: positions(pipeline.valkey) == list(range(1, 801)), 5)


def _write_with_pauses(pipeline: Pipeline, seed: int) -> None:
    random_ = random.Random(seed)
    with pipeline.database.connect() as sql:
        for _ in range(200):
            sql.execute(INSERT)
            time.sleep(random_.random() / 100)  # the pauses are the test
