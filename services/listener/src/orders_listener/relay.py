"""The listener's work: what PostgreSQL committed, Redis gets, in order and without a gap."""

import asyncio
import time
from collections.abc import Coroutine

import structlog

from orders_contract.batches import Batch, Head
from orders_listener.errors import DeposedError, RedisForgotError
from orders_listener.log import OrderLog
from orders_listener.pace import Pace
from orders_listener.publisher import Outcome, Publisher
from orders_listener.status import Status

SEED_EVENTS = 20_000
SEED_BYTES = 32 * 1024 * 1024
SEED_WITHIN_S = 1.0
"""So much history goes to a Redis that has none, the newest, and no more than can be read in this
time: everyone waits for it, and older ranges come from the API."""

SEED_STEP_EVENTS = 250

WELL_INTERVAL_S = 1.0
"""So often a sleeping listener says that it hears the bell (writers believe it for three seconds),
and looks: the bell is only a bell (I3)."""

BEAT_INTERVAL_S = 1.0

SETTLING_PAUSES_S = (0.001, 0.002, 0.005, 0.01, 0.02)
"""Between two looks for writers that did not ring; a long transaction makes it the last, again."""

AWAKE_PAUSE_S = 0.002
AWAKE_MAX_PAUSE_S = 0.01
"""While changes come fast the listener stays awake and looks so often: were it to sleep, every
writer would ring, commits would queue for the bell's lock, and bursts would never grow. It rests as
long as it works, so that batches grow and writers have the processor."""

LOOK_AGAIN_S = 0.002
"""After what a bell announced it looks once more, and only then believes that nothing waits: a
batch is bounded. Not at once: the gateways have the processor first."""

LARGE_BYTES = 128 * 1024
"""After a batch of so many bytes, or of half as many events as may be, more is likely to wait."""

logger = structlog.get_logger()


