"""Resuming from a position (I7)."""

import json
import uuid
from typing import Any

import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline
from harness.waiting import until
from orders_contract.batches import Head, encode
from orders_contract.names import CHANGES_CHANNEL, HEAD_KEY, LOG_KEY

INSERT = b"INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def write(pipeline: Pipeline, orders: int) -> None:
    """Commit orders one by one."""
    with pipeline.database.connect() as sql:
        for _ in range(orders):
            sql.execute(INSERT)


def published(pipeline: Pipeline, position: int) -> None:
    """Wait until Redis has everything up to a position."""
    with pipeline.valkey.connect() as client:
        until(lambda: client.hget(HEAD_KEY, "position") == str(position).encode())


def numbers(follower: Follower) -> list[int]:
    """Return the positions of the events a follower has seen."""
    return [event["position"] for event in follower.events]


def test_a_client_resumes_from_the_ring(pipeline: Pipeline) -> None:
    """I7: every missed event comes once and in order, then the live ones."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as first:
        write(pipeline, 5)
        first.until(5)
        stream = first.hello["stream"]
    with Follower(gateway.ws_url, after=2, stream=stream) as second:
        assert second.hello["position"] == 2
        second.until(5)
        write(pipeline, 1)
        second.until(6)
    assert numbers(second) == [3, 4, 5, 6]


def test_a_gateway_without_a_ring_resumes_from_redis(pipeline: Pipeline) -> None:
    """I7: a gateway that has just started serves the missed events from Redis."""
    pipeline.listener().ready()
    write(pipeline, 40)
    published(pipeline, 40)  # otherwise the gateway's ring would hold them
    gateway = pipeline.gateway().ready()
    until(lambda: gateway.position() == 40)
    with Follower(gateway.ws_url, after=7) as follower:
        follower.until(40)
    assert numbers(follower) == list(range(8, 41))


def test_events_older_than_redis_come_from_the_log(pipeline: Pipeline) -> None:
    """I7: events that Redis has dropped come from the log through the API, the rest from Redis."""
    api = pipeline.api()
    pipeline.listener().ready()
    write(pipeline, 30)
    published(pipeline, 30)  # otherwise the gateway's ring would hold them
    gateway = pipeline.gateway(API_URL=f"http://127.0.0.1:{api.port}").ready()
    until(lambda: gateway.position() == 30)
    with pipeline.valkey.connect() as client:
        client.xtrim(LOG_KEY, minid=21, approximate=False)
    with Follower(gateway.ws_url, after=3) as follower:
        follower.until(30)
    assert numbers(follower) == list(range(4, 31))


def test_events_pruned_from_the_log_are_a_reset(pipeline: Pipeline) -> None:
    """I7: a client whose events are gone gets a reset, then the events after its position."""
    api = pipeline.api()
    pipeline.listener().ready()
    write(pipeline, 30)
    published(pipeline, 30)  # otherwise the gateway's ring would hold them
    gateway = pipeline.gateway(API_URL=f"http://127.0.0.1:{api.port}").ready()
    until(lambda: gateway.position() == 30)
    with pipeline.valkey.connect() as client:
        client.delete(LOG_KEY)  # a trim would keep a batch that ends late enough
    with pipeline.database.connect() as sql:
        sql.execute(b"SELECT prune_order_events(10)")
    with Follower(gateway.ws_url, after=3) as follower:
        reset = follower.next("reset")
        write(pipeline, 1)
        follower.until(31)
    assert reset == {"type": "reset", "reason": "expired", "position": 30}
    assert numbers(follower) == [31]


def test_a_client_that_waits_for_the_log_gets_heartbeats(pipeline: Pipeline) -> None:
    """I7: while the log is unavailable, heartbeats carry the position the client has."""
    pipeline.listener().ready()
    write(pipeline, 30)
    published(pipeline, 30)  # otherwise the gateway's ring would hold them
    gateway = pipeline.gateway(HEARTBEAT_INTERVAL_S="0.2").ready()
    until(lambda: gateway.position() == 30)
    with pipeline.valkey.connect() as client:
        lost = client.xrange(LOG_KEY)
        client.delete(LOG_KEY)
        with Follower(gateway.ws_url, after=3) as follower:
            assert follower.next("heartbeat")["position"] == 3
            assert follower.next("heartbeat")["position"] == 3
            for entry_id, fields in lost:
                client.xadd(LOG_KEY, fields, entry_id)
            follower.until(30)
    assert numbers(follower) == list(range(4, 31))


def test_another_stream_is_a_reset(pipeline: Pipeline) -> None:
    """I7: a client with a position of another stream gets a reset that says so."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    write(pipeline, 3)
    gateway.ready()
    until(lambda: gateway.position() == 3)
    with Follower(gateway.ws_url, after=2, stream=str(uuid.uuid4())) as follower:
        reset = follower.next("reset")
        write(pipeline, 1)
        follower.until(4)
    assert reset["reason"] == "unknown_stream"
    assert numbers(follower) == [4]


def test_a_position_ahead_of_the_stream_is_a_reset(pipeline: Pipeline) -> None:
    """I7: a client ahead of the stream gets a reset if the stream does not reach it in time."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url, after=1000) as follower:
        reset = follower.next("reset")
    assert reset == {"type": "reset", "reason": "ahead", "position": 0}


def test_a_client_a_little_ahead_waits_for_the_stream(pipeline: Pipeline) -> None:
    """A snapshot may be ahead of the gateway for a moment: no reset and no repeated event."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url, after=2) as follower:
        assert follower.hello["position"] == 2
        write(pipeline, 3)
        follower.until(3)
    assert numbers(follower) == [3]


