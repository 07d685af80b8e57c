"""A subscription to a channel of a real Valkey."""

import asyncio

import pytest

from harness.valkey import Valkey
from orders_gateway import channel as channel_module
from orders_gateway.channel import Channel
from orders_gateway.errors import RedisUnavailableError
from orders_service.redis_servers import RedisServers

pytestmark = pytest.mark.anyio

CHANNEL = "orders:changes"


async def test_messages_come_in_order(redis_url: Valkey) -> None:
    """All messages of the channel arrive in order, byte for byte; those of others do not."""
    async with Channel.open(redis_url.servers) as channel:
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
    """Memory stays bounded while no message is read; then every message arrives."""
    monkeypatch.setattr(channel_module, "_MAX_WAITING_BYTES", 100_000)
    async with Channel.open(redis_url.servers) as channel:
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
    """Waiting for a message ends with an error as soon as the connection is lost."""
    async with Channel.open(redis_url.servers) as channel:
        waiting = asyncio.create_task(channel.next())
        await asyncio.to_thread(redis_url.stop)
        with pytest.raises(RedisUnavailableError):
            await asyncio.wait_for(waiting, 5)


async def test_a_silent_connection_fails_the_second_ping(redis_url: Valkey) -> None:
    """Redis has until the next ping to answer."""
    async with Channel.open(redis_url.servers) as channel:
        redis_url.freeze()
        try:
            channel.ping()
            with pytest.raises(RedisUnavailableError):
                channel.ping()
        finally:
            redis_url.thaw()


async def test_any_message_answers_a_ping(redis_url: Valkey) -> None:
    """Whatever arrives after a ping counts as its answer."""
    async with Channel.open(redis_url.servers) as channel:
        for _ in range(3):
            channel.ping()
            with redis_url.connect() as client:
                client.publish(CHANNEL, b"here")
            async with asyncio.timeout(5):
                assert await channel.next() == b"here"


async def test_an_unreachable_redis_is_an_error() -> None:
    """Subscribing at an address where no server listens raises the gateway's own error."""
    with pytest.raises(RedisUnavailableError):
        async with Channel.open(RedisServers.parse("redis://127.0.0.1:1")):
            pass


async def test_a_silent_redis_is_an_error(redis_url: Valkey) -> None:
    """Subscribing at a server that does not answer raises the gateway's own error in time."""
    redis_url.freeze()
    try:
        with pytest.raises(RedisUnavailableError):
            async with asyncio.timeout(10), Channel.open(redis_url.servers):
                pass
    finally:
        redis_url.thaw()
