"""The log of changes, of all or of one order, and figures of the recent past."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg.sql import SQL, Composable, Composed, Literal

from orders_access.principal import ANYONE, Principal
from orders_api import queries
from orders_api.catalog import Description, WatchedTable
from orders_api.conditions import ALL, NOTHING, Values, name
from orders_api.database import Connection, Database, one
from orders_api.errors import RowNotFoundError
from orders_api.filters import Selection
from orders_api.records import EventPage, RecentPast
from orders_api.statements import PAGE_MAX_BYTES
from orders_contract import matching
from orders_contract.events import open_events, packed
from orders_contract.matching import Scope, View
from orders_contract.schema import ORDERS, Column, Schema

PULSE_MINUTES = 60
PULSE_QUARTERS = 4 * 24 + 4
"""A day and an hour: where the day began in the middle of an hour, that hour is whole."""
SCOPED_PULSE_EVENTS = 100_000
"""Most events that the pulse examines for a principal with a scope."""


@dataclass(frozen=True, slots=True)
class Log:
    """Reads ``order_events``. ``who`` sends the request; their scope limits what they see."""

    database: Database

    async def events(
        self, catalog: Description, after: int, limit: int, who: Principal = ANYONE
    ) -> EventPage:
        """Return events after a position from the full log, and the position it has reached."""
        values: Values = {"after": after, "limit": limit, "max_bytes": PAGE_MAX_BYTES}
        visible = may_be_visible(catalog, who, values)
        statement = SQL(queries.EVENTS).format(visible=visible, condition=ALL)
        page = EventPage(*await self.database.one(statement, values))
        return await seen(page, catalog, who)

    async def history(
        self,
        catalog: Description,
        order_id: int,
        after: int,
        limit: int,
        who: Principal = ANYONE,
    ) -> EventPage:
        """Return the events of one order, also after it was deleted.

        Under a scope the page ends with the last event that is visible: what happened after the
        order left the scope does not show, not even as a position.

        Raises:
            RowNotFoundError: it has never existed, or was never in scope.

        """
        values: Values = {
            "order_id": order_id,
            "after": after,
            "limit": limit,
            "max_bytes": PAGE_MAX_BYTES,
        }
        visible = may_be_visible(catalog, who, values)
        condition = SQL("event.order_id = %(order_id)s AND {}").format(visible)
        statement = SQL(queries.EVENTS).format(visible=ALL, condition=condition)
        page = EventPage(*await self.database.one(statement, values))
        page = await seen(page, catalog, who)
        if page.events == "[]" and not await self._is_known(catalog, order_id, who, page, after):
            raise RowNotFoundError
        return page

    async def recent_past(
        self, catalog: Description, now: datetime, who: Principal = ANYONE
    ) -> RecentPast:
        """Return the changes of the last hour, the new orders of the last day, the position."""
        minute = now.replace(second=0, microsecond=0)
        hour = minute - timedelta(minutes=PULSE_MINUTES - 1)
        quarter = minute - timedelta(minutes=minute.minute % 15)
        day = quarter - timedelta(minutes=15 * (PULSE_QUARTERS - 1))
        counted, values = _created(catalog.tables.get(ORDERS), who)
        values |= {
            "hour": hour,
            "minutes": PULSE_MINUTES,
            "day": day,
            "quarters": PULSE_QUARTERS,
        }
        statement = SQL(queries.PULSE).format(counted=counted, now=queries.NOW)
        async with self.database.connection() as connection:
            past = RecentPast(hour, day, *await one(connection, statement, values))
            if who.rows is None:
                return past
            return replace(past, changes=await _scoped_changes(connection, catalog, past, who))

    async def _is_known(
        self, catalog: Description, order_id: int, who: Principal, page: EventPage, after: int
    ) -> bool:
        """Tell whether an order exists or existed, and is or was visible."""
        async with self.database.connection() as connection:
            key = (str(order_id),)
            orders = catalog.orders.statements
            if (await one(connection, *orders.is_visible(key, who.rows)))[0]:
                return True
        if after == 0:
            return False
        earlier = await self.history(catalog, order_id, 0, 1, who)
        return earlier.last > 0 or page.last > after


def _created(table: WatchedTable | None, who: Principal) -> tuple[Composable, Values]:
    """Return the statement that selects the creation times of the orders in the log."""
    column = None if table is None else table.table.columns.get("created_at")
    if table is None or column is None or column.kind != "timestamp":
        return SQL("SELECT NULL::timestamptz AS created_at, 0 AS weight"), {}
    created = name("t", "created_at")
    recent = SQL("{} >= %(day)s").format(created)
    return table.statements.counted(Selection([]), who.rows, created, recent)


async def _scoped_changes(
    connection: Connection, catalog: Description, past: RecentPast, who: Principal
) -> str:
    values: Values = {
        "hour": past.changes_since,
        "minutes": PULSE_MINUTES,
        "position": past.position,
        "looked_at": SCOPED_PULSE_EVENTS,
    }
    visible = may_be_visible(catalog, who, values, certain=True)
    statement = SQL(queries.SCOPED_CHANGES).format(visible=visible)
    changes: str = (await one(connection, statement, values))[0]
    return changes


async def seen(page: EventPage, catalog: Description, who: Principal) -> EventPage:
    """Return a page as the principal may see it; unopened if they may see all of it."""
    if who.rows is None or page.events == "[]":
        return page
    # In a thread, because a page may have megabytes to parse.
    events = await asyncio.to_thread(_seen_events, page.events, who, catalog.schema)
    return replace(page, events=events)


def _seen_events(events: str, who: Principal, schema: Schema) -> str:
    selection = matching.Selection(scope=Scope(who.rows or {}, schema))
    views = (
        (opened, matching.view(opened.event, selection)) for opened in open_events(events.encode())
    )
    shown = [opened.seen_as(view) for opened, view in views if view is not View.HIDDEN]
    return packed(shown).decode()


def may_be_visible(
    catalog: Description, who: Principal, values: Values, *, certain: bool = False
) -> Composable:
    """Return the condition that an event may be in scope; ``matching`` decides in the end.

    ``certain``: leave out events that may not be, for a count that must not reveal them.
    """
    if who.rows is None:
        return ALL
    columns = catalog.schema.tables[ORDERS].columns if ORDERS in catalog.schema.tables else {}
    if certain and not who.rows.keys() <= columns.keys():
        return NOTHING
    present: list[Composed] = []
    former: list[Composed] = []
    for number, (each, allowed) in enumerate(who.rows.items()):
        if certain or _is_compared_as_text(columns.get(each)):
            values[f"scope{number}"] = [str(value) for value in allowed]
            column, admitted = Literal(each.replace("%", "%%")), SQL(f"%(scope{number})s")
            present.append(SQL('event."row"->>{} = ANY ({})').format(column, admitted))
            former.append(
                SQL(
                    'CASE WHEN event.changed->{0} IS NULL THEN event."row"->>{0}'
                    " ELSE event.changed->>{0} END = ANY ({1})"
                ).format(column, admitted)
            )
    matches = SQL("({}) OR ({})").format(
        *(SQL(" AND ").join(each or [SQL("true").format()]) for each in (present, former))
    )
    other = SQL('event."table" <> {}').format(Literal(ORDERS))
    return SQL("({} event.operation = 'TRUNCATE' OR coalesce({}, false))").format(
        SQL("") if certain else SQL("{} OR").format(other), matches
    )


def _is_compared_as_text(column: Column | None) -> bool:
    """Tell whether equal values of a column have equal texts in JSON."""
    if column is None:
        return False
    return column.kind in ("text", "choice") and not column.type.startswith("character(")