def test_history_that_is_further_than_the_ring_is_waited_for(pipeline: Pipeline) -> None:
    """I7: events in Redis that were not yet published reach a resuming client once."""
    pipeline.listener().ready()
    write(pipeline, 2)
    published(pipeline, 2)
    gateway = pipeline.gateway().ready()
    with pipeline.valkey.connect() as client:
        stream = client.hget(HEAD_KEY, "stream")
        event = {**_an_event(client.xrevrange(LOG_KEY, count=1)), "position": 3}
        fields = {"first": 3, "stream": stream, "events": json.dumps([event])}
        client.xadd(LOG_KEY, fields, "3-0")
        with Follower(gateway.ws_url, after=0) as follower:
            follower.until(3)
            client.delete(LOG_KEY)  # otherwise the listener's entry is refused
            write(pipeline, 2)
            follower.until(4)
    assert numbers(follower) == [1, 2, 3, 4]


def _an_event(entries: Any) -> dict[str, Any]:
    [(_, fields)] = entries
    event: dict[str, Any] = json.loads(fields[b"events"])[-1]
    return event


def test_a_lost_message_is_fetched_before_anything_later(pipeline: Pipeline) -> None:
    """I3: a gateway that loses its subscription fetches what it missed before later events."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        write(pipeline, 2)
        follower.until(2)
        with pipeline.valkey.connect() as client:
            for _ in range(5):
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                write(pipeline, 4)
        follower.until(22)
    assert numbers(follower) == list(range(1, 23))


def test_the_head_reveals_a_lost_message(pipeline: Pipeline) -> None:
    """I3: when the last message is lost, the next head reveals it within about a second."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower, pipeline.valkey.connect() as client:
        write(pipeline, 1)
        follower.until(1)
        client.execute_command("ACL", "SETUSER", "default", "resetchannels", "&nobody")
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        client.execute_command("ACL", "SETUSER", "default", "allchannels")
        write(pipeline, 1)
        follower.until(2, 5)
    assert numbers(follower) == [1, 2]


def test_invalid_messages_on_the_channel_are_ignored(pipeline: Pipeline) -> None:
    """A message that is neither batch nor head is ignored."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower, pipeline.valkey.connect() as client:
        for payload in (b"", b"hello", b"{}", b'{"events":[]}', b"\xff\xfe", b'{"a":1,"events":'):
            client.publish(CHANGES_CHANNEL, payload)
        write(pipeline, 2)
        follower.until(2)
    assert numbers(follower) == [1, 2]


def test_flushall_affects_no_client(pipeline: Pipeline) -> None:
    """I3: after FLUSHALL connected clients see no reset, no gap and no repeated event."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower, pipeline.valkey.connect() as client:
        for round_ in range(1, 4):
            write(pipeline, 10)
            client.flushall()
            write(pipeline, 10)
            follower.until(20 * round_)
    assert numbers(follower) == list(range(1, 61))


@pytest.mark.parametrize(
    ("happened", "reset_to", "seen"),
    [
        (b"DELETE FROM order_events WHERE position > 2", ("unknown_stream", 2), [1, 2, 3, 4, 5, 3]),
        (
            b"UPDATE order_stream SET id = gen_random_uuid()",
            ("unknown_stream", 5),
            [1, 2, 3, 4, 5, 6],
        ),
    ],
    ids=["an older backup", "another stream"],
)
def test_a_database_that_went_back_resets_every_client(
    pipeline: Pipeline, happened: bytes, reset_to: tuple[str, int], seen: list[int]
) -> None:
    """I7: positions that run backwards, or another stream id, reset every client."""
    gateway = pipeline.gateway()
    listener = pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        write(pipeline, 5)
        follower.until(5)
        listener.process.kill()
        with pipeline.database.connect() as sql:
            sql.execute(happened)
        pipeline.listener().ready()
        reset = follower.next("reset")
        write(pipeline, 1)
        follower.until(seen[-1])
    assert (reset["reason"], reset["position"]) == reset_to
    assert numbers(follower) == seen


def test_a_late_head_resets_no_client(pipeline: Pipeline) -> None:
    """I7: a head that arrives after later events does not mean that the database went back."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower, pipeline.valkey.connect() as client:
        write(pipeline, 5)
        follower.until(5)
        late = encode(Head(follower.hello["stream"], 2))
        client.publish(CHANGES_CHANNEL, late)
        write(pipeline, 1)
        follower.until(6)
    assert numbers(follower) == [1, 2, 3, 4, 5, 6]


def test_a_client_may_ask_for_the_newest_states_only(pipeline: Pipeline) -> None:
    """I7: with conflate=1 missed events come as the newest state of each row, then every event."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as first, pipeline.database.connect() as sql:
        write(pipeline, 3)
        for _ in range(20):
            sql.execute("UPDATE orders SET quantity = quantity + 1")
        first.until(63)
    with Follower(f"{gateway.ws_url}?after=2&conflate=1") as second:
        assert numbers_until(second, 63) == [61, 62, 63]
        write(pipeline, 2)
        assert numbers_until(second, 65)[3:] == [64, 65]


def numbers_until(follower: Follower, position: int) -> list[int]:
    """Read up to a position; return the positions of all events so far."""
    return [event["position"] for event in follower.until(position)]
