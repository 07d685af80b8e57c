"""The listener between a real PostgreSQL and a real Valkey."""

import asyncio
import json
import random
import signal
import time

import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, health
from harness.proxy import Proxy
from harness.redis_log import INSERT, positions, write
from harness.servers import Postgres
from harness.valkey import Valkey
from harness.waiting import until
from orders_contract.batches import Batch, Head, decode
from orders_contract.names import CHANGES_CHANNEL, HEAD_KEY, LISTENER_KEY, LOG_KEY


def test_a_batch_is_in_the_log_and_on_the_channel(pipeline: Pipeline) -> None:
    """I4: log entry and message hold the same rendering; the entry's ID is the last position."""
    pipeline.listener().ready()
    with pipeline.valkey.connect() as client, client.pubsub() as pubsub:
        pubsub.subscribe(CHANGES_CHANNEL)
        write(pipeline, 1)

        def batch() -> Batch | None:
            message = pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
            decoded = None if message is None else decode(message["data"])
            return decoded if isinstance(decoded, Batch) else None

        published = until(batch)
        assert published is not None
        ((entry, fields),) = client.xrange(LOG_KEY)
    assert entry == b"1-0"
    assert fields[b"events"] == published.events
    assert fields[b"stream"].decode() == published.stream
    assert (published.first, published.last) == (1, 1)


def test_the_head_is_repeated_every_second(pipeline: Pipeline) -> None:
    """I3: the head that follows within about a second reveals a lost last message."""
    pipeline.listener().ready()
    write(pipeline, 3)
    with pipeline.valkey.connect() as client, client.pubsub() as pubsub:
        pubsub.subscribe(CHANGES_CHANNEL)

        def head() -> bool:
            message = pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
            decoded = None if message is None else decode(message["data"])
            return isinstance(decoded, Head) and decoded.position == 3

        until(head, 5)
        presence = json.loads(client.get(LISTENER_KEY) or "{}")
    assert presence["position"] == 3


def test_changes_written_without_a_listener_are_published_at_its_start(pipeline: Pipeline) -> None:
    """I3: without a listener, changes wait in the outbox."""
    write(pipeline, 5)
    pipeline.listener().ready()
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4, 5])


def test_a_batch_taken_but_not_published_is_published_at_the_next_start(pipeline: Pipeline) -> None:
    """I3: a listener that is killed between taking and publishing loses nothing: the log has it."""
    pipeline.listener().ready()
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2])
    pipeline.services[0].process.kill()
    write(pipeline, 2)
    with pipeline.database.connect() as sql:
        sql.execute(b"SELECT take_order_events()")  # as the listener would, and then no more
    write(pipeline, 1)
    pipeline.listener().ready()
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4, 5])


def test_a_new_session_takes_what_waits(pipeline: Pipeline) -> None:
    """I3: a change written between two sessions of the listener is published."""
    listener = pipeline.listener().ready()
    write(pipeline, 1)
    with pipeline.database.connect() as sql:
        sql.execute(
            b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            b" WHERE application_name = 'orders-listener' AND datname = current_database()"
        )
        sql.execute(INSERT)
    until(lambda: positions(pipeline.valkey) == [1, 2])
    until(lambda: health(listener.port)[1].get("sessions") == 2)


def test_a_redis_that_restarts_empty_is_filled_again(pipeline: Pipeline) -> None:
    """I3: Redis is a cache of the log: when empty, it gets history and head back by itself."""
    pipeline.listener().ready()
    write(pipeline, 3)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3])
    pipeline.valkey.restart()
    write(pipeline, 1)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4])


@pytest.mark.slow  # 160 MB of history
def test_a_leader_that_fills_redis_is_not_deposed(pipeline: Pipeline) -> None:
    """I8: filling an empty Redis may take longer than a standby tolerates a stalled leader."""
    listeners = [pipeline.listener(), pipeline.listener()]
    for listener in listeners:
        listener.ready()
    with pipeline.database.connect() as sql:
        sql.execute(b"ALTER TABLE orders ADD COLUMN note text")
        sql.execute(
            b"INSERT INTO orders (customer_name, product_name, note)"
            b" SELECT 'c', 'p', repeat('x', 8000) FROM generate_series(1, 20000)"
        )
    with pipeline.valkey.connect() as client:
        until(lambda: client.hget("orders:head", "position") == b"20000", 60)
        client.flushall()
        write(pipeline, 1)
        until(lambda: client.hget("orders:head", "position") == b"20001", 60)
    assert not any("leader_stalled" in each.process.output() for each in listeners)


def test_flushall_is_noticed_without_writes(pipeline: Pipeline) -> None:
    """I3: the next beat finds that Redis lost the head, and the log is published again."""
    pipeline.listener().ready()
    write(pipeline, 3)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3])
    with pipeline.valkey.connect() as client:
        client.flushall()
    until(lambda: positions(pipeline.valkey) == [1, 2, 3])


def test_the_log_of_another_database_is_dropped(pipeline: Pipeline) -> None:
    """I7: if Redis holds another stream, its log is dropped and not continued."""
    with pipeline.valkey.connect() as client:
        client.hset(HEAD_KEY, mapping={"stream": "0-another", "position": 500})
        client.xadd(LOG_KEY, {"first": 1, "stream": "0-another", "events": "[]"}, id="500-0")
    pipeline.listener().ready()
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2])


