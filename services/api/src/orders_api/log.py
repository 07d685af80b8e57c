"""Reads the log: its events, the history of one order, and figures of the recent past."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg.sql import SQL, Composable

from orders_access.principal import Principal
from orders_api import log_queries
from orders_api.catalog import Description, WatchedTable
from orders_api.conditions import ALL, Values, name
from orders_api.database import Connection, Database, one, one_or_none
from orders_api.errors import RowNotFoundError
from orders_api.event_scope import may_be_visible
from orders_api.filters import Selection
from orders_api.models import Pulse
from orders_api.records import EventPage
from orders_api.rendering import PAGE_MAX_BYTES
from orders_contract import matching
from orders_contract.events import OpenedEvent, open_events, packed
from orders_contract.matching import Scope, View
from orders_contract.schema import ORDERS, Schema

PULSE_MINUTES = 60
PULSE_SECONDS = 60
PULSE_ORDER_MINUTES = 25 * 60
"""A day and an hour, so that the hour in which the day began is included as a whole."""
SCOPED_PULSE_EVENTS = 100_000
"""Maximum number of events that the pulse examines for a principal with a scope."""
SCOPED_PAGE_MAX_BYTES = 1024 * 1024
"""Size at which a page of events under a scope ends; smaller because the page is parsed."""


@dataclass(frozen=True, slots=True)
class Log:
    """Reads ``order_events``. ``who`` is the sender of the request, who sees only their scope."""

    database: Database

    async def events(
        self, catalog: Description, after: int, limit: int, who: Principal
    ) -> EventPage:
        """Return a page of the events after a position, and the newest position of the log."""
        values = _page_values(after, limit, who)
        visible = may_be_visible(catalog.schema, who.rows, values)
        statement = SQL(log_queries.EVENTS).format(visible=visible, condition=ALL)
        page = EventPage(*await self.database.one(statement, values))
        return page if who.rows is None else _with(page, await seen(page.events, catalog, who))

    async def history(
        self, catalog: Description, order_id: int, after: int, limit: int, who: Principal
    ) -> EventPage:
        """Return the events of one order and its children, also after the order was deleted.

        Under a scope the order must be visible, or have been visible when it was deleted. ``last``
        is then the position of the last visible event: positions of hidden events are not shown.

        Raises:
            RowNotFoundError: the order has never existed, or is not in scope.

        """
        if who.rows is not None and not await self._is_visible(catalog, order_id, who):
            raise RowNotFoundError
        while True:
            page = await self._history_page(catalog, order_id, after, limit, who)
            if who.rows is None:
                if page.events == "[]" and not await self._is_known(catalog, order_id):
                    raise RowNotFoundError
                return page
            shown = await seen(page.events, catalog, who)
            if shown or page.last == after:
                return replace(_with(page, shown), last=shown[-1][0] if shown else after)
            after = page.last  # all of its events are hidden

    async def pulse(self, catalog: Description, now: datetime, who: Principal) -> Pulse:
        """Return the numbers of changes in the last hour and minute, and of new orders in a day."""
        minute = now.replace(second=0, microsecond=0)
        hour = minute - timedelta(minutes=PULSE_MINUTES - 1)
        second = now.replace(microsecond=0) - timedelta(seconds=PULSE_SECONDS - 1)
        day = minute - timedelta(minutes=PULSE_ORDER_MINUTES - 1)
        counted, values = _created(catalog.tables.get(ORDERS), who)
        values |= {
            "hour": hour,
            "minutes": PULSE_MINUTES,
            "second": second,
            "seconds": PULSE_SECONDS,
            "day": day,
            "order_minutes": PULSE_ORDER_MINUTES,
        }
        statement = SQL(log_queries.PULSE).format(
            counted=counted, log=log_queries.LOG, search=log_queries.SEARCH
        )
        async with self.database.connection() as connection:
            pulse = Pulse.of(await one(connection, statement, values))
            if who.rows is None:
                return pulse
            values |= {"position": pulse.position, "looked_at": SCOPED_PULSE_EVENTS}
            visible = may_be_visible(catalog.schema, who.rows, values, certain=True)
            statement = SQL(log_queries.SCOPED_CHANGES).format(visible=visible)
            changes, recent = await one(connection, statement, values)
            return pulse.model_copy(update={"changes": changes, "recent": recent})

    async def _history_page(
        self, catalog: Description, order_id: int, after: int, limit: int, who: Principal
    ) -> EventPage:
        values = _page_values(after, limit, who) | {"order_id": order_id}
        visible = may_be_visible(catalog.schema, who.rows, values)
        condition = SQL("event.order_id = %(order_id)s AND {}").format(visible)
        statement = SQL(log_queries.EVENTS).format(visible=ALL, condition=condition)
        return EventPage(*await self.database.one(statement, values))

    async def _is_known(self, catalog: Description, order_id: int) -> bool:
        """Return whether an order exists or has events."""
        orders = catalog.orders.statements
        exists, values = orders.is_visible((str(order_id),), None, None)
        async with self.database.connection() as connection:
            found = await one(connection, exists, values)
            return bool(found[0]) or await _last_event(connection, order_id) is not None

    async def _is_visible(self, catalog: Description, order_id: int, who: Principal) -> bool:
        """Return whether an order is visible, or was visible when it was deleted.

        This takes the same time for every hidden order, whatever its number of events.
        """
        orders, key = catalog.orders.statements, (str(order_id),)
        async with self.database.connection() as connection:
            if (await one(connection, *orders.is_visible(key, who.rows, None)))[0]:
                return True
            if (await one(connection, *orders.is_visible(key, None, None)))[0]:
                return False
            event = await _last_event(connection, order_id)
        views = [view for _, view in _views(f"[{event or ''}]", who, catalog.schema)]
        return views != [] and views[0] in (View.WHOLE, View.CONFINED)


def _page_values(after: int, limit: int, who: Principal) -> Values:
    size = PAGE_MAX_BYTES if who.rows is None else SCOPED_PAGE_MAX_BYTES
    return {"after": after, "limit": limit, "max_bytes": size}


async def _last_event(connection: Connection, order_id: int) -> str | None:
    """Return the last event of an order, without its children, as JSON."""
    row = await one_or_none(connection, log_queries.LAST_EVENT, {"order_id": order_id})
    return None if row is None else str(row[0])


def _created(table: WatchedTable | None, who: Principal) -> tuple[Composable, Values]:
    """Return the statement that selects when recent orders were created, for ``PULSE``."""
    column = None if table is None else table.table.columns.get("created_at")
    if table is None or column is None or column.kind != "timestamp":
        return SQL("SELECT NULL::timestamptz AS created_at, 0 AS weight"), {}
    created = name("t", "created_at")
    recent = SQL("{} >= %(day)s").format(created)
    return table.statements.counted(Selection([]), who.rows, created, recent)


def _with(page: EventPage, shown: Iterable[tuple[int, str]]) -> EventPage:
    return replace(page, events=packed(text for _, text in shown).decode(errors="surrogateescape"))


async def seen(events: str, catalog: Description, who: Principal) -> list[tuple[int, str]]:
    """Return position and JSON of the events that a restricted principal may see."""
    # In a thread, because there may be a megabyte to parse.
    return await asyncio.to_thread(_seen_events, events, who, catalog.schema)


def _seen_events(events: str, who: Principal, schema: Schema) -> list[tuple[int, str]]:
    return [
        (opened.event["position"], opened.seen_as(view))
        for opened, view in _views(events, who, schema)
        if view is not View.HIDDEN
    ]


def _views(events: str, who: Principal, schema: Schema) -> Iterator[tuple[OpenedEvent, View]]:
    selection = matching.Selection(scope=Scope(who.rows or {}, schema))
    for opened in open_events(events.encode(errors="surrogateescape")):
        yield opened, matching.view(opened.event, selection)
