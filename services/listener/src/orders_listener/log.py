"""The adapter to PostgreSQL: outbox, log and bell over one dedicated connection."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from orders_contract.batches import Batch, Head
from orders_contract.names import ORDERS_CHANNEL_PG
from orders_listener.errors import DatabaseUnavailableError
from orders_listener.session import Session

_TAKE = "SELECT stream::text, first, last, events FROM take_order_events($1)"
_READ = "SELECT stream::text, first, last, events FROM read_order_events($1, $2)"
_OLDEST = "SELECT id FROM order_outbox ORDER BY id LIMIT 1"
_HEAD = (
    "SELECT id::text, (SELECT coalesce(max(position), 0) FROM order_events), "
    "(SELECT coalesce(min(position), 1) FROM order_events) FROM order_stream"
)


class OrderLog:
    """One connection to the database: outbox, log, bell, and the question who leads.

    The connection is in autocommit mode: a batch that ``take`` returned is in the log for good.
    Not for concurrent use. Every method raises DatabaseUnavailableError when the session is lost.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    @asynccontextmanager
    async def connect(cls, conninfo: str) -> AsyncIterator[Self]:
        """Connect; close on leaving."""
        async with Session.connect(conninfo) as session:
            yield cls(session)

    async def lead(self) -> bool:
        """Become the leading listener, and LISTEN, unless another leads."""
        if not await self._ask("SELECT order_listener_lead()"):
            return False
        await self._session.ask(f"LISTEN {ORDERS_CHANNEL_PG}")
        return True

    async def depose(self) -> None:
        """End the leading listener's session."""
        await self._ask("SELECT order_listener_depose() > 0")

    async def oldest_waiting(self) -> int | None:
        """Return the outbox id of the change that has waited longest; None if none waits."""
        rows = await self._session.ask(_OLDEST)
        return int(rows[0][0]) if rows else None

    async def fall_asleep(self) -> bool:
        """Ask writers to ring from now on; False if that cannot be had just now."""
        return await self._ask("SELECT order_listener_sleep()")

    async def wake_up(self) -> None:
        """Tell writers that they need not ring."""
        await self._ask("SELECT order_listener_wake()")

    async def writers_settled(self) -> bool:
        """Say that we are well; tell whether all that changed orders without ringing has ended."""
        return await self._ask("SELECT order_writers_settled()")

    async def head(self) -> tuple[Head, int]:
        """Return where the log ends and the position of the oldest event it still holds."""
        rows = await self._session.ask(_HEAD)
        if not rows:
            raise DatabaseUnavailableError("order_stream is empty: run db/init.sql")
        stream, position, oldest = rows[0]
        return Head(stream.decode(), int(position)), int(oldest)

    async def take(self, max_events: int) -> Batch | None:
        """Move what waits in the outbox to the log and return it; None when nothing waits."""
        return await self._batch(_TAKE, max_events)

    async def read(self, after: int, max_events: int) -> Batch | None:
        """Return the log's next batch after a position; None at its end."""
        return await self._batch(_READ, after, max_events)

    async def read_range(self, after: int, last: int, give_up_s: float) -> list[Batch] | None:
        """Return the log's batches after one position up to another, both known to be there.

        None if that is not done by ``give_up_s`` of the monotonic clock, or somebody pruned it.
        """
        batches: list[Batch] = []
        while after < last:
            batch = await self.read(after, last - after)
            if batch is None or batch.first != after + 1 or time.monotonic() > give_up_s:
                return None
            batches.append(batch)
            after = batch.last
        return batches

    async def wait_for_bell(self, timeout_s: float) -> None:
        """Return when the bell rings, has rung since the last call, or the time is up."""
        await self._session.wait_for_bell(timeout_s)

    async def _ask(self, question: str) -> bool:
        ((answer,),) = await self._session.ask(question)
        return answer == b"t"

    async def _batch(self, query: str, *args: int) -> Batch | None:
        rows = await self._session.ask(query, *args)
        if not rows:
            return None
        ((stream, first, last, events),) = rows
        return Batch(stream.decode(), int(first), int(last), events)
