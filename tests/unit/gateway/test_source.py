"""What the source passes on, in order and once."""

from typing import Any, cast

import pytest
import redis.asyncio as redis

from harness.histories import STREAM, batch, event, order
from orders_contract.batches import Batch, Head
from orders_contract.messages import ResetReason
from orders_gateway.history import History
from orders_gateway.source import Source

pytestmark = pytest.mark.anyio


class _Sink:
    """Takes note of what is published."""

    def __init__(self) -> None:
        self.head: Head | None = Head(STREAM, 1)
        self.published: list[int] = []

    def publish(self, batch: Batch) -> None:
        self.published += range(batch.first, batch.last + 1)
        self.head = Head(batch.stream, batch.last)

    def restart(self, stream: str, position: int, reason: ResetReason) -> None:
        raise AssertionError(f"{reason} at {position} of {stream}")


class _History:
    """Has more than was asked for, as Redis does when the listener is at work."""

    async def after(self, stream: str, position: int) -> list[Batch]:
        assert stream == STREAM
        return [_inserted(position + 1, 6)]


def _inserted(first: int, last: int) -> Batch:
    return batch([event(at, "INSERT", order(at)) for at in range(first, last + 1)])


async def test_what_history_brought_early_is_not_passed_on_again() -> None:
    """I7: a gap is filled beyond the batch that showed it; that batch is not published twice."""
    sink = _Sink()
    nobody: Any = None
    source = Source(cast(redis.Redis, nobody), nobody, cast(History, _History()), sink, dict)
    await source._take_batch(_inserted(4, 5))
    await source._take_batch(_inserted(6, 7))
    assert sink.published == [2, 3, 4, 5, 6, 7]
