"""The source passes on every batch in order and once."""

from typing import Any, cast

import pytest

from harness.histories import STREAM, batch, event, order
from orders_contract.batches import Batch, Head, encode
from orders_contract.messages import ResetReason
from orders_contract.schema import Schema
from orders_gateway.fanout import Fanout
from orders_gateway.history import History
from orders_gateway.source import Source
from orders_service.redis_client import RedisClient

pytestmark = pytest.mark.anyio


class _Sink:
    """Records what is published, in place of the fan-out."""

    def __init__(self) -> None:
        self.head: Head | None = Head(STREAM, 1)
        self.published: list[int] = []
        self.schema_version = ""

    def publish(self, batch: Batch) -> None:
        self.published += range(batch.first, batch.last + 1)
        self.head = Head(batch.stream, batch.last)

    def restart(self, stream: str, position: int, reason: ResetReason) -> None:
        raise AssertionError(f"{reason} at {position} of {stream}")

    async def change_schema(self, schema: Schema) -> None:
        raise AssertionError(schema.version)


class _History:
    """Returns more than was missing, as Redis does while the listener publishes."""

    async def after(self, stream: str, position: int) -> list[Batch]:
        assert stream == STREAM
        return [_inserted(position + 1, 6)]


def _inserted(first: int, last: int) -> Batch:
    return batch([event(at, "INSERT", order(at)) for at in range(first, last + 1)])


async def test_events_that_history_already_brought_are_not_repeated() -> None:
    """I7: history fills a gap beyond the batch that revealed it; no event is published twice."""
    sink = _Sink()
    nobody: Any = None
    source = Source(
        cast(RedisClient, nobody), nobody, cast(History, _History()), cast(Fanout, sink)
    )
    await source.take(encode(_inserted(4, 5)))
    await source.take(encode(_inserted(6, 7)))
    assert sink.published == [2, 3, 4, 5, 6, 7]
    assert source.is_fresh()
