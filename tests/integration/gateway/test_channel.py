"""A gateway's channel to a real Valkey."""

import asyncio

import pytest

from harness.servers import Valkey
from orders_gateway import channel as channel_module
from orders_gateway.channel import Channel
from orders_gateway.errors import RedisUnavailableError

pytestmark = pytest.mark.anyio

CHANNEL = "orders:changes"


async def test_messages_come_in_order(redis_url: Valkey) -> None:
    """All of them, of that channel, byte by byte."""
    async with Channel.open(redis_url.url, CHANNEL) as channel:
        sent = [bytes([number]) * 1000 * number for number in range(1, 100)]
        with redis_url.connect() as client:
            for message in sent:
                client.publish("another", b"no")
                client.publish(CHANNEL, message)
        async with asyncio.timeout(10):
            assert [await channel.next() for _ in sent] == sent


async def test_a_slow_reader_leaves_the_rest_to_redis(
    redis_url: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded while nobody takes; then everything comes."""
    monkeypatch.setattr(channel_module, "_MAX_WAITING_BYTES", 100_000)
    async with Channel.open(redis_url.url, CHANNEL) as channel:
        with redis_url.connect() as client:
            for number in range(20):
                await asyncio.to_thread(client.publish, CHANNEL, bytes([number]) * 1_000_000)
            await asyncio.sleep(0)
        waiting = channel.waiting_bytes
        assert waiting < 5_000_000
        async with asyncio.timeout(10):
            assert [(await channel.next())[:1] for _ in range(20)] == [
                bytes([number]) for number in range(20)
            ]


async def test_a_lost_connection_is_noticed_at_once(redis_url: Valkey) -> None:
    """Whoever waits for a message need not ask."""
    async with Channel.open(redis_url.url, CHANNEL) as channel:
        waiting = asyncio.create_task(channel.next())
        await asyncio.to_thread(redis_url.stop)
        with pytest.raises(RedisUnavailableError):
            await asyncio.wait_for(waiting, 5)


async def test_a_silent_one_is_noticed_when_asked_twice(redis_url: Valkey) -> None:
    """The first time it may just be about to answer."""
    async with Channel.open(redis_url.url, CHANNEL) as channel:
        redis_url.freeze()
        try:
            channel.ping()
            with pytest.raises(RedisUnavailableError):
                channel.ping()
        finally:
            redis_url.thaw()


async def test_who_answers_may_be_asked_again(redis_url: Valkey) -> None:
    """A word counts, whatever it is."""
    async with Channel.open(redis_url.url, CHANNEL) as channel:
        for _ in range(3):
            channel.ping()
            with redis_url.connect() as client:
                client.publish(CHANNEL, b"here")
            async with asyncio.timeout(5):
                assert await channel.next() == b"here"


async def test_where_nobody_listens_nothing_is_subscribed_to() -> None:
    """An error of ours."""
    with pytest.raises(RedisUnavailableError):
        async with Channel.open("redis://127.0.0.1:1", CHANNEL):
            pass


async def test_a_silent_redis_is_not_subscribed_to(redis_url: Valkey) -> None:
    """An error of ours, after a while."""
    redis_url.freeze()
    try:
        with pytest.raises(RedisUnavailableError):
            async with asyncio.timeout(10), Channel.open(redis_url.url, CHANNEL):
                pass
    finally:
        redis_url.thaw()
