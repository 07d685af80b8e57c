"""A gateway's subscription to a real Valkey."""

import asyncio

import pytest

from harness.servers import Valkey
from orders_gateway import subscription as subscription_module
from orders_gateway.errors import RedisUnavailableError
from orders_gateway.subscription import Subscription

pytestmark = pytest.mark.anyio

CHANNEL = "orders:changes"


async def test_messages_come_in_order(redis_url: Valkey) -> None:
    """All of them, of that channel, byte by byte."""
    async with Subscription.open(redis_url.url, CHANNEL) as subscription:
        sent = [bytes([number]) * 1000 * number for number in range(1, 100)]
        with redis_url.connect() as client:
            for message in sent:
                client.publish("another", b"no")
                client.publish(CHANNEL, message)
        async with asyncio.timeout(10):
            assert [await subscription.next() for _ in sent] == sent


async def test_a_slow_reader_leaves_the_rest_to_redis(
    redis_url: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded while nobody takes; then everything comes."""
    monkeypatch.setattr(subscription_module, "_MOST_WAITING_BYTES", 100_000)
    async with Subscription.open(redis_url.url, CHANNEL) as subscription:
        with redis_url.connect() as client:
            for number in range(20):
                await asyncio.to_thread(client.publish, CHANNEL, bytes([number]) * 1_000_000)
            await asyncio.sleep(0)
        waiting = subscription._waiting_bytes
        assert waiting < 5_000_000
        async with asyncio.timeout(10):
            assert [(await subscription.next())[:1] for _ in range(20)] == [
                bytes([number]) for number in range(20)
            ]


async def test_a_lost_connection_is_noticed_at_once(redis_url: Valkey) -> None:
    """Whoever waits for a message need not ask."""
    async with Subscription.open(redis_url.url, CHANNEL) as subscription:
        waiting = asyncio.create_task(subscription.next())
        await asyncio.to_thread(redis_url.stop)
        with pytest.raises(RedisUnavailableError):
            await asyncio.wait_for(waiting, 5)


async def test_a_silent_one_is_noticed_when_asked_twice(redis_url: Valkey) -> None:
    """The first time it may just be about to answer."""
    async with Subscription.open(redis_url.url, CHANNEL) as subscription:
        redis_url.freeze()
        try:
            subscription.ping()
            with pytest.raises(RedisUnavailableError):
                subscription.ping()
        finally:
            redis_url.thaw()


async def test_who_answers_may_be_asked_again(redis_url: Valkey) -> None:
    """A word counts, whatever it is."""
    async with Subscription.open(redis_url.url, CHANNEL) as subscription:
        for _ in range(3):
            subscription.ping()
            with redis_url.connect() as client:
                client.publish(CHANNEL, b"here")
            async with asyncio.timeout(5):
                assert await subscription.next() == b"here"


async def test_where_nobody_listens_nothing_is_subscribed_to() -> None:
    """An error of ours."""
    with pytest.raises(RedisUnavailableError):
        async with Subscription.open("redis://127.0.0.1:1", CHANNEL):
            pass


async def test_a_silent_redis_is_not_subscribed_to(redis_url: Valkey) -> None:
    """An error of ours, after a while."""
    redis_url.freeze()
    try:
        with pytest.raises(RedisUnavailableError):
            async with asyncio.timeout(10), Subscription.open(redis_url.url, CHANNEL):
                pass
    finally:
        redis_url.thaw()