def test_two_listeners_publish_everything_once(pipeline: Pipeline) -> None:
    """I8: two listeners at work at once leave a log without gaps or duplicates."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        write(pipeline, 300)
        events = follower.until(300)
    assert [event["position"] for event in events] == list(range(1, 301))
    assert positions(pipeline.valkey) == list(range(1, 301))


@pytest.mark.parametrize("kills", [50])
def test_repeated_kills_under_load_lose_nothing(pipeline: Pipeline, kills: int) -> None:
    """I3: the listener is killed at arbitrary moments; each event arrives once, in order."""
    gateway = pipeline.gateway()
    listener = pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        for _ in range(kills):
            write(pipeline, 20)
            listener.process.kill()
            write(pipeline, 5)
            listener = pipeline.listener()
        events = follower.until(kills * 25, 20)
    assert [event["position"] for event in events] == list(range(1, kills * 25 + 1))


def test_sigterm_ends_it_cleanly(pipeline: Pipeline) -> None:
    """SIGTERM ends the listener within seconds with status 0."""
    listener = pipeline.listener().ready()
    listener.process.signal(signal.SIGTERM)
    assert listener.process.wait(5) == 0
    assert "Traceback" not in listener.process.output()


def test_health_is_503_while_redis_is_away(pipeline: Pipeline) -> None:
    """/health is 503 while changes cannot reach Redis, and 200 again afterwards."""
    listener = pipeline.listener().ready()
    pipeline.valkey.stop()
    until(lambda: health(listener.port)[0] == 503)
    pipeline.valkey.start()
    until(lambda: health(listener.port)[0] == 200)
    assert health(listener.port, "/elsewhere")[0] == 404


def test_it_waits_for_its_database(own_postgres: Postgres, redis_url: Valkey) -> None:
    """I3: a listener that starts before its database, or sees it crash, recovers by itself."""
    database = own_postgres.create_database()
    own_postgres.stop()
    with Pipeline(database, redis_url) as pipeline:
        listener = pipeline.listener()
        until(lambda: health(listener.port)[0] == 503)
        own_postgres.start()
        listener.ready()
        write(pipeline, 1)
        until(lambda: positions(redis_url) == [1])
        own_postgres.kill()
        own_postgres.start()
        write(pipeline, 1)
        until(lambda: positions(redis_url) == [1, 2])


def leaders(*listeners: Service) -> list[Service]:
    """Return the listeners that lead."""
    return [one for one in listeners if health(one.port)[1].get("role") == "leader"]


def test_a_standby_takes_over_from_a_killed_leader(pipeline: Pipeline) -> None:
    """I8: after the leading listener is killed the other one leads, and nothing is lost."""
    first = pipeline.listener().ready()
    second = pipeline.listener().ready()
    assert leaders(first, second) == [first]
    write(pipeline, 3)
    first.process.kill()
    write(pipeline, 3)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4, 5, 6], 3)
    assert leaders(second) == [second]


def test_a_stopped_leader_is_replaced_and_does_no_harm_when_it_continues(
    pipeline: Pipeline,
) -> None:
    """I8: a standby ends the session of a stopped leader, which later becomes the standby."""
    first = pipeline.listener().ready()
    second = pipeline.listener().ready()
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2])
    first.process.signal(signal.SIGSTOP)
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4], 10)
    first.process.signal(signal.SIGCONT)
    until(lambda: health(first.port)[1].get("role") == "standby")
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4, 5, 6])
    assert leaders(first, second) == [second]


@pytest.mark.slow
def test_sessions_that_end_while_listeners_are_stopped_are_replaced(pipeline: Pipeline) -> None:
    """I3: sessions end at any moment, also when a question is sent before the end is noticed."""
    listeners = [pipeline.listener().ready() for _ in range(2)]
    chance = random.Random(1)
    for _ in range(20):
        time.sleep(0.3 + 0.3 * chance.random())  # to be met at different moments
        for each in listeners:
            each.process.signal(signal.SIGSTOP)
        with pipeline.database.connect() as sql:
            sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        time.sleep(0.05 + 0.3 * chance.random())  # stopped, so that their timers expire
        for each in listeners:
            each.process.signal(signal.SIGCONT)
        until(lambda: all(health(each.port)[0] == 200 for each in listeners), 8)


def test_an_idle_stopped_leader_is_replaced(pipeline: Pipeline) -> None:
    """I8: a stopped leader is replaced without any write, since gateways get no heads from it."""
    first = pipeline.listener().ready()
    second = pipeline.listener().ready()
    first.process.signal(signal.SIGSTOP)
    until(lambda: leaders(second) == [second], 15)


@pytest.mark.anyio
async def test_a_leader_cut_off_from_postgresql_learns_that_it_was_deposed(
    pipeline: Pipeline,
) -> None:
    """I8: it cannot see the end of its session, but the other leader's presence in Redis."""
    proxy = Proxy(pipeline.database.port)
    await proxy.open()
    try:
        await asyncio.to_thread(_lose_the_lead, pipeline, proxy, asyncio.get_running_loop())
    finally:
        await proxy.close()


def _lose_the_lead(pipeline: Pipeline, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
    first = pipeline.listener(DB_PORT=str(proxy.port)).ready()
    second = pipeline.listener().ready()
    assert leaders(first, second) == [first]
    loop.call_soon_threadsafe(proxy.freeze)
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2], 10)
    until(lambda: leaders(first, second) == [second], 3)
    loop.call_soon_threadsafe(proxy.thaw)
    until(lambda: health(first.port)[1].get("role") == "standby")
    write(pipeline, 2)
    until(lambda: positions(pipeline.valkey) == [1, 2, 3, 4])
    assert leaders(first, second) == [second]
