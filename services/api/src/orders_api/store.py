"""Orders and their log, as the API sees them: one method, one transaction."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from orders_access.principal import ANYONE, Principal
from orders_access.scope import view
from orders_api import queries
from orders_api.database import Connection, Database
from orders_api.errors import (
    InvalidInputError,
    OrderIdTakenError,
    OrderNotFoundError,
    OutOfScopeError,
    StaleOrderError,
)
from orders_api.models import MAX_BIGINT, CountQuery, NewOrder, OrderChanges, OrderQuery
from orders_api.preconditions import ANY_VERSION, Precondition
from orders_api.records import Counts, EventPage, OrderPage, RecentPast, StoredOrder

PAGE_MAX_BYTES = 16 * 1024 * 1024
"""A page ends once it holds so much text: rows can have 8 MiB and more."""
PULSE_MINUTES = 60
PULSE_QUARTERS = 4 * 24 + 4
"""A day and an hour: where the day began in the middle of an hour, that hour is whole."""
SCOPED_PULSE_EVENTS = 100_000
"""So many events are looked at for those who see only some."""


@dataclass(frozen=True, slots=True)
class OrderStore:
    """Every statement about orders, on connections that ``database`` lends.

    ``who`` asks: what is out of their scope is not there for them, and changes are ascribed to
    them. All methods raise DatabaseUnavailableError when PostgreSQL does not answer.
    """

    database: Database

    async def page(
        self, query: OrderQuery, before: int | None, who: Principal = ANYONE
    ) -> OrderPage:
        """Return the newest matching orders with ids below ``before``, and the position."""
        values = {
            **_filter_values(query, who),
            "status": query.status or None,
            "limit": query.limit,
            "max_bytes": PAGE_MAX_BYTES,
            "before": before,
        }
        statement = queries.ORDER_PAGE.format(conditions=_conditions(values))
        async with self.database.reading() as connection:
            return OrderPage(*await _one(connection, statement, values))

    async def counts(self, query: CountQuery, who: Principal = ANYONE) -> Counts:
        """Return how many matching orders there are of each status, and the position."""
        values = _filter_values(query, who)
        statement = queries.ORDER_COUNTS.format(conditions=_conditions(values))
        async with self.database.reading() as connection:
            return Counts(*await _one(connection, statement, values))

    async def recent_past(self, now: datetime, who: Principal = ANYONE) -> RecentPast:
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
            "customer_name": who.narrowed(None),
        }
        statement = queries.PULSE.format(conditions=_conditions(values))
        async with self.database.reading() as connection:
            past = RecentPast(hour, day, *await _one(connection, statement, values))
            if who.customers is None:
                return past
            return replace(past, changes=await _scoped_changes(connection, past, who))

    async def order(self, order_id: int, who: Principal = ANYONE) -> StoredOrder:
        """Return one order, or raise OrderNotFoundError."""
        async with self.database.reading() as connection:
            return await _order(connection, order_id, who)

    async def create(
        self, order: NewOrder, key: str | None = None, who: Principal = ANYONE
    ) -> StoredOrder:
        """Create an order, or return the one already created with this key and this body.

        Raises:
            OutOfScopeError: it is another customer's.
            InvalidInputError: the key was used with another body.
            OrderIdTakenError: the sequence is behind the ids that are there.

        """
        if not who.sees(order.customer_name):
            raise OutOfScopeError
        try:
            return await self._create(order, key, who)
        except UniqueViolation as exc:
            if exc.diag.constraint_name != "orders_pkey":
                raise
            raise OrderIdTakenError from exc

    async def _create(self, order: NewOrder, key: str | None, who: Principal) -> StoredOrder:
        if key is None:
            values = {**order.model_dump(), "actor": who.subject}
            async with self.database.reading() as connection:
                return StoredOrder(*await _one(connection, queries.INSERT_ORDER_ALONE, values))
        async with self.database.writing(who.subject) as connection:
            return await _insert_once(connection, order, _own_key(key, who))

    async def change(
        self,
        order_id: int,
        changes: OrderChanges,
        precondition: Precondition = ANY_VERSION,
        who: Principal = ANYONE,
    ) -> StoredOrder:
        """Change an order and return it.

        Raises:
            OutOfScopeError: it would become another customer's.
            OrderNotFoundError: there is none.
            StaleOrderError: its version is not among those the precondition names.

        """
        values = changes.model_dump(exclude_unset=True)
        if "customer_name" in values and not who.sees(values["customer_name"]):
            raise OutOfScopeError
        assignments = ", ".join(queries.ASSIGNMENTS[name] for name in values)
        statement = queries.UPDATE_ORDER.format(assignments=assignments)
        values |= _chosen(order_id, precondition, who)
        async with self.database.writing(who.subject) as connection:
            row = await _one_or_none(connection, statement, values)
            if row is None:
                raise StaleOrderError(await _order(connection, order_id, who))
            return StoredOrder(*row)

    async def delete(
        self, order_id: int, precondition: Precondition = ANY_VERSION, who: Principal = ANYONE
    ) -> None:
        """Delete an order; raises as ``change`` does."""
        values = _chosen(order_id, precondition, who)
        async with self.database.writing(who.subject) as connection:
            if await _one_or_none(connection, queries.DELETE_ORDER, values) is None:
                raise StaleOrderError(await _order(connection, order_id, who))

    async def events(self, after: int, limit: int, who: Principal = ANYONE) -> EventPage:
        """Return events after a position from the full log, and the position it has reached."""
        values = {"after": after, "limit": limit, "max_bytes": PAGE_MAX_BYTES}
        async with self.database.reading() as connection:
            page = EventPage(*await _one(connection, queries.ALL_EVENTS, values))
        return _seen(page, who)

    async def history(
        self, order_id: int, after: int, limit: int, who: Principal = ANYONE
    ) -> EventPage:
        """Return the events of one order, there or deleted; OrderNotFoundError if never there."""
        values = {
            "order_id": order_id,
            "after": after,
            "limit": limit,
            "max_bytes": PAGE_MAX_BYTES,
        }
        async with self.database.reading() as connection:
            page = _seen(EventPage(*await _one(connection, queries.EVENTS_OF_ORDER, values)), who)
            if page.events == "[]":
                scope = {"id": order_id, "scope": who.narrowed(None)}
                (known,) = await _one(connection, queries.ORDER_KNOWN, scope)
                if not known:
                    raise OrderNotFoundError
            return page


def search_pattern(text: str) -> str:
    """Return the LIKE pattern for text anywhere, in which no character means anything special."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _seen(page: EventPage, who: Principal) -> EventPage:
    """Return a page as they may see it; unopened if that is all of it."""
    if who.customers is None:
        return page
    views = (view(event, who.customers) for event in json.loads(page.events))
    seen = [event for event in views if event is not None]
    return replace(page, events=json.dumps(seen, separators=(",", ":"), ensure_ascii=False))


