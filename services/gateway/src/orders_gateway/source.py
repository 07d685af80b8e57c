"""Follow Redis: pass every batch to the fan-out, in order and without a gap; read the schema."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog

from orders_contract.backoff import Backoff
from orders_contract.batches import Batch, Head, MalformedPayloadError, decode
from orders_contract.messages import ResetReason
from orders_contract.schema import MalformedSchemaError, Schema
from orders_gateway.channel import Channel
from orders_gateway.errors import GatewayError, HistoryExpiredError, RedisUnavailableError
from orders_gateway.fanout import Fanout
from orders_gateway.history import History
from orders_gateway.ring import Fit, fit, trimmed
from orders_service import tasks
from orders_service.redis_client import RedisClient, failures_as

SILENCE_S = 5.0
"""The listener publishes every second. After 5 s without a message the stream may be incomplete."""

REDIS_PING_AFTER_S = 2.0
REDIS_PING_INTERVAL_S = 3.0
"""With these values a dead connection is found and replaced within 10 s."""

logger = structlog.get_logger()

OpenChannel = Callable[[], AbstractAsyncContextManager[Channel]]
"""Subscribes to the channel of changes."""


class Source:
    """Feeds the fan-out with everything that is published.

    Pub/sub is only a hint (I3). The next batch or head shows that a message was lost; then the
    missing events are fetched from the history before any later event is passed on.

    Redis may also have lost its newest batches: a promoted replica lacks them until the listener
    has published them again. So the head that a new subscription reads from Redis may be behind
    this gateway's. The listener repeats a head only when Redis has all batches; if a repeated head
    is behind, the database itself was restored to an earlier state.
    """

    def __init__(
        self, client: RedisClient, open_channel: OpenChannel, history: History, fanout: Fanout
    ) -> None:
        self._client = client
        self._open_channel = open_channel
        self._history = history
        self._fanout = fanout
        self.subscriptions = 0
        """How often a subscription began."""
        self.is_subscribed = False
        self.announced: Head | None = None
        """The end of the stream as last read from Redis."""
        self._heard_at_s: float | None = None
        self._invalid_schema = ""
        self._is_redis_behind = False

    def is_fresh(self) -> bool:
        """Return whether a message came within the last SILENCE_S seconds."""
        return self._heard_within(SILENCE_S)

    def _heard_within(self, seconds: float) -> bool:
        return self._heard_at_s is not None and time.monotonic() - self._heard_at_s < seconds

    async def run(self) -> None:
        """Follow Redis until cancelled; after each loss, subscribe again."""
        backoff = Backoff()
        reason = ""
        while True:
            try:
                await self._follow_once(backoff)
            except* GatewayError as errors:
                reason = "; ".join(str(error) for error in errors.exceptions)
            self.is_subscribed = False
            delay_s = backoff.next_delay_s()
            logger.warning("source_lost", error=reason, retry_in_s=round(delay_s, 2))
            await asyncio.sleep(delay_s)

    async def _follow_once(self, backoff: Backoff) -> None:
        """Follow one subscription until it is lost."""
        over = asyncio.Event()
        async with self._open_channel() as channel, asyncio.TaskGroup() as group:
            await self._fetch_head(is_repeated=False)
            self.subscriptions += 1
            self.is_subscribed = True
            backoff.reset()
            logger.info(
                "source_following", position=self._fanout.head and self._fanout.head.position
            )
            group.create_task(tasks.setting(over, self._receive(channel, over)))
            group.create_task(tasks.setting(over, self._ping_in_silence(channel, over)))

    async def _fetch_head(self, *, is_repeated: bool) -> None:
        """Read the batches that were published while this gateway was not subscribed.

        ``is_repeated`` tells whether the listener has just repeated the head.
        """
        with failures_as(RedisUnavailableError):
            stream, position, schema = await self._client.hmget(
                self._client.names.head, ["stream", "position", "schema"]
            )
        if stream is not None and position is not None:
            head, mine = Head(_text(stream), int(position)), self._fanout.head
            self._is_redis_behind = not is_repeated and mine is not None and _is_before(head, mine)
            if self._is_redis_behind:
                logger.warning("redis_behind", position=head.position)
            else:
                await self._go_to(head)
            await self._follow_schema(_text(schema or b""))

    async def _receive(self, channel: Channel, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.take(await channel.next())

    async def _ping_in_silence(self, channel: Channel, over: asyncio.Event) -> None:
        """Ping Redis while no message comes, to find a dead connection.

        Silence alone may also mean that the listener is down.
        """
        while not over.is_set():
            await asyncio.sleep(REDIS_PING_INTERVAL_S)
            if not self._heard_within(REDIS_PING_AFTER_S):
                channel.ping()

    async def take(self, payload: bytes) -> None:
        """Take one message of the channel."""
        try:
            message = decode(payload)
            if isinstance(message, Head):
                await self._take_head(message)
            else:
                await self._take_batch(message)
        except MalformedPayloadError as exc:
            logger.warning("payload_ignored", error=str(exc))
            return
        self._heard_at_s = time.monotonic()

    async def _take_head(self, head: Head) -> None:
        mine = self._fanout.head
        if mine is not None and _is_before(head, mine):
            # Later events may have been fetched since this head was sent. Redis has the newest.
            await self._fetch_head(is_repeated=True)
        else:
            await self._go_to(head)
        await self._follow_schema(head.schema)

    async def _follow_schema(self, version: str) -> None:
        """Read the schema if its version is new."""
        if version in {"", self._fanout.schema_version, self._invalid_schema}:
            return
        with failures_as(RedisUnavailableError):
            document = await self._client.get(self._client.names.schema)
        if document is None:
            return  # Redis lost the schema; the listener will write it again
        try:
            schema = Schema.parse(document)
        except MalformedSchemaError as exc:
            logger.warning("schema_invalid", version=version, error=str(exc))
            self._invalid_schema = version
            return
        if schema.version != self._fanout.schema_version:
            await self._fanout.change_schema(schema)
            logger.info("schema_changed", version=schema.version)

    async def _go_to(self, head: Head) -> None:
        """Move to the head that Redis has, forwards or back."""
        self.announced = head
        reached = self._follow_stream(head)
        if head.position < reached:
            # The listener moves the head back only if the database was restored from the past.
            self._restart(head, "ahead")
        await self._fill(head)

    async def _take_batch(self, batch: Batch) -> None:
        self.announced = Head(batch.stream, batch.last)
        before = Head(batch.stream, batch.first - 1)
        if self._is_redis_behind and self._fanout.contradicts(batch):
            self._restart(before, "ahead")
        reached = self._follow_stream(before)
        if fit(batch.stream, reached, batch) is Fit.GAP:
            await self._fill(before)
            reached = self._follow_stream(before)  # history may have had more
        if fit(batch.stream, reached, batch) is Fit.OVERLAP:
            batch = trimmed(batch, reached)
        if fit(batch.stream, reached, batch) is Fit.NEXT:
            self._is_redis_behind = False
            self._fanout.publish(batch)

    def _follow_stream(self, head: Head) -> int:
        """Change to the head's stream if necessary; return the position reached in it."""
        mine = self._fanout.head
        if mine is not None and mine.stream == head.stream:
            return mine.position
        self._restart(head, "unknown_stream")
        return head.position

    async def _fill(self, head: Head) -> None:
        """Fetch and publish the missing batches up to a head of the followed stream."""
        while (mine := self._fanout.head) is not None and mine.position < head.position:
            try:
                batches = await self._history.after(mine.stream, mine.position)
            except HistoryExpiredError:
                self._restart(head, "expired")
                return
            logger.info("gap_filled", after=mine.position, last=batches[-1].last)
            for batch in batches:
                self._fanout.publish(batch)

    def _restart(self, head: Head, reason: ResetReason) -> None:
        if self._fanout.head is not None:  # otherwise there is no client to reset yet
            logger.warning("stream_restarted", position=head.position, reason=reason)
        self._history.forget()
        self._fanout.restart(head.stream, head.position, reason)


def _is_before(head: Head, mine: Head) -> bool:
    return head.stream == mine.stream and head.position < mine.position


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
