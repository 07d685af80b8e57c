"""A second connection to PostgreSQL that watches the schema, the backlog and the partitions.

After DDL it regenerates the trigger functions of the altered tables.

Queries of the schema may wait for a running ALTER TABLE. On the connection that takes changes, they
would delay events.
"""

import asyncio
import time

import structlog

from orders_contract.backoff import Backoff
from orders_contract.batches import Head
from orders_listener.errors import DatabaseReplacedError, DatabaseUnavailableError
from orders_listener.order_log import OrderLog
from orders_listener.publisher import Publisher
from orders_listener.settings import OBSERVER_SESSION, PARTITIONS_SESSION
from orders_listener.status import Schema, Status

INTERVAL_S = 1.0
FIRST_LOOK_WITHIN_S = 2.0
PENDING_INTERVAL_S = 0.1
"""How often to ask whether a changed schema still waits for the changes before it."""

logger = structlog.get_logger()


class Observer:
    """Reads schema, backlog and partitions once a second. Events continue if this fails.

    The observer ends the session only if a restored backup replaced the database.
    """

    def __init__(self, conninfo: str, publisher: Publisher, status: Status) -> None:
        self._conninfo = conninfo
        self._following: asyncio.Task[None] | None = None
        self._is_recording_slow = True
        """Whether tables may still have the trigger functions from before they were altered."""
        self._pending: tuple[Schema, int] | None = None
        """A schema that is not announced yet, and the outbox id of the last change before it."""
        self._publisher = publisher
        self._status = status
        self._error = ""

    async def look_at_schema(self) -> None:
        """Read the schema, so that the first head names it; give up after FIRST_LOOK_WITHIN_S.

        A changed schema waits for the changes before it, but not if Redis names no other: gateways
        without any schema could not compare typed values in filters.
        """
        try:
            async with (
                asyncio.timeout(FIRST_LOOK_WITHIN_S),
                OrderLog.connect(self._conninfo, OBSERVER_SESSION) as log,
            ):
                schema = await self._changed_schema(log)
                if self._pending is not None:
                    pending, _ = self._pending
                    if await self._publisher.named_schema() in {"", pending.version}:
                        schema, self._pending = pending, None
                self._status.schema = schema
        except (DatabaseUnavailableError, TimeoutError) as exc:
            self._note(str(exc) or "no answer")

    async def run(self, over: asyncio.Event) -> None:
        """Observe until ``over`` is set; connect again whenever the connection is lost."""
        try:
            await self._run(over)
        finally:
            if self._following is not None:
                self._following.cancel()
                await asyncio.wait({self._following})

    async def _run(self, over: asyncio.Event) -> None:
        backoff = Backoff(ceiling_s=INTERVAL_S)
        while not over.is_set():
            try:
                async with OrderLog.connect(self._conninfo, OBSERVER_SESSION) as log:
                    self._is_recording_slow = True
                    while not over.is_set():
                        await self._look(log)
                        backoff.reset()
                        await self._pause(log)
            except DatabaseUnavailableError as exc:
                self._note(str(exc))
            await asyncio.sleep(backoff.next_delay_s())

    async def _look(self, log: OrderLog) -> None:
        published = self._status.published
        await self._check_it_is_the_same(log, published)
        self._status.saw_waiting(await log.oldest_waiting(), time.monotonic())
        if (schema := await self._changed_schema(log)) is not None:
            self._status.schema = schema
            if published is not None:
                await self._publisher.announce(schema, published.stream)
            logger.info("schema_announced", version=schema.version)
        if (self._following is None or self._following.done()) and await log.partitions_changed():
            self._following = asyncio.create_task(self._follow_partitions())
        if self._is_recording_slow:  # last, because the other checks must not fail with it
            await log.refresh_recorders()
            self._is_recording_slow = False
        self._note("")

    async def _pause(self, log: OrderLog) -> None:
        """Wait for the next look, which comes as soon as a pending schema can be announced."""
        if self._pending is None:
            await asyncio.sleep(INTERVAL_S)
            return
        end = time.monotonic() + INTERVAL_S
        while time.monotonic() < end and await log.waits(self._pending[1]):  # noqa: ASYNC110  in the database
            await asyncio.sleep(PENDING_INTERVAL_S)

    async def _changed_schema(self, log: OrderLog) -> Schema | None:
        """Return the schema if it has changed and all changes before it have positions.

        A client that hears of it fetches a snapshot. If a change from before the DDL got a later
        position, the client would then replace newer rows by older ones, or keep rows of a table
        that was dropped, and no event would follow to correct that.
        """
        read = self._pending[0] if self._pending else self._status.schema
        if read is None or await log.schema_version() != read.version:
            self._is_recording_slow = True
            # Look for changes afterwards, because those before the DDL are visible by then.
            schema = await log.schema()
            self._pending = (schema, await log.newest_waiting())
        if self._pending is None:
            return None
        schema, newest = self._pending
        if await log.waits(newest):
            return None
        self._pending = None
        return schema

    async def _check_it_is_the_same(self, log: OrderLog, published: Head | None) -> None:
        end = await log.end()
        if published is None or end is None:
            return
        if end.stream != published.stream or end.position < published.position:
            raise DatabaseReplacedError

    async def _follow_partitions(self) -> None:
        """Follow partitions over a separate connection, because a large one may take minutes."""
        try:
            async with OrderLog.connect(self._conninfo, PARTITIONS_SESSION) as log:
                while await log.follow_partitions():
                    logger.info("partition_followed")
        except DatabaseUnavailableError as exc:
            logger.warning("partitions_not_followed", error=str(exc))

    def _note(self, error: str) -> None:
        if error and not self._error:
            logger.warning("observer_failed", error=error)
            self._status.saw_waiting(None, time.monotonic())
        self._error = error
