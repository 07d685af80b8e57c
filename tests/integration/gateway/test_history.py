"""Looking up events that the ring no longer has."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from harness.valkey import Valkey
from orders_contract.names import LOG_KEY
from orders_gateway.history import History
from orders_service.redis_client import redis_client

pytestmark = pytest.mark.anyio

_STREAM = "a stream"


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Start a server whose statistics count this test alone."""
    server = Valkey()
    yield server
    server.stop()


async def test_lookups_are_cached_however_small_the_batches(valkey: Valkey) -> None:
    """I7: clients that resume one after another look up each range in Redis once."""
    client = redis_client(valkey.servers)
    try:
        for position in range(1, 51):
            fields: Any = {
                "first": position,
                "stream": _STREAM,
                "events": f'[{{"position":{position}}}]',
            }
            await client.xadd(LOG_KEY, fields, f"{position}-0")
        async with httpx.AsyncClient() as api:
            history = History(client, api)
            asked = []
            for _ in range(3):
                position = 0
                while position < 50:
                    batches = await history.after(_STREAM, position)
                    assert batches[0].first == position + 1
                    position = batches[-1].last
                stats = await client.info("commandstats")
                asked.append(stats["cmdstat_xrange"]["calls"])
        assert asked[0] < 10
        assert asked == [asked[0]] * 3
    finally:
        await client.aclose()
