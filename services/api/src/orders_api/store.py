"""Orders and their log, as the API sees them: one method, one transaction."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import TupleRow

from orders_api import queries
from orders_api.database import Connection, Database
from orders_api.errors import InvalidInputError, OrderNotFoundError, StaleOrderError
from orders_api.models import MAX_BIGINT, CountQuery, NewOrder, OrderChanges, OrderQuery
from orders_api.preconditions import ANY_VERSION, Precondition
from orders_api.records import Counts, EventPage, OrderPage, RecentPast, StoredOrder

PAGE_MAX_BYTES = 16 * 1024 * 1024
"""A page ends once it holds so much text: rows can have 8 MiB and more."""
PULSE_MINUTES = 60
PULSE_QUARTERS = 4 * 24 + 4
"""A day and an hour: where the day began in the middle of an hour, that hour is whole."""


@dataclass(frozen=True, slots=True)
class OrderStore:
    """Every statement about orders, on connections that ``database`` lends.

    All methods raise DatabaseUnavailableError when PostgreSQL does not answer.
    """

    database: Database

    async def page(self, query: OrderQuery, before: int | None) -> OrderPage:
        """Return the newest matching orders with ids below ``before``, and the position."""
        values = {
            **_filter_values(query),
            "status": query.status,
            "limit": query.limit,
            "max_bytes": PAGE_MAX_BYTES,
            "before": before,
        }
        statement = queries.ORDER_PAGE.format(conditions=_conditions(values))
        async with self.database.reading() as connection:
            return OrderPage(*await _one(connection, statement, values))

    async def counts(self, query: CountQuery) -> Counts:
        """Return how many matching orders there are of each status, and the position."""
        values = _filter_values(query)
        statement = queries.ORDER_COUNTS.format(conditions=_conditions(values))
        async with self.database.reading() as connection:
            return Counts(*await _one(connection, statement, values))

    async def recent_past(self, now: datetime) -> RecentPast:
        """Return the changes of the last hour, the new orders of the last day, the position."""
        minute = now.replace(second=0, microsecond=0)
        hour = minute - timedelta(minutes=PULSE_MINUTES - 1)
        quarter = minute - timedelta(minutes=minute.minute % 15)
        day = quarter - timedelta(minutes=15 * (PULSE_QUARTERS - 1))
        values = {
            "hour": hour,
            "minutes": PULSE_MINUTES,
            "day": day,
            "quarters": PULSE_QUARTERS,
        }
        async with self.database.reading() as connection:
            row = await _one(connection, queries.PULSE, values)
            return RecentPast(hour, day, *row)

    async def order(self, order_id: int) -> StoredOrder:
        """Return one order, or raise OrderNotFoundError."""
        async with self.database.reading() as connection:
            return await _order(connection, order_id)

    async def create(
        self, order: NewOrder, key: str | None = None, actor: str | None = None
    ) -> StoredOrder:
        """Create an order, or return the one already created with this key and this body.

        Raises:
            InvalidInputError: the key was used with another body.

        """
        async with self.database.writing(actor) as connection:
            if key is None:
                return await _insert(connection, order)
            return await _insert_once(connection, order, key)

    async def change(
        self,
        order_id: int,
        changes: OrderChanges,
        precondition: Precondition = ANY_VERSION,
        actor: str | None = None,
    ) -> StoredOrder:
        """Change an order and return it.

        Raises:
            OrderNotFoundError: there is none.
            StaleOrderError: its version is not among those the precondition names.

        """
        values = changes.model_dump(exclude_unset=True)
        assignments = ", ".join(queries.ASSIGNMENTS[name] for name in values)
        statement = queries.UPDATE_ORDER.format(assignments=assignments)
        values |= {"id": order_id, "versions": _versions(precondition)}
        async with self.database.writing(actor) as connection:
            row = await _one_or_none(connection, statement, values)
            if row is None:
                raise StaleOrderError(await _order(connection, order_id))
            return StoredOrder(*row)

    async def delete(
        self, order_id: int, precondition: Precondition = ANY_VERSION, actor: str | None = None
    ) -> None:
        """Delete an order; raises as ``change`` does."""
        values = {"id": order_id, "versions": _versions(precondition)}
        async with self.database.writing(actor) as connection:
            if await _one_or_none(connection, queries.DELETE_ORDER, values) is None:
                raise StaleOrderError(await _order(connection, order_id))

    async def events(self, after: int, limit: int) -> EventPage:
        """Return events after a position from the full log, and the position it has reached."""
        values = {"after": after, "limit": limit, "max_bytes": PAGE_MAX_BYTES}
        async with self.database.reading() as connection:
            return EventPage(*await _one(connection, queries.ALL_EVENTS, values))

    async def history(self, order_id: int, after: int, limit: int) -> EventPage:
        """Return the events of one order, there or deleted; OrderNotFoundError if never there."""
        values = {
            "order_id": order_id,
            "after": after,
            "limit": limit,
            "max_bytes": PAGE_MAX_BYTES,
        }
        async with self.database.reading() as connection:
            page = EventPage(*await _one(connection, queries.EVENTS_OF_ORDER, values))
            if page.events == "[]":
                (known,) = await _one(connection, queries.ORDER_KNOWN, {"id": order_id})
                if not known:
                    raise OrderNotFoundError
            return page


def search_pattern(text: str) -> str:
    """Return the LIKE pattern for text anywhere, in which no character means anything special."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _conditions(values: Mapping[str, Any]) -> str:
    used = [sql for name, sql in queries.CONDITIONS.items() if values.get(name) not in (None, [])]
    return " AND ".join(used) or "true"


def _filter_values(query: CountQuery) -> dict[str, Any]:
    is_number = query.search.isascii() and query.search.isdecimal()
    number = int(query.search) if is_number else None
    return {
        "customer_name": query.customer_name,
        "search": search_pattern(query.search) if query.search else None,
        "number": number if number is not None and number <= MAX_BIGINT else None,
    }


def _versions(precondition: Precondition) -> list[int] | None:
    return None if precondition.versions is None else list(precondition.versions)


async def _order(connection: Connection, order_id: int) -> StoredOrder:
    row = await _one_or_none(connection, queries.ORDER, {"id": order_id})
    if row is None:
        raise OrderNotFoundError
    return StoredOrder(*row)


async def _insert(connection: Connection, order: NewOrder) -> StoredOrder:
    return StoredOrder(*await _one(connection, queries.INSERT_ORDER, order.model_dump()))


async def _insert_once(connection: Connection, order: NewOrder, key: str) -> StoredOrder:
    request_hash = hashlib.sha256(order.model_dump_json().encode()).digest()
    await connection.execute(queries.LOCK_KEY, {"key": key})
    kept = await _one_or_none(connection, queries.KEPT_ANSWER, {"key": key})
    if kept is not None:
        if bytes(kept[0]) != request_hash:
            raise InvalidInputError("Idempotency-Key", "was used before with another body")
        return StoredOrder(kept[1], json.loads(kept[2])["version"], kept[2])
    created = await _insert(connection, order)
    await connection.execute(
        queries.KEEP_ANSWER,
        {
            "key": key,
            "request_hash": request_hash,
            "order_id": created.id,
            "response": created.json,
        },
    )
    await connection.execute(queries.FORGET_ANSWERS)
    return created


async def _one_or_none(
    connection: Connection, statement: str, values: dict[str, Any]
) -> TupleRow | None:
    return await (await connection.execute(statement, values)).fetchone()


async def _one(connection: Connection, statement: str, values: dict[str, Any]) -> TupleRow:
    row = await _one_or_none(connection, statement, values)
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row
