"""The adapter to PostgreSQL: outbox, log, notifications and schema, over one connection."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Self

from orders_contract.batches import Batch, Head
from orders_contract.names import ORDERS_CHANNEL_PG
from orders_listener.continuity import Extent, last_event
from orders_listener.errors import DatabaseUnavailableError
from orders_listener.pg_connection import ANSWER_TIMEOUT_S, PgConnection
from orders_listener.retention import Retention
from orders_listener.status import Schema

_TAKE = "SELECT stream::text, first, last, events FROM take_order_events($1)"
_READ = "SELECT stream::text, first, last, events FROM read_order_events($1, $2)"
_OLDEST_WAITING = "SELECT id FROM order_outbox WHERE id >= $1 ORDER BY id LIMIT 1"
_NEWEST_WAITING = "SELECT max(id) FROM order_outbox WHERE id >= $1"
_EXTENT = (
    "SELECT id::text, (SELECT coalesce(min(position), 1) FROM order_events), "
    "(SELECT coalesce(max(position), 0) FROM order_events), order_origin(), origin "
    "FROM order_stream"
)
_END = "SELECT id::text, (SELECT coalesce(max(position), 0) FROM order_events) FROM order_stream"
_FORGET = (
    "SELECT removed, kept FROM order_events_forget("
    "$1::uuid, $2, nullif($3, '')::bigint, nullif($4, '')::interval, $5, $6)"
)
_SCHEMA = "SELECT schema->>'version', schema FROM (SELECT order_schema() AS schema) AS described"

FOLLOW_WITHIN_S = 600.0
"""Limit for recording the rows of an attached or detached partition, in one transaction."""

_FULL_LOOK_INTERVAL_S = 30.0
"""While an old snapshot is open (pg_dump), taken entries of the outbox remain as dead rows. To skip
them, a search from the start takes 0.3 s after 600,000 changes."""


class OrderLog:
    """The order tables, over a connection in autocommit mode: each call is one transaction.

    A batch that ``take`` returned is therefore committed to the log. Not for concurrent use. Every
    method may raise DatabaseUnavailableError.
    """

    def __init__(self, connection: PgConnection) -> None:
        self._connection = connection
        self._look_from = 0
        self._full_look_at = 0.0

    @classmethod
    @asynccontextmanager
    async def connect(cls, conninfo: str, settings: Mapping[str, str]) -> AsyncIterator[Self]:
        """Connect with settings of the session; disconnect when the block ends."""
        async with PgConnection.connect(conninfo, settings) as connection:
            yield cls(connection)

    @property
    def answered_at(self) -> float:
        """When PostgreSQL last answered, on the monotonic clock."""
        return self._connection.answered_at

    async def try_to_lead(self) -> bool:
        """Take the leader's lock unless another listener has it."""
        return await self._ask("SELECT order_listener_lead()")

    async def depose(self) -> None:
        """End the leading listener's session."""
        await self._ask("SELECT order_listener_depose() > 0")

    async def listen(self) -> None:
        """Receive writers' notifications from now on."""
        await self._connection.ask(f"LISTEN {ORDERS_CHANNEL_PG}")

    async def wait_for_notification(self, timeout_s: float) -> None:
        """Return when a writer notifies, has done so since the last call, or the time is up."""
        await self._connection.wait_for_notification(timeout_s)

    async def fall_asleep(self) -> bool:
        """Ask writers to notify from now on; return False if a writer is reading that flag."""
        return await self._ask("SELECT order_listener_sleep()")

    async def wake_up(self) -> None:
        """Record that writers need not notify."""
        await self._ask("SELECT order_listener_wake()")

    async def writers_settled(self) -> bool:
        """Renew the sign of life; return whether all writers that did not notify have ended."""
        return await self._ask("SELECT order_writers_settled()")

    async def take(self, max_events: int) -> Batch | None:
        """Move waiting changes from outbox to log and return them; None if nothing waits."""
        return await self._batch(_TAKE, max_events)

    async def oldest_waiting(self) -> int | None:
        """Return the outbox id of the change that has waited longest; None if nothing waits.

        Most searches begin at the entry found last. They may miss an earlier entry that a long
        transaction wrote; a search from the start, every 30 s, finds that entry.
        """
        now = time.monotonic()
        if now - self._full_look_at >= _FULL_LOOK_INTERVAL_S:
            self._look_from, self._full_look_at = 0, now
        rows = await self._connection.ask(_OLDEST_WAITING, self._look_from)
        if not rows:
            return None
        self._look_from = int(rows[0][0])
        return self._look_from

    async def newest_waiting(self) -> int:
        """Return the outbox id of the newest change that waits; 0 if nothing waits."""
        self._full_look_at = -_FULL_LOOK_INTERVAL_S
        oldest = await self.oldest_waiting()
        if oldest is None:
            return 0
        # Entries are taken from the front, so the search from the end meets few dead rows.
        ((newest,),) = await self._connection.ask(_NEWEST_WAITING, oldest)
        return int(newest or 0)

    async def waits(self, newest: int) -> bool:
        """Return whether a change up to this outbox id waits."""
        oldest = await self.oldest_waiting() if newest else None
        return oldest is not None and oldest <= newest

    async def extent(self) -> Extent:
        """Return the extent of the log."""
        rows = await self._connection.ask(_EXTENT)
        if not rows:
            raise DatabaseUnavailableError("order_stream is empty: run db/init.sql")
        stream, first, last, origin, recorded = rows[0]
        return Extent(stream.decode(), int(first), int(last), origin.decode(), recorded.decode())

    async def end(self) -> Head | None:
        """Return where the log ends; None if there is no stream."""
        rows = await self._connection.ask(_END)
        return Head(rows[0][0].decode(), int(rows[0][1])) if rows else None

    async def settle(self, seen: Extent, *, renew: bool) -> bool:
        """Record that the stream continues here or, with ``renew``, restarts with another id.

        Return False if another listener has done so since ``seen`` was read.
        """
        statement = "SELECT order_stream_settle($1::uuid, $2, $3::boolean)"
        args = (seen.stream, seen.recorded, str(renew))
        ((settled,),) = await self._connection.ask(statement, *args)
        return settled == b"t"

    async def holds(self, batch: Batch) -> bool:
        """Return whether the log has the last event of a batch, at its position."""
        event = last_event(batch)
        return await self.read(event.first - 1, 1) == event

    async def read(self, after: int, max_events: int) -> Batch | None:
        """Return the log's next batch after a position; None at its end."""
        return await self._batch(_READ, after, max_events)

    async def read_range(self, first: int, last: int, deadline_s: float) -> list[Batch] | None:
        """Return the log's batches from one position to another, both included.

        Return None if the monotonic clock reaches ``deadline_s``, or a part was pruned meanwhile.
        """
        batches: list[Batch] = []
        while first <= last:
            batch = await self.read(first - 1, last - first + 1)
            if batch is None or batch.first != first or time.monotonic() > deadline_s:
                return None
            batches.append(batch)
            first = batch.last + 1
        return batches

    async def forget(
        self, retention: Retention, published: Head, first: int, max_events: int
    ) -> tuple[int, int]:
        """Remove old published events from position ``first`` on, at most ``max_events``.

        Return how many were removed, and the position to go on from.
        """
        keep_events = retention.events or ""
        keep = f"{retention.hours} hours" if retention.hours else ""
        ((removed, kept),) = await self._connection.ask(
            _FORGET, published.stream, published.position, keep_events, keep, first, max_events
        )
        return int(removed), int(kept)

    async def schema_version(self) -> str:
        """Return the version of the watched tables' schema."""
        ((version,),) = await self._connection.ask("SELECT order_schema_version()")
        return version.decode()

    async def refresh_recorders(self) -> None:
        """Regenerate the trigger functions of altered tables, which are correct but slow."""
        await self._connection.ask("SELECT order_refresh_recorders()")

    async def schema(self) -> Schema:
        """Return the watched tables' schema."""
        ((version, document),) = await self._connection.ask(_SCHEMA)
        return Schema(version.decode(), document)

    async def partitions_changed(self) -> bool:
        """Return whether partitions of watched tables were attached or removed."""
        return await self._ask("SELECT order_partitions_changed()")

    async def follow_partitions(self) -> bool:
        """Record the rows of one attached or removed partition; return False if there is none."""
        return await self._ask("SELECT order_follow_partitions()", FOLLOW_WITHIN_S)

    async def _ask(self, question: str, within_s: float = ANSWER_TIMEOUT_S) -> bool:
        ((answer,),) = await self._connection.ask(question, within_s=within_s)
        return answer == b"t"

    async def _batch(self, query: str, *args: int) -> Batch | None:
        rows = await self._connection.ask(query, *args)
        if not rows:
            return None
        ((stream, first, last, events),) = rows
        return Batch(stream.decode(), int(first), int(last), events)
