"""Decide which rows match a filter, and what a client sees of an event. Pure.

Gateway, API and clients all use this module. A client that names tables and filters holds the set
of rows that match. The client gets an UPDATE that moves a row out of that set as LEAVE, and an
UPDATE that moves a row into the set as it is. The holder of a restricted token sees only rows
within its scope, and does not see what a row was before it entered the scope.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, Self

from orders_contract.comparison import Comparable, form_of
from orders_contract.filters import (
    EVERY_ROW,
    MAX_FILTER_COLUMNS,
    MAX_FILTER_VALUES,
    Condition,
    FilterError,
    Row,
    RowFilter,
    parse_value,
)
from orders_contract.schema import ORDERS, Column, Schema

__all__ = [
    "EVERYTHING",
    "MAX_FILTER_COLUMNS",
    "MAX_FILTER_TABLES",
    "MAX_FILTER_VALUES",
    "Event",
    "FilterError",
    "RowFilter",
    "Scope",
    "Selection",
    "View",
    "replaced",
    "row_of",
    "seen",
    "table_of",
    "view",
]

MAX_FILTER_TABLES = 50
"""Maximum number of tables that a subscription names."""

Event = Mapping[str, Any]


class Scope:
    """The rows that the holder of a restricted token may see.

    Each restricting column must hold one of its values, in every table. A table without the column
    is not visible at all, even for orders that are visible.
    """

    __slots__ = ("_identity", "described", "filters", "undescribed")

    def __init__(self, rows: Mapping[str, Iterable[Any]], schema: Schema | None = None) -> None:
        if not rows:
            raise FilterError("a scope must restrict at least one column")
        tables = {} if schema is None else schema.tables
        self.described = frozenset(tables)
        self.filters = {
            name: _scope_filter(rows, table.columns)
            for name, table in tables.items()
            if rows.keys() <= table.columns.keys()
        }
        self.undescribed = _scope_filter(rows, dict.fromkeys(rows))
        """The filter for tables that the schema does not describe yet."""
        self._identity = (self.described, frozenset(self.filters.items()), self.undescribed)

    def filter(self, table: str) -> RowFilter | None:
        """Return which rows of a table are visible; None if the table is not visible."""
        return self.filters.get(table) if table in self.described else self.undescribed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)


def _scope_filter(
    rows: Mapping[str, Iterable[Any]], columns: Mapping[str, Column | None]
) -> RowFilter:
    return RowFilter(
        tuple(
            Condition(name, form_of(columns[name]), _scope_values(values, columns[name]))
            for name, values in sorted(rows.items())
        )
    )


def _scope_values(values: Iterable[Any], column: Column | None) -> frozenset[Comparable]:
    """Return the forms of values. A value that the column cannot hold is left out."""
    forms = []
    for value in values:
        with suppress(FilterError):
            forms.append(parse_value(value, column))
    return frozenset(forms)


class Selection:
    """The events that one client sees: filters by table (None: everything), within a scope if any.

    Selections of the same meaning are equal, so that clients with the same filter share the work.
    """

    __slots__ = ("_hash", "_identity", "scope", "tables")

    def __init__(
        self, tables: Mapping[str, RowFilter] | None = None, scope: Scope | None = None
    ) -> None:
        self.tables = tables
        self.scope = scope
        self._identity = (None if tables is None else frozenset(tables.items()), scope)
        self._hash = hash(self._identity)

    @classmethod
    def parse(
        cls,
        tables: Mapping[str, Mapping[str, Any]] | None,
        schema: Schema | None = None,
        scope: Scope | None = None,
    ) -> Self:
        """Read the ``tables`` of a subscription. Without a schema, names and types go unchecked.

        Raises:
            FilterError: a table or column does not exist, or a condition does not fit.

        """
        if tables is None:
            return cls(None, scope)
        if not 0 < len(tables) <= MAX_FILTER_TABLES:
            raise FilterError(f"tables must name 1 to {MAX_FILTER_TABLES} tables")
        parsed = {}
        for name, conditions in tables.items():
            described = None if schema is None else schema.tables.get(name)
            if schema is not None and described is None:
                raise FilterError(f"{name}: there is no such table, or it is not watched")
            parsed[name] = RowFilter.parse(name, conditions, described)
        return cls(parsed, scope)

    @property
    def is_everything(self) -> bool:
        """Whether every event is visible, unchanged."""
        return self.tables is None and self.scope is None

    def filters(self, table: str) -> tuple[RowFilter, RowFilter] | None:
        """Return the conditions of filter and scope on a row; None if no row is visible."""
        wanted = EVERY_ROW if self.tables is None else self.tables.get(table)
        visible = EVERY_ROW if self.scope is None else self.scope.filter(table)
        return None if wanted is None or visible is None else (wanted, visible)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self._identity == other._identity

    def __hash__(self) -> int:
        return self._hash


EVERYTHING = Selection()


class View(Enum):
    """How a client sees an event."""

    HIDDEN = "hidden"
    WHOLE = "whole"
    CONFINED = "confined"
    """Without old values and actor, because the row was not visible before."""
    LEAVE = "leave"
    """As LEAVE in place of UPDATE, without the row."""


def table_of(event: Event) -> str:
    """Return the table of an event."""
    table: str = event.get("table", ORDERS)
    return table


def row_of(event: Event) -> Row | None:
    """Return the new row of an event; None after DELETE, TRUNCATE and LEAVE."""
    row: Row | None = event.get("order") if table_of(event) == ORDERS else event.get("row")
    return row


def view(event: Event, selection: Selection) -> View:
    """Return how a client sees an event."""
    filters = selection.filters(table_of(event))
    if filters is None:
        return View.HIDDEN
    wanted, visible = filters
    match event["operation"]:
        case "INSERT":
            row = row_of(event) or {}
        case "UPDATE":
            return _view_update(row_of(event) or {}, event.get("changed") or {}, wanted, visible)
        case "DELETE":
            row = event.get("changed") or {}
        case _:  # all clients get TRUNCATE; its actor may be outside the scope
            return View.WHOLE if selection.scope is None else View.CONFINED
    return View.WHOLE if wanted.matches(row) and visible.matches(row) else View.HIDDEN


def _view_update(row: Row, changed: Row, wanted: RowFilter, visible: RowFilter) -> View:
    was_visible = visible.may_have_matched(row, changed)
    if wanted.matches(row) and visible.matches(row):
        return View.WHOLE if was_visible else View.CONFINED
    return View.LEAVE if was_visible and wanted.may_have_matched(row, changed) else View.HIDDEN


def replaced(event: Event, seen_as: View) -> dict[str, Any]:
    """Return the members of an event that a view replaces, with their new values."""
    if seen_as is View.CONFINED:
        return {"changed": None, "actor": None}
    if seen_as is not View.LEAVE:
        return {}
    hidden = {"operation": "LEAVE", "changed": None, "actor": None}
    if table_of(event) == ORDERS:
        return {**hidden, "order": None}
    # The row may have another parent now, which the client may not see.
    return {**hidden, "order_id": None, "row": None}


def seen(event: Event, selection: Selection) -> Event | None:
    """Return a parsed event as a client sees it; None if it is hidden."""
    seen_as = view(event, selection)
    if seen_as is View.HIDDEN:
        return None
    return {**event, **replaced(event, seen_as)} if seen_as is not View.WHOLE else event
