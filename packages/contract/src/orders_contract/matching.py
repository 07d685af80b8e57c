"""Which rows match a filter, and what a client sees of an event. Pure.

This is the one module that decides it, for gateway, API and clients. A client that names tables
and filters holds the set of rows that match. An UPDATE that moves a row out of that set reaches it
as LEAVE; one that moves a row into it arrives as the UPDATE it is. The holder of a restricted token
sees only rows within its scope and learns nothing about a row from before it entered the scope.

Values are compared as PostgreSQL compares them, not as Python does: numbers as exact decimals
(``12.50`` equals ``12.5``), booleans never equal numbers, timestamps as instants, text by code
point. For that, each value is turned into a *key*: a hashable value that equals the key of every
other spelling of the same value.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import inf, isfinite
from operator import ge, gt, le, lt
from typing import Any, Self

from orders_contract.schema import MAINTAINED_COLUMNS, ORDERS, Column, Kind, Schema, Table

MAX_FILTER_VALUES = 100
"""Most values that a filter lists for one column."""
MAX_FILTER_COLUMNS = 20
"""Most columns that a filter names for one table."""
MAX_FILTER_TABLES = 50
"""Most tables that a subscription names."""

Row = Mapping[str, Any]
Event = Mapping[str, Any]
Key = Any
KeyFunction = Callable[[Any], Key]
"""Returns the key of a row's value."""


class FilterError(ValueError):
    """A filter cannot be applied; the message names table and column."""


# --- keys -----------------------------------------------------------------------------------------

_TRUE, _FALSE = ("boolean", True), ("boolean", False)
_NO_KEY = ("no key",)
"""Of a value that equals nothing a filter can hold: an array, an object, an odd timestamp."""


def _plain_key(value: Any) -> Key:
    kind = value.__class__
    if kind is str or kind is int or value is None or kind is Decimal:
        return value
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is float and isfinite(value):
        return Decimal(repr(value))
    return _NO_KEY


def _padded_key(value: Any) -> Key:
    """Return the key of a ``character(n)``, whose trailing spaces do not count."""
    return value.rstrip(" ") if isinstance(value, str) else _plain_key(value)


def _folded_key(value: Any) -> Key:
    """Return the key of a ``citext``, to which case makes no difference."""
    return value.lower() if isinstance(value, str) else _plain_key(value)


def _choice_key(value: Any) -> Key:
    """Return the key of a choice, which the schema describes as text even if it is a number."""
    if value is None or isinstance(value, str):
        return _padded_key(value)
    return str(value) if isinstance(value, int | float | Decimal) else _NO_KEY


def _instant_key(value: Any) -> Key:
    if not isinstance(value, str):
        return None if value is None else _NO_KEY
    instant = _instant(value)
    return _NO_KEY if instant is None else instant


_INSTANT = re.compile(
    r"(\d{4,7})-(\d\d)-(\d\d)"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?"
    r"(?:[Zz]|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?"
    r"( BC)?",
    re.ASCII,
)
_DAY_US = 86_400_000_000
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


@lru_cache(maxsize=4096)
def _instant(text: str) -> int | float | None:
    """Return microseconds since 1970 in UTC; None if the text is no date and no timestamp.

    Python's own types end with the year 9999. PostgreSQL's have years BC, 294276 and infinity.
    """
    if text in {"infinity", "-infinity"}:
        return inf if text == "infinity" else -inf
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    *clock, fraction, sign, off_h, off_m, off_s, bc = found.groups()
    year, month, day, hour, minute, second = (int(digits or 0) for digits in clock)
    days = _days(1 - year if bc else year, month, day)
    if days is None:
        return None
    offset_s = _seconds(int(off_h or 0), int(off_m or 0), int(off_s or 0))
    since_midnight_s = _seconds(hour, minute, second) - (-offset_s if sign == "-" else offset_s)
    return days * _DAY_US + since_midnight_s * 1_000_000 + int((fraction or "").ljust(6, "0"))


