"""Bringing Redis up to PostgreSQL's log, when a session begins and after Redis refused a batch."""

import time

import structlog

from orders_contract.batches import Batch, Head
from orders_listener.batch_size import BatchSize
from orders_listener.errors import RedisFullError
from orders_listener.order_log import Extent, OrderLog
from orders_listener.publisher import Outcome, Publisher
from orders_listener.status import Status

SEED_EVENTS = 20_000
SEED_BYTES = 32 * 1024 * 1024
SEED_WITHIN_S = 1.0
"""An empty Redis gets the newest history up to these limits, and as much as can be read in this
time: clients wait for it, and the API has older ranges."""

SEED_STEP_EVENTS = 250

logger = structlog.get_logger()


class CatchUp:
    """Publishes what the log in PostgreSQL has and Redis lacks."""

    def __init__(
        self, log: OrderLog, publisher: Publisher, status: Status, batch_size: BatchSize
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._status = status
        self._batch_size = batch_size

    async def run(self) -> None:
        """Return when Redis holds all that the log does."""
        while True:
            in_redis = await self._publisher.head()
            # Read after Redis's head: the log was at least as long when that was set. If it is
            # shorter now, this is not the same database.
            extent = await self._log.extent()
            if in_redis is not None and self._continues(in_redis, extent):
                if await self._publish_after(in_redis):
                    return
            else:
                await self._begin(extent, instead_of=in_redis)

    def _continues(self, head: Head, extent: Extent) -> bool:
        """Whether the log holds what comes after Redis's head."""
        if head.stream != extent.stream:
            return False
        if head.position > extent.last:
            logger.warning("log_went_back", redis=head.position, log=extent.last)
            return False
        pruned = head.position + 1 < extent.first  # before it was published
        return head.position == extent.last or not pruned

    async def _begin(self, extent: Extent, *, instead_of: Head | None) -> None:
        logger.info("redis_seeding", stream=extent.stream, position=extent.last)
        await self._publisher.drop_log()
        try:
            for batch in await self._newest(extent):
                await self._publisher.seed(batch, self._status.name)
                self._status.heard(self._log.answered_at, time.monotonic())
        except RedisFullError:
            # The history must reach the head without a gap, so there is none.
            logger.warning("redis_full", log_bytes=0)
            await self._publisher.drop_log()
        await self._publisher.begin(Head(extent.stream, extent.last), instead_of=instead_of)

    async def _newest(self, extent: Extent) -> list[Batch]:
        """Return the log's newest events, in order, as many as the limits allow."""
        deadline_s = time.monotonic() + SEED_WITHIN_S
        max_bytes = min(SEED_BYTES, self._publisher.log_bytes // 2)
        newest: list[Batch] = []
        events = size = 0
        last = extent.last
        while last >= extent.first and events < SEED_EVENTS and size < max_bytes:
            first = max(extent.first, last - SEED_STEP_EVENTS + 1)
            step = await self._log.read_range(first, last, deadline_s)
            if step is None:
                break
            newest = [*step, *newest]
            events += last - first + 1
            size += sum(len(batch.events) for batch in step)
            last = first - 1
        return newest

    async def _publish_after(self, head: Head) -> bool:
        """Publish the log after a head; False if another listener did so meanwhile."""
        while batch := await self._log.read(head.position, self._batch_size.events):
            if await self._publisher.publish(batch) is not Outcome.PUBLISHED:
                return False
            self._status.note_published(batch)
            head = Head(batch.stream, batch.last)
        self._status.published = head
        return True
