"""A Redis with less memory than the log would fill: the log is a cache and shrinks."""

from typing import Any

import pytest
import redis

from harness.follower import Follower
from harness.pipeline import Pipeline, health
from harness.redis_log import positions, write
from harness.waiting import until
from orders_contract.names import HEAD_KEY

MANY = (
    "INSERT INTO orders (customer_name, product_name, note)"
    " SELECT 'Ada', 'Laptop', repeat('x', 2000) FROM generate_series(1, 100)"
)


@pytest.fixture(autouse=True)
def _room_for_large_orders(pipeline: Pipeline) -> None:
    with pipeline.database.connect() as sql:
        sql.execute("ALTER TABLE orders ADD COLUMN note text")


def limit_memory(pipeline: Pipeline, extra_bytes: int, policy: str) -> None:
    """Let Redis have a little more memory than it uses."""
    with pipeline.valkey.connect() as client:
        memory: Any = client.info("memory")
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", int(memory["used_memory"]) + extra_bytes)


def fill(client: "redis.Redis") -> None:
    """Store data until Redis refuses it."""
    for number in range(1000):
        client.set(f"other:{number}", b"x" * 50_000)


def head(pipeline: Pipeline) -> int:
    """Return how far Redis has been published to."""
    with pipeline.valkey.connect() as client:
        position: Any = client.hget(HEAD_KEY, "position")
    return int(position or 0)


@pytest.mark.parametrize(
    ("policy", "known"),
    [
        ("noeviction", True),
        ("noeviction", False),
        ("allkeys-lru", False),
        ("allkeys-random", False),  # takes what the listener used last, too
        ("volatile-lru", False),
        ("volatile-ttl", False),  # takes the signs of life of listener and gateways first
    ],
)
def test_the_log_shrinks_and_events_flow(pipeline: Pipeline, policy: str, known: bool) -> None:  # noqa: FBT001
    """I3, I7: 5 MB of events pass a Redis with 2 MB to spare; a client sees each event once.

    ``known`` is whether the listener can learn of the limit when it connects.
    """
    if known:
        limit_memory(pipeline, 2_000_000, policy)
    listener = pipeline.listener().ready()
    # Evictions may take the log away at any time; the API has what a gateway then misses.
    gateway = pipeline.gateway(API_URL=pipeline.api().url).ready()
    if not known:
        limit_memory(pipeline, 2_000_000, policy)
    with Follower(gateway.ws_url) as follower, pipeline.database.connect() as sql:
        for number in range(1, 26):
            sql.execute(MANY)
            follower.until(number * 100)
        assert [event["position"] for event in follower.events] == list(range(1, 2501))
    assert health(listener.port)[0] == 200
    kept = positions(pipeline.valkey)
    assert kept == list(range(2501 - len(kept), 2501))


def test_events_flow_though_others_fill_redis(pipeline: Pipeline) -> None:
    """I3: with no room for any log, head and messages still pass; the log returns with room."""
    listener = pipeline.listener().ready()
    write(pipeline, 1)
    until(lambda: positions(pipeline.valkey) == [1])
    with pipeline.valkey.connect() as client:
        limit_memory(pipeline, 2_000_000, "noeviction")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            fill(client)
        with pipeline.database.connect() as sql:
            sql.execute(MANY)
        until(lambda: head(pipeline) == 101, 5)
        until(lambda: health(listener.port)[0] == 200, 5)
        client.delete(*client.keys("other:*"))
        write(pipeline, 3)
        until(lambda: positions(pipeline.valkey)[-3:] == [102, 103, 104], 5)


def test_an_empty_redis_without_room_gets_no_history(pipeline: Pipeline) -> None:
    """I3: history that does not fit is left out, so that the head can be set."""
    with pipeline.database.connect() as sql:
        for _ in range(10):
            sql.execute(MANY)
    limit_memory(pipeline, 300_000, "noeviction")
    listener = pipeline.listener().ready()
    until(lambda: head(pipeline) == 1000, 5)
    write(pipeline, 1)
    until(lambda: head(pipeline) == 1001, 5)
    assert health(listener.port)[0] == 200