class Relay:
    """One session between one PostgreSQL connection and one Redis.

    It ends with an error when either is lost; whoever runs it starts a new one, which begins by
    giving Redis what it lacks. So a crash at any point costs time and nothing else (I3): a batch
    taken but not published stands in the log and is published from there.
    """

    def __init__(
        self, log: OrderLog, publisher: Publisher, status: Status, batch_max_events: int
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._status = status
        self._batch_max_events = batch_max_events
        self._published = Head("", 0)
        self._pace = Pace()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled, or until PostgreSQL or Redis is lost. Call synchronise first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._until_over(self._beat()))
            tasks.create_task(self._until_over(self._work()))

    async def _until_over(self, work: Coroutine[None, None, None]) -> None:
        """End the session with the first of its tasks.

        Cancelling the others is not enough: before Python 3.12 ``asyncio.wait_for``, with which
        redis-py sends, swallows a cancellation that comes as it finishes.
        """
        try:
            await work
        finally:
            self._over.set()
            # At once: leaving a session that PostgreSQL does not answer may take a while.
            self._status.step_down()

    async def _work(self) -> None:
        """Pass on while there is something; then sleep by the doorbell's protocol (db/init.sql)."""
        pauses = iter(SETTLING_PAUSES_S)
        while not self._over.is_set():
            await self._stay_awake()
            if await self._log.fall_asleep():
                pauses = iter(SETTLING_PAUSES_S)
                if await self._settle():
                    await self._sleep()
                await self._log.wake_up()
            else:
                # A writer was just looking at us; or one was cancelled as it did and keeps the
                # lock until its session ends. Then we look often instead of sleeping.
                await asyncio.sleep(next(pauses, SETTLING_PAUSES_S[-1]))

    async def _stay_awake(self) -> None:
        """Look, and again for as long as changes come fast; meanwhile writers are silent."""
        began_s = time.monotonic()
        await self._pass_on()
        while self._is_busy() and not self._over.is_set():
            worked_s = time.monotonic() - began_s
            await asyncio.sleep(min(max(worked_s, AWAKE_PAUSE_S), AWAKE_MAX_PAUSE_S))
            began_s = time.monotonic()
            await self._pass_on()

    async def _settle(self) -> bool:
        """Wait, draining, for writers that found us awake, or unwell. Any later one rings.

        Where writers overlap without end that never comes, and all of them would ring: False, when
        changes come fast.
        """
        pauses = iter(SETTLING_PAUSES_S)
        pause_s = next(pauses)
        while not await self._log.writers_settled():
            await self._log.wait_for_bell(pause_s)
            await self._pass_on()
            if self._is_busy():
                return False
            pause_s = next(pauses, pause_s)
        await self._drain()
        return True

    async def _sleep(self) -> None:
        """Pass on what is rung for, event by event, until changes come fast.

        Then writers should rather be silent. Nothing waits when the bell is waited for: what was
        found last was nothing, and whatever comes later rings; but for what was written while we
        did not say that we are well, and then settling waits for that.
        """
        well_at_s = time.monotonic()
        pause_s = WELL_INTERVAL_S
        while not self._is_busy() and not self._over.is_set():
            await self._log.wait_for_bell(pause_s)
            pause_s = LOOK_AGAIN_S if await self._pass_on() else WELL_INTERVAL_S
            if time.monotonic() - well_at_s >= WELL_INTERVAL_S:
                if not await self._settle():
                    return
                well_at_s = time.monotonic()

    def _is_busy(self) -> bool:
        return self._pace.is_busy(time.monotonic())

    async def _drain(self) -> None:
        """Publish all that waits."""
        while not self._over.is_set() and await self._pass_on():
            pass

    async def _pass_on(self) -> int:
        """Publish a batch, and after one that was large the next; return how many events."""
        events = 0
        batch = await self._log.take(self._batch_max_events)
        while batch is not None and not self._over.is_set():
            events += len(batch)
            if not self._is_large(batch):
                await self._publish(batch)
                break
            batch = await self._publish_and_take(batch)
        self._pace.note(events, time.monotonic())
        return events

    def _is_large(self, batch: Batch) -> bool:
        return len(batch) >= self._batch_max_events // 2 or len(batch.events) >= LARGE_BYTES

    async def _publish_and_take(self, batch: Batch) -> Batch | None:
        """Give Redis a batch while PostgreSQL numbers the next; return that."""
        publishing = asyncio.create_task(self._publisher.publish(batch))
        try:
            following = await self._log.take(self._batch_max_events)
        finally:  # in order, and not before the connection to the database is free
            outcome = await publishing
        await self._note_published(batch, outcome)
        return following

    async def _publish(self, batch: Batch) -> None:
        await self._note_published(batch, await self._publisher.publish(batch))

    async def _note_published(self, batch: Batch, outcome: Outcome) -> None:
        if outcome in (Outcome.PUBLISHED, Outcome.DUPLICATE):
            self._note(Head(batch.stream, batch.last))
        else:
            # Another listener has taken what comes before and not published it yet, or Redis was
            # flushed. The log has everything.
            await self.synchronise()

    async def _beat(self) -> None:
        while not self._over.is_set():
            outcome = await self._publisher.beat(self._published, self._status.listener_id)
            if outcome is Outcome.DEPOSED:
                raise DeposedError
            if outcome is not Outcome.PUBLISHED:
                raise RedisForgotError(self._published.position)
            self._status.well_at = time.monotonic()
            await asyncio.sleep(BEAT_INTERVAL_S)

    async def synchronise(self) -> None:
        """Give Redis what the log has and Redis has not."""
        while True:
            in_redis = await self._publisher.head()
            # Read after Redis's head: the log was at least as far when that was set. If it is
            # behind now, the database is not the one it was.
            in_log, oldest = await self._log.head()
            if in_redis is None or in_redis.stream != in_log.stream:
                await self._begin(in_log, oldest, instead_of=in_redis)
            elif in_redis.position > in_log.position:
                logger.warning("log_went_back", redis=in_redis.position, log=in_log.position)
                await self._begin(in_log, oldest, instead_of=in_redis)
            elif in_redis.position + 1 < oldest and in_redis.position < in_log.position:
                # Pruned before it was published.
                await self._begin(in_log, oldest, instead_of=in_redis)
            elif await self._catch_up(in_redis):
                return

    async def _begin(self, head: Head, oldest: int, *, instead_of: Head | None) -> None:
        logger.info("redis_seeding", stream=head.stream, position=head.position)
        await self._publisher.forget()
        for batch in await self._newest(head.position, oldest):
            await self._publisher.seed(batch, self._status.listener_id)
            self._status.well_at = time.monotonic()
        await self._publisher.begin(head, instead_of=instead_of)

    async def _newest(self, last: int, oldest: int) -> list[Batch]:
        """Return the log's newest events, in order, as many as bounds and time allow."""
        give_up_s = time.monotonic() + SEED_WITHIN_S
        found: list[Batch] = []
        events = size = 0
        first = last + 1
        while first > oldest and events < SEED_EVENTS and size < SEED_BYTES:
            start = max(oldest, first - SEED_STEP_EVENTS)
            step = await self._log.read_range(start - 1, first - 1, give_up_s)
            if step is None:
                break
            found = [*step, *found]
            events += first - start
            size += sum(len(batch.events) for batch in step)
            first = start
        return found

    async def _catch_up(self, head: Head) -> bool:
        """Publish what the log has after head; False if someone else was at work meanwhile."""
        while batch := await self._log.read(head.position, self._batch_max_events):
            if await self._publisher.publish(batch) is not Outcome.PUBLISHED:
                return False
            head = Head(batch.stream, batch.last)
        self._note(head)
        return True

    def _note(self, head: Head) -> None:
        self._published = head
        self._status.published = head
