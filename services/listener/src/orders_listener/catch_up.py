"""Publish what Redis lacks, when a session begins and after Redis refused a batch."""

import time

import structlog

from orders_contract.batches import Batch, Head
from orders_listener.batch_size import BatchSize
from orders_listener.continuity import Extent, Origin, Verdict, Witness, judge, latest
from orders_listener.errors import RedisFullError, SupersededError
from orders_listener.order_log import OrderLog
from orders_listener.publisher import Outcome, Publisher
from orders_listener.standby import names
from orders_listener.status import Status

SEED_EVENTS = 20_000
SEED_BYTES = 32 * 1024 * 1024
SEED_WITHIN_S = 1.0
"""An empty Redis gets the newest history up to these limits, and only as much as can be read within
SEED_WITHIN_S, because clients wait for it. Older history comes from the API."""

SEED_STEP_EVENTS = 250

logger = structlog.get_logger()


class CatchUp:
    """Publishes the events that the log in PostgreSQL has and Redis lacks."""

    def __init__(
        self, log: OrderLog, publisher: Publisher, status: Status, batch_size: BatchSize
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._status = status
        self._batch_size = batch_size

    async def run(self) -> None:
        """Publish until Redis holds all events of the log."""
        while True:
            in_redis, extent = await self.settle()
            if in_redis is None or not _continues(in_redis, extent):
                await self._begin(extent, instead_of=in_redis)
            elif await self._publish_after(in_redis):
                return

    async def settle(self) -> tuple[Witness | None, Extent]:
        """Renew the stream's id if transactions were lost; return Redis's head and the extent.

        Nothing gets a position before: see docs/adr/0025-a-database-that-lost-transactions.md.

        Raises:
            SupersededError: a standby of this server was promoted and is published from.

        """
        while True:
            in_redis = await self._publisher.head()
            # Read this after Redis's head. When that head was set, the log reached at least as far.
            # If the log is shorter now, this is not the same database.
            extent = await self._log.extent()
            await self._check_primary(in_redis, extent)
            if await self._is_settled(extent, [in_redis] if in_redis else []):
                return in_redis, extent

    async def _is_settled(self, extent: Extent, witnesses: list[Witness]) -> bool:
        """Renew the stream's id after a loss; return False if the check must be repeated."""
        if (newest := self._status.newest) is not None:
            witnesses = [*witnesses, Witness(newest.stream, newest.last, newest)]
        if await self._is_the_same(extent, witnesses):
            return extent.origin == extent.recorded or await self._log.settle(extent, renew=False)
        seen = latest(extent.stream, witnesses)
        logger.warning(
            "transactions_lost",
            stream=extent.stream,
            published=seen and seen.position,
            log=extent.last,
            origin=extent.origin,
            origin_before=extent.recorded,
        )
        await self._log.settle(extent, renew=True)
        return False

    async def _is_the_same(self, extent: Extent, witnesses: list[Witness]) -> bool:
        verdict = judge(extent, witnesses)
        seen = latest(extent.stream, witnesses)
        if verdict is not Verdict.DOUBTFUL or seen is None:
            return verdict is Verdict.SAME
        batch = seen.batch or await self._publisher.newest(seen)
        return batch is not None and await self._log.holds(batch)

    async def _check_primary(self, in_redis: Witness | None, extent: Extent) -> None:
        here = Origin.parse(extent.origin)
        self._publisher.origin = here.place
        if in_redis is not None and here.is_replaced_by(Origin.parse(in_redis.origin)):
            leader = await self._publisher.presence()
            if leader is not None and not names(leader, self._status.name):
                raise SupersededError(here.place, in_redis.origin)

    async def _begin(self, extent: Extent, *, instead_of: Witness | None) -> None:
        logger.info("redis_seeding", stream=extent.stream, position=extent.last)
        await self._publisher.drop_log()
        try:
            for batch in await self._newest(extent):
                await self._publisher.seed(batch, self._status.name)
                self._status.heard(self._log.answered_at, time.monotonic())
        except RedisFullError:
            # History with a gap before the head is of no use, so keep none.
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

    async def _publish_after(self, in_redis: Witness) -> bool:
        """Publish the events after Redis's head; return False if another listener did so."""
        head = Head(in_redis.stream, in_redis.position)
        if in_redis.origin != self._publisher.origin:
            outcome = await self._publisher.begin(head, instead_of=in_redis)
            if outcome is not Outcome.PUBLISHED:
                return False
        while batch := await self._log.read(head.position, self._batch_size.events):
            if await self._publisher.publish(batch) is not Outcome.PUBLISHED:
                return False
            self._status.note_published(batch)
            head = Head(batch.stream, batch.last)
            self._status.newest = batch
        self._status.published = head
        return True


def _continues(in_redis: Witness, extent: Extent) -> bool:
    """Return whether the log continues after Redis's head."""
    pruned = in_redis.position + 1 < extent.first  # before they were published
    return in_redis.stream == extent.stream and (in_redis.position == extent.last or not pruned)