def _conditions(values: Mapping[str, Any]) -> str:
    """Return the conditions of the values that are there; an empty list admits nothing."""
    used = [sql for name, sql in queries.CONDITIONS.items() if values.get(name) is not None]
    return " AND ".join(used) or "true"


def _filter_values(query: CountQuery, who: Principal) -> dict[str, Any]:
    is_number = query.search.isascii() and query.search.isdecimal()
    number = int(query.search) if is_number else None
    return {
        "customer_name": who.narrowed(query.customer_name or None),
        "search": search_pattern(query.search) if query.search else None,
        "number": number if number is not None and number <= MAX_BIGINT else None,
    }


def _chosen(order_id: int, precondition: Precondition, who: Principal) -> dict[str, Any]:
    versions = None if precondition.versions is None else list(precondition.versions)
    return {"id": order_id, "versions": versions, "scope": who.narrowed(None)}


def _own_key(key: str, who: Principal) -> str:
    """Keep the keys of different subjects apart: an answer is for the one who asked."""
    return f"{who.subject}\n{key}" if who.subject else key


async def _scoped_changes(connection: Connection, past: RecentPast, who: Principal) -> str:
    values = {
        "hour": past.changes_since,
        "minutes": PULSE_MINUTES,
        "position": past.position,
        "looked_at": SCOPED_PULSE_EVENTS,
        "scope": who.narrowed(None),
    }
    changes: str = (await _one(connection, queries.SCOPED_CHANGES, values))[0]
    return changes


async def _order(connection: Connection, order_id: int, who: Principal) -> StoredOrder:
    values = {"id": order_id, "scope": who.narrowed(None)}
    row = await _one_or_none(connection, queries.ORDER, values)
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
