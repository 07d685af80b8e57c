"""The leader's work: pass committed changes from PostgreSQL to Redis, in order, without a gap."""

import asyncio
import time

from orders_contract.batches import Batch, Head
from orders_listener.batch_size import BatchSize
from orders_listener.catch_up import CatchUp
from orders_listener.errors import DatabaseReplacedError, DeposedError, RedisForgotError
from orders_listener.observer import Observer
from orders_listener.order_log import OrderLog
from orders_listener.pace import Pace
from orders_listener.pruner import Pruner
from orders_listener.publisher import Outcome, Publisher
from orders_listener.status import Status
from orders_service import tasks

SIGN_OF_LIFE_INTERVAL_S = 1.0
"""How often a sleeping listener renews the sign of life, which writers trust for three seconds, and
looks for changes, because a notification is only a hint (I3)."""

BEAT_INTERVAL_S = 1.0
BEAT_EVIDENCE_S = 2.5
"""A beat is sent only if PostgreSQL has answered within this time: gateways rely on beats."""

SETTLING_PAUSES_S = (0.001, 0.002, 0.005, 0.01, 0.02)
"""Pauses between checks for writers that did not notify; the last one repeats."""

AWAKE_PAUSE_S = 0.002
AWAKE_MAX_PAUSE_S = 0.01
"""Limits of the pause between looks while changes come fast. If the listener slept then, every
writer would notify, commits would queue for NOTIFY's lock, and batches would stay small. It pauses
as long as it worked, so that batches grow and writers get the processor."""

LOOK_AGAIN_S = 0.002
"""After a notification the listener looks a second time, because a batch is limited. It waits this
long, so that the gateways get the processor first."""

LARGE_BYTES = 128 * 1024
"""After a batch of this size, or half the maximal number of events, more is likely to wait."""


