"""A listener is healthy only if PostgreSQL answers and changes flow; dead connections end soon."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from harness.odd_settings import ODD_SETTINGS, give
from harness.pipeline import Pipeline, health
from harness.proxy import Proxy
from harness.redis_log import INSERT, positions, write
from harness.roles import LISTENER_ROLE
from harness.servers import Postgres
from harness.waiting import until

LISTENER = "orders-listener"


def backend(pipeline: Pipeline) -> int:
    """Return the process id of the listener's session that takes changes."""
    with pipeline.database.connect() as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [LISTENER],
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_stopped_backend_is_given_up(pipeline: Pipeline) -> None:
    """I3: PostgreSQL's process for the session hangs. The listener notices it and leads without it.

    The hanging session keeps the leader's lock, which only saves work (I8).
    """
    listener = pipeline.listener().ready()
    write(pipeline, 1)
    until(lambda: positions(pipeline.valkey) == [1])
    with stopped(backend(pipeline)):
        write(pipeline, 2)
        until(lambda: health(listener.port)[0] == 503, 10, "health says down")
        until(lambda: positions(pipeline.valkey) == [1, 2, 3], 15, "events flow again")
        until(lambda: health(listener.port)[0] == 200, 5, "health says ok")
        write(pipeline, 1)
        until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4], 3)


@pytest.mark.anyio
async def test_a_half_open_connection_is_given_up(pipeline: Pipeline) -> None:
    """I3: a proxy keeps the listener's connections open and passes nothing on; new ones work."""
    proxy = Proxy(pipeline.database.port)
    await proxy.open()
    try:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(_abandon_and_recover, pipeline, proxy, loop)
    finally:
        await proxy.close()


def _abandon_and_recover(pipeline: Pipeline, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
    listener = pipeline.listener(DB_PORT=str(proxy.port)).ready()
    write(pipeline, 1)
    until(lambda: positions(pipeline.valkey) == [1])
    loop.call_soon_threadsafe(proxy.abandon)
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3], 10, "events flow again")
    until(lambda: health(listener.port)[1].get("sessions") == 2)


@pytest.mark.anyio
async def test_the_head_is_repeated_only_while_postgresql_answers(pipeline: Pipeline) -> None:
    """Gateways show as live only what the database confirmed within seconds."""
    proxy = Proxy(pipeline.database.port)
    await proxy.open()
    try:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(_freeze_and_listen, pipeline, proxy, loop)
    finally:
        await proxy.close()


def _freeze_and_listen(pipeline: Pipeline, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
    listener = pipeline.listener(DB_PORT=str(proxy.port)).ready()
    with pipeline.valkey.connect() as client, client.pubsub() as pubsub:
        pubsub.subscribe("orders:changes")

        def head(timeout_s: float) -> bool:
            return pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout_s) is not None

        until(lambda: head(0.5), 5, "heads come")
        loop.call_soon_threadsafe(proxy.freeze)
        until(lambda: not head(2.0), 8, "no head for two seconds")
        until(lambda: health(listener.port)[0] == 503, 8, "health says down")
    loop.call_soon_threadsafe(proxy.thaw)
    listener.ready()


def test_changes_that_keep_waiting_are_noticed(pipeline: Pipeline) -> None:
    """PostgreSQL answers, but a lock prevents takes: health reports it within 10 s."""
    listener = pipeline.listener().ready()
    with pipeline.database.connect() as blocking:
        blocking.execute("SELECT pg_advisory_lock(order_lock('take'))")
        write(pipeline, 1)
        until(lambda: health(listener.port)[0] == 503, 10, "health says down")
    until(lambda: positions(pipeline.valkey) == [1], 10)
    listener.ready()


def test_the_session_overrides_settings_of_its_role(pipeline: Pipeline, postgres: Postgres) -> None:
    """The listener's sessions set what they depend on, whatever ALTER ROLE says.

    The writers here are serializable; that costs the listener no session.
    """
    replica = {"session_replication_role": "replica"}
    give(postgres, pipeline.database, LISTENER_ROLE, {**ODD_SETTINGS, **replica})
    serializable = {"default_transaction_isolation": "serializable"}
    give(postgres, pipeline.database, pipeline.database.user, serializable)
    listener = pipeline.listener().ready()
    with psycopg.connect(pipeline.database.url) as orders:
        for _ in range(50):
            orders.execute(INSERT)
            orders.execute("UPDATE orders SET quantity = quantity + 1")
            orders.commit()
    until(lambda: positions(pipeline.valkey)[-1:] == [50 + 50 * 51 // 2], 15)
    status = health(listener.port)[1]
    assert (status["sessions"], status["last_error"]) == (1, None)
    assert status["schema"] is not None


def test_a_redis_that_ends_idle_connections(pipeline: Pipeline) -> None:
    """A quiet hour costs no session: the connection that publishes is never idle for long."""
    listener = pipeline.listener().ready()
    gateway = pipeline.gateway().ready()
    with pipeline.valkey.connect() as redis:
        redis.config_set("timeout", 3)
        ages: Any = redis.client_list
        known = {client["id"] for client in ages()}
        until(lambda: all(int(each["age"]) > 8 for each in ages() if each["id"] in known), 30)
    write(pipeline, 1)
    until(lambda: gateway.position() == 1, 5, "the event arrives")
    assert health(listener.port)[1]["sessions"] == 1
    assert "source_lost" not in gateway.process.output()
