"""The gateway's one subscription: from Redis into the hub, in order and without a gap."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import redis.asyncio as redis
import structlog

from orders_contract.backoff import Backoff
from orders_contract.batches import Batch, Head, MalformedPayloadError, decode
from orders_contract.messages import ResetReason
from orders_contract.names import GATEWAY_KEY_PREFIX, HEAD_KEY, PRESENCE_TTL_S
from orders_gateway.errors import GatewayError, HistoryExpiredError, RedisUnavailableError
from orders_gateway.filters import trimmed
from orders_gateway.history import History
from orders_gateway.ring import Fit, fit
from orders_gateway.subscription import Subscription
from orders_wire import failures_as

SILENCE_S = 5.0
"""The listener speaks once a second. After so long without a word nothing is known to be live."""

PRESENCE_INTERVAL_S = 1.0

logger = structlog.get_logger()

Subscribe = Callable[[], AbstractAsyncContextManager[Subscription]]
"""Opens a subscription to the channel of changes."""


class Sink(Protocol):
    """Where the stream goes."""

    @property
    def head(self) -> Head | None:
        """How far the stream has been taken in; only ``publish`` and ``restart`` move it."""

    def publish(self, batch: Batch) -> None:
        """Pass on the batch that follows the head."""

    def restart(self, stream: str, position: int, reason: ResetReason) -> None:
        """Begin anew at a position, telling everyone."""


class Source:
    """Feeds the sink with all that was published, and keeps doing so.

    Pub/sub is only a hint (I3): what it lost is noticed by the next batch or head and fetched
    from the history before anything later is passed on.
    """

    def __init__(
        self,
        client: redis.Redis,
        subscribe: Subscribe,
        history: History,
        sink: Sink,
        presence: Callable[[], dict[str, object]],
    ) -> None:
        self._client = client
        self._subscribe = subscribe
        self._history = history
        self._sink = sink
        self._presence = presence
        self._heard_at: float | None = None

    def fresh(self) -> bool:
        """Tell whether the stream was heard of within the last SILENCE_S seconds."""
        return self._heard_at is not None and time.monotonic() - self._heard_at < SILENCE_S

    async def run(self) -> None:
        """Follow Redis until cancelled, through every loss of it."""
        backoff = Backoff()
        reason = ""
        while True:
            try:
                await self._session(backoff)
            except* GatewayError as errors:
                reason = "; ".join(str(error) for error in errors.exceptions)
            delay_s = backoff.next_delay_s()
            logger.warning("source_lost", error=reason, retry_in_s=round(delay_s, 2))
            await asyncio.sleep(delay_s)

    async def _session(self, backoff: Backoff) -> None:
        over = asyncio.Event()
        async with self._subscribe() as subscription, asyncio.TaskGroup() as tasks:
            await self._look_at_head()
            backoff.reset()
            logger.info("source_following", position=self._sink.head and self._sink.head.position)
            tasks.create_task(_until_over(over, self._follow(subscription, over)))
            tasks.create_task(_until_over(over, self._ask_in_silence(subscription, over)))
            tasks.create_task(_until_over(over, self._keep_present(over)))

    async def _look_at_head(self) -> None:
        """Catch up on what was published while nobody here was subscribed."""
        head = await self._head_in_redis()
        if head is not None:
            await self._go_to(head)

    async def _head_in_redis(self) -> Head | None:
        with failures_as(RedisUnavailableError):
            stream, position = await self._client.hmget(HEAD_KEY, ["stream", "position"])
        if stream is None or position is None:
            return None
        return Head(_text(stream), int(position))

    async def _follow(self, subscription: Subscription, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._take(await subscription.next())

    async def _ask_in_silence(self, subscription: Subscription, over: asyncio.Event) -> None:
        """Redis may be well and the listener gone, or the connection dead without a word."""
        while not over.is_set():
            await asyncio.sleep(SILENCE_S)
            if not self.fresh():
                subscription.ping()

    async def _take(self, payload: bytes) -> None:
        try:
            message = decode(payload)
        except MalformedPayloadError as exc:
            logger.warning("payload_ignored", error=str(exc))
            return
        if isinstance(message, Head):
            await self._hear_of(message)
        else:
            await self._take_batch(message)
        self._heard_at = time.monotonic()

    async def _hear_of(self, head: Head) -> None:
        mine = self._sink.head
        if mine is not None and mine.stream == head.stream and head.position < mine.position:
            # Perhaps it was under way while what follows it was fetched. Redis knows.
            await self._look_at_head()
        else:
            await self._go_to(head)

    async def _go_to(self, head: Head) -> None:
        """Come up with the head that Redis has, or back to it."""
        reached = self._follow_stream(head)
        if head.position < reached:
            # The listener moves the head back only when the database itself went back.
            self._begin(head, "ahead")
        await self._fill(head)

    async def _take_batch(self, batch: Batch) -> None:
        before = Head(batch.stream, batch.first - 1)
        reached = self._follow_stream(before)
        if fit(batch.stream, reached, batch) is Fit.GAP:
            await self._fill(before)
            reached = self._follow_stream(before)  # perhaps further: history may have had more
        if fit(batch.stream, reached, batch) is Fit.OVERLAP:
            batch = trimmed(batch, reached)
        if fit(batch.stream, reached, batch) is Fit.NEXT:
            self._sink.publish(batch)

    def _follow_stream(self, head: Head) -> int:
        """Go over to another stream if need be; return how far this one has been taken in."""
        mine = self._sink.head
        if mine is not None and mine.stream == head.stream:
            return mine.position
        self._begin(head, "unknown_stream")
        return head.position

    async def _fill(self, head: Head) -> None:
        """Fetch and publish what is missing up to a head of the stream that is followed."""
        while (mine := self._sink.head) is not None and mine.position < head.position:
            try:
                batches = await self._history.after(mine.stream, mine.position)
            except HistoryExpiredError:
                self._begin(head, "expired")
                return
            logger.info("gap_filled", after=mine.position, last=batches[-1].last)
            for batch in batches:
                self._sink.publish(batch)

    def _begin(self, head: Head, reason: ResetReason) -> None:
        if self._sink.head is not None:  # else there is nobody yet to be reset
            logger.warning("stream_restarted", position=head.position, reason=reason)
        self._history.forget()
        self._sink.restart(head.stream, head.position, reason)

    async def _keep_present(self, over: asyncio.Event) -> None:
        """Tell, for the health page of the API, that this gateway is there."""
        while not over.is_set():
            presence = self._presence()
            with failures_as(RedisUnavailableError):
                await self._client.set(
                    f"{GATEWAY_KEY_PREFIX}{presence['gateway']}",
                    json.dumps(presence),
                    ex=PRESENCE_TTL_S,
                )
            await asyncio.sleep(PRESENCE_INTERVAL_S)


async def _until_over(over: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """End a session with the first of its tasks.

    Cancelling the others is not enough: before Python 3.12 ``asyncio.wait_for``, with which
    redis-py sends, swallows a cancellation that comes as it finishes.
    """
    try:
        await work
    finally:
        over.set()


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