class Relay:
    """One session as leader, over one connection to PostgreSQL and one Redis.

    It ends with an error when either connection is lost. The next session first publishes what
    Redis lacks, so a crash at any point costs only time (I3). A batch that was taken but not
    published is in the log.
    """

    def __init__(
        self,
        log: OrderLog,
        publisher: Publisher,
        status: Status,
        batch_size: BatchSize,
        catch_up: CatchUp,
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._status = status
        self._batch_size = batch_size
        self._catch_up = catch_up
        self._pace = Pace()
        self._over = asyncio.Event()

    async def run(self, observer: Observer, pruner: Pruner | None = None) -> None:
        """Work until cancelled, or until PostgreSQL or Redis is lost. Catch up before the call."""
        try:
            async with asyncio.TaskGroup() as group:
                others = [] if pruner is None else [pruner.run(self._over)]
                for work in (self._beat(), self._work(), observer.run(self._over), *others):
                    group.create_task(tasks.setting(self._over, work))
        finally:
            self._over.set()

    @property
    def _published(self) -> Head:
        assert self._status.published is not None  # noqa: S101  catching up sets it
        return self._status.published

    async def _work(self) -> None:
        """Pass changes on while they come; then sleep by the protocol in db/init.sql."""
        pauses = iter(SETTLING_PAUSES_S)
        while not self._over.is_set():
            await self._stay_awake()
            if await self._log.fall_asleep():
                pauses = iter(SETTLING_PAUSES_S)
                if await self._settle():
                    await self._sleep()
                await self._log.wake_up()
            else:
                # A writer is testing the lock at this moment. Or a writer was cancelled during the
                # test and keeps the lock until its session ends; until then the listener polls.
                await asyncio.sleep(next(pauses, SETTLING_PAUSES_S[-1]))

    async def _stay_awake(self) -> None:
        """Poll the outbox while changes come fast; meanwhile writers do not notify."""
        began_s = time.monotonic()
        await self._pass_on()
        while self._is_busy() and not self._over.is_set():
            worked_s = time.monotonic() - began_s
            await asyncio.sleep(min(max(worked_s, AWAKE_PAUSE_S), AWAKE_MAX_PAUSE_S))
            began_s = time.monotonic()
            await self._pass_on()

    async def _settle(self) -> bool:
        """Wait for writers that did not notify: the listener was awake, or had no sign of life.

        Later writers notify. Return False when changes come fast: if transactions always overlap,
        one of them is always open, and every writer would notify while this waits.
        """
        pauses = iter(SETTLING_PAUSES_S)
        pause_s = next(pauses)
        while not await self._log.writers_settled():
            await self._log.wait_for_notification(pause_s)
            await self._pass_on()
            if self._is_busy():
                return False
            pause_s = next(pauses, pause_s)
        while not self._over.is_set() and await self._pass_on():
            pass
        return True

    async def _sleep(self) -> None:
        """Wait for notifications and relay the changes, until they come fast.

        While this waits for a notification the outbox is empty: the last look found nothing, and
        later changes notify. Changes written while the sign of life was too old are an exception;
        renewing it waits for their writers.
        """
        alive_at_s = time.monotonic()
        pause_s = SIGN_OF_LIFE_INTERVAL_S
        while not self._is_busy() and not self._over.is_set():
            await self._log.wait_for_notification(pause_s)
            pause_s = LOOK_AGAIN_S if await self._pass_on() else SIGN_OF_LIFE_INTERVAL_S
            if time.monotonic() - alive_at_s >= SIGN_OF_LIFE_INTERVAL_S:
                if not await self._settle():
                    return
                alive_at_s = time.monotonic()

    def _is_busy(self) -> bool:
        return self._pace.is_busy(time.monotonic())

    async def _pass_on(self) -> int:
        """Publish the next batch, and more after a large one; return the number of events."""
        events = 0
        batch = await self._take()
        while batch is not None and not self._over.is_set():
            events += len(batch)
            if not self._is_large(batch):
                await self._note(batch, await self._publisher.publish(batch))
                break
            batch = await self._publish_and_take(batch)
        self._pace.note(events, time.monotonic())
        return events

    async def _take(self) -> Batch | None:
        batch = await self._log.take(self._batch_size.events)
        if batch is not None:
            self._batch_size.grow()
            self._check_it_follows(batch)
            self._status.newest = batch
        return batch

    def _check_it_follows(self, batch: Batch) -> None:
        """Refuse a batch with positions that were published before, or of another stream."""
        known = self._published
        if batch.stream != known.stream or batch.first <= known.position:
            raise DatabaseReplacedError

    def _is_large(self, batch: Batch) -> bool:
        return len(batch) >= self._batch_size.events // 2 or len(batch.events) >= LARGE_BYTES

    async def _publish_and_take(self, batch: Batch) -> Batch | None:
        """Publish a batch while PostgreSQL prepares the next; return the next."""
        publishing = asyncio.create_task(self._publisher.publish(batch))
        try:
            following = await self._take()
        finally:  # also after an error, to keep the order of batches
            outcome = await publishing
        await self._note(batch, outcome)
        return following

    async def _note(self, batch: Batch, outcome: Outcome) -> None:
        if outcome in (Outcome.PUBLISHED, Outcome.DUPLICATE):
            self._status.note_published(batch)
        else:
            # Another listener took earlier events and has not published them yet, or Redis was
            # flushed. The log has all events.
            await self._catch_up.run()

    async def _beat(self) -> None:
        while not self._over.is_set():
            if time.monotonic() - self._log.answered_at < BEAT_EVIDENCE_S:
                await self._beat_once()
            await asyncio.sleep(BEAT_INTERVAL_S)

    async def _beat_once(self) -> None:
        schema = self._status.schema
        outcome = await self._publisher.beat(self._published, schema, self._status.name)
        if outcome is Outcome.DEPOSED:
            raise DeposedError
        if outcome not in (Outcome.PUBLISHED, Outcome.NO_SCHEMA):
            raise RedisForgotError(self._published.position)
        if outcome is Outcome.NO_SCHEMA and schema is not None:
            await self._publisher.announce(schema, self._published.stream)
        self._status.heard(self._log.answered_at, time.monotonic())