def _days(year: int, month: int, day: int) -> int | None:
    """Return the days from 1970 to a date of the Gregorian calendar, which repeats itself."""
    cycles, year_of_cycle = divmod(year, _CYCLE_YEARS)
    try:
        known = date(2000 + year_of_cycle, month, day)
    except ValueError:
        return None
    return (known - date(1970, 1, 1)).days + (cycles - 2000 // _CYCLE_YEARS) * _CYCLE_DAYS


def _seconds(hours: int, minutes: int, seconds: int) -> int:
    return hours * 3600 + minutes * 60 + seconds


def _key_function(column: Column | None) -> KeyFunction:
    if column is None:
        return _plain_key
    match column.kind:
        case "date" | "timestamp":
            return _instant_key
        case "choice":
            return _choice_key
        case "text" if column.type == "citext":
            return _folded_key
        case "text" if column.type.startswith(("character(", "bpchar")):
            return _padded_key
    return _plain_key


# --- conditions and filters -----------------------------------------------------------------------

_COMPARISONS = {"gte": ge, "gt": gt, "lte": le, "lt": lt}
_WITH_ORDER: frozenset[Kind] = frozenset(
    {"text", "integer", "number", "date", "timestamp", "uuid"},
)
_INFINITIES = {"Infinity": inf, "-Infinity": -inf}


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a range."""

    comparison: str
    key: Key

    def admits(self, key: Key) -> bool:
        """Tell whether a key is on the right side. Null and values of another type are not."""
        compare = _COMPARISONS[self.comparison]
        if isinstance(self.key, str):
            return isinstance(key, str) and compare(key, self.key)
        if key == "NaN":  # to PostgreSQL it is greater than any other number
            return compare in {ge, gt}
        number = _INFINITIES.get(key, key) if isinstance(key, str) else key
        return isinstance(number, int | float | Decimal) and compare(number, self.key)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must hold: one of ``values``; or none of ``excluded``, within all bounds."""

    column: str
    key: KeyFunction
    values: frozenset[Key] | None = None
    excluded: frozenset[Key] = frozenset()
    bounds: tuple[Bound, ...] = ()
    rank: int = field(default=1, compare=False)
    """Order in which an index prefers conditions: by how few rows share a value."""

    def admits(self, value: Any) -> bool:
        """Tell whether a value of the column fulfils the condition."""
        key = self.key(value)
        if self.values is not None:
            return key in self.values
        return key not in self.excluded and all(bound.admits(key) for bound in self.bounds)


_ABSENT = object()


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Conditions on the columns of one table, all of which must hold; none: every row matches.

    Filters of the same meaning are equal, whatever the order and spelling of their values.
    """

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def parse(cls, table: str, conditions: Mapping[str, Any], described: Table | None) -> Self:
        """Read the conditions of one table; without its description, types are not checked.

        Raises:
            FilterError: a column does not exist, or a condition does not fit it.

        """
        if len(conditions) > MAX_FILTER_COLUMNS:
            raise FilterError(f"{table}: at most {MAX_FILTER_COLUMNS} columns in a filter")
        parsed: dict[str, Condition] = {}
        for given, condition in conditions.items():
            name = _column_name(table, given, described)
            try:
                column = None if described is None else described.columns[name]
                parsed[name] = _condition(name, condition, column)
            except KeyError:
                raise FilterError(f"{table}.{given}: there is no such column") from None
            except FilterError as exc:
                raise FilterError(f"{table}.{given}: {exc}") from exc
        return cls(tuple(parsed[name] for name in sorted(parsed)))

    def matches(self, row: Row) -> bool:
        """Tell whether a row fulfils every condition. A row without the column does not."""
        for condition in self.conditions:
            value = row.get(condition.column, _ABSENT)
            if value is _ABSENT or not condition.admits(value):
                return False
        return True

    def may_have_matched(self, row: Row, changed: Row) -> bool:
        """Tell whether a row may have matched before the UPDATE that replaced ``changed``.

        A column that is not in ``changed`` has not changed, except for those that a trigger
        maintains: their old values are unknown, so they do not count.
        """
        for condition in self.conditions:
            name = condition.column
            if name in changed:
                value = changed[name]
            elif name in MAINTAINED_COLUMNS:
                continue
            else:
                value = row.get(name, _ABSENT)
            if value is _ABSENT or not condition.admits(value):
                return False
        return True

    @property
    def equalities(self) -> Iterator[Condition]:
        """The conditions by which an index can find this filter: each lists its values."""
        return (
            condition
            for condition in self.conditions
            if condition.values is not None and condition.column not in MAINTAINED_COLUMNS
        )


EVERY_ROW = RowFilter()


def _rank(name: str, column: Column | None) -> int:
    if name == "id":
        return 0
    return 1 if column is None else {"choice": 2, "boolean": 3}.get(column.kind, 1)


def _column_name(table: str, given: str, described: Table | None) -> str:
    """Return the column that a filter means: ``order_id`` of an order is its ``id``."""
    alias = table == ORDERS and given == "order_id"
    return "id" if alias and (described is None or given not in described.columns) else given


def _condition(name: str, condition: Any, column: Column | None) -> Condition:
    key = _key_function(column)
    if isinstance(condition, Mapping):
        return _range(name, condition, column)
    if not isinstance(condition, list | tuple | set | frozenset):
        raise FilterError("must be a list of values, or an object of gte, gt, lte, lt, not")
    return Condition(name, key, _keys(condition, column), rank=_rank(name, column))


def _range(name: str, condition: Mapping[str, Any], column: Column | None) -> Condition:
    unknown = condition.keys() - _COMPARISONS.keys() - {"not"}
    if unknown or not condition:
        raise FilterError("an object may hold gte, gt, lte, lt and not, and at least one of them")
    excluded: frozenset[Key] = frozenset()
    if "not" in condition:
        values = condition["not"]
        excluded = _keys(values if isinstance(values, list | tuple) else [values], column)
    bounds = (
        Bound(comparison, _bound_key(condition[comparison], column))
        for comparison in sorted(condition.keys() & _COMPARISONS.keys())
    )
    return Condition(name, _key_function(column), excluded=excluded, bounds=tuple(bounds))


def _keys(values: Iterable[Any], column: Column | None) -> frozenset[Key]:
    keys = [_filter_key(value, column) for value in values]
    if not 0 < len(keys) <= MAX_FILTER_VALUES:
        raise FilterError(f"must list 1 to {MAX_FILTER_VALUES} values")
    return frozenset(keys)


def _bound_key(value: Any, column: Column | None) -> Key:
    if column is not None and column.kind not in _WITH_ORDER:
        raise FilterError(f"a {column.kind} has no gte, gt, lte, lt")
    key = _filter_key(value, column)
    if key is None or isinstance(key, tuple):
        raise FilterError("a range needs text, a number or a time")
    if key in {"NaN", *_INFINITIES} and (column is None or column.kind == "number"):
        raise FilterError("a range needs a finite number")
    return key


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _filter_key(value: Any, column: Column | None) -> Key:  # noqa: PLR0911  one for each kind
    """Return the key of a value that a filter gives for a column."""
    if value is None:
        return None
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise FilterError("text cannot hold NUL or half a surrogate pair")
    match None if column is None else column.kind:
        case "integer" | "number":
            return _number_key(value, column)
        case "boolean":
            return _plain_key(_expect(isinstance(value, bool), value, "true or false"))
        case "date" | "timestamp":
            key = _instant_key(value)
            return _expect(key != _NO_KEY, key, "a date or timestamp as in ISO 8601")
        case "uuid":
            return _uuid_key(value)
        case "json" | "array" as kind:
            raise FilterError(f"a {kind} can only be compared with null")
        case "choice":
            choices = (column and column.choices) or ()
            key = _choice_key(value)
            known = key in map(_choice_key, choices)
            return _expect(known, key, f"one of {', '.join(choices)}")
        case None:
            key = _plain_key(value)
            finite = not isinstance(key, Decimal) or key.is_finite()
            what = "text, a finite number, true, false or null"
            return _expect(finite and key != _NO_KEY, key, what)
    return _key_function(column)(_expect(isinstance(value, str), value, "text"))


def _number_key(value: Any, column: Column | None) -> Key:
    if isinstance(value, str):
        # Text is exact where JSON's numbers are not: beyond 2^53 in JavaScript.
        if _NUMBER.fullmatch(value):
            return Decimal(value)
        odd = column is not None and column.kind == "number" and value in {"NaN", *_INFINITIES}
        return _expect(odd, value, "a number")
    key = _plain_key(value)
    finite = isinstance(key, int) or (isinstance(key, Decimal) and key.is_finite())
    return _expect(finite, key, "a number")


def _uuid_key(value: Any) -> Key:
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise FilterError("must be a uuid") from None


def _expect(fulfilled: bool, key: Key, what: str) -> Key:  # noqa: FBT001  reads as a sentence
    if not fulfilled:
        raise FilterError(f"must be {what}")
    return key


# --- what a client sees ---------------------------------------------------------------------------


class Scope:
    """The rows that the holder of a restricted token may see.

    Each restricting column must hold one of its values, in every table. A table without the column
    is not visible at all, not even where its parent order is.
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
        """For a table that the schema does not describe yet: it is judged by its rows alone."""
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
            Condition(name, _key_function(columns[name]), _scope_keys(values, columns[name]))
            for name, values in sorted(rows.items())
        )
    )


def _scope_keys(values: Iterable[Any], column: Column | None) -> frozenset[Key]:
    """Return the keys of values; one that the column cannot hold makes no row visible."""
    keys = []
    for value in values:
        with suppress(FilterError):
            keys.append(_filter_key(value, column))
    return frozenset(keys)


class Selection:
    """What one client is to see: filters by table (None: everything), within a scope if any.

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
        """Whether every event is seen as it is."""
        return self.tables is None and self.scope is None

    def filters(self, table: str) -> tuple[RowFilter, RowFilter] | None:
        """Return what a row must match by wish and by scope; None if the table is not seen."""
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
    """Without old values and actor: the row was not visible before."""
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
    """Tell how a client sees an event."""
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
        case _:  # TRUNCATE reaches everyone; its actor may be a stranger
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
    # The parent may be another one by now, beyond what the client may see.
    return {**hidden, "order_id": None, "row": None}


def seen(event: Event, selection: Selection) -> Event | None:
    """Return a parsed event as a client sees it; None if it is hidden."""
    seen_as = view(event, selection)
    if seen_as is View.HIDDEN:
        return None
    return {**event, **replaced(event, seen_as)} if seen_as is not View.WHOLE else event
