"""Filters on the rows of one table: parse the conditions of a client, and apply them. Pure."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf, isinf
from operator import ge, gt, le, lt
from typing import Any, Self

from orders_contract.comparison import (
    INCOMPARABLE,
    NUMBER,
    Comparable,
    Form,
    form_of,
    plain,
)
from orders_contract.folding import folded
from orders_contract.schema import MAINTAINED_COLUMNS, ORDERS, Column, Kind, Table

MAX_FILTER_VALUES = 100
"""Maximum number of values that a filter lists for one column."""
MAX_FILTER_COLUMNS = 20
"""Maximum number of columns that a filter names for one table."""
MAX_SEARCH_CHARACTERS = 200
"""Maximum length of the text that ``contains`` searches for."""

Row = Mapping[str, Any]

_COMPARISONS = {"gte": ge, "gt": gt, "lte": le, "lt": lt}
_ORDERED_KINDS: frozenset[Kind] = frozenset(
    {"text", "integer", "number", "date", "timestamp", "uuid"}
)
_SEARCHED_KINDS: frozenset[Kind] = frozenset({"text", "choice"})
_INFINITIES = {"Infinity": inf, "-Infinity": -inf}
_NO_FINITE_NUMBER = {"NaN", *_INFINITIES}
_ABSENT = object()


class FilterError(ValueError):
    """A filter cannot be applied; the message names table and column."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a range."""

    comparison: str
    limit: Comparable

    def admits(self, form: Comparable) -> bool:
        """Return whether a value is within the bound; False for null and for another type."""
        compare = _COMPARISONS[self.comparison]
        if isinstance(self.limit, str):
            return isinstance(form, str) and compare(form, self.limit)
        if form == "NaN":  # greater than any other number in PostgreSQL
            return compare in {ge, gt}
        number = _INFINITIES.get(form, form) if isinstance(form, str) else form
        return isinstance(number, int | float | Decimal) and compare(number, self.limit)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: a column has one of ``values``, or none of ``excluded`` and fits all bounds.

    If ``part`` is set, the folded text of the value must contain ``part``.
    """

    column: str
    form: Form
    values: frozenset[Comparable] | None = None
    excluded: frozenset[Comparable] = frozenset()
    bounds: tuple[Bound, ...] = ()
    part: str | None = None
    rank: int = field(default=1, compare=False)
    """An index prefers conditions of low rank: fewer rows share one of their values."""

    def admits(self, value: Any) -> bool:
        """Return whether a value of the column fulfils the condition."""
        form = self.form(value)
        if self.values is not None:
            return form in self.values
        if self.part is not None and not (isinstance(form, str) and self.part in folded(form)):
            return False
        return form not in self.excluded and all(bound.admits(form) for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Conditions on the columns of one table. A row matches if it fulfils all of them.

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
            try:
                name = _column_name(table, given, described)
                column = None if described is None else described.columns[name]
                parsed[name] = _parse_condition(name, condition, column)
            except FilterError as exc:
                raise FilterError(f"{table}.{given}: {exc}") from exc
        if len(parsed) < len(conditions):
            key = _column_name(table, "order_id", described)
            raise FilterError(f"{table}.order_id: is another name of {key}, which is also given")
        return cls(tuple(parsed[name] for name in sorted(parsed)))

    def matches(self, row: Row) -> bool:
        """Return whether a row has every column and fulfils every condition."""
        for condition in self.conditions:
            value = row.get(condition.column, _ABSENT)
            if value is _ABSENT or not condition.admits(value):
                return False
        return True

    def may_have_matched(self, row: Row, changed: Row) -> bool:
        """Return whether a row may have matched before the UPDATE that replaced ``changed``.

        A column that is not in ``changed`` has not changed, except for those that a trigger
        maintains: their old values are unknown, so conditions on them are left out.
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
        """The conditions that list values, by which an index can find this filter."""
        return (
            condition
            for condition in self.conditions
            if condition.values is not None and condition.column not in MAINTAINED_COLUMNS
        )


EVERY_ROW = RowFilter()


# --- reading conditions ---------------------------------------------------------------------------


def _column_name(table: str, given: str, described: Table | None) -> str:
    """Return the column that a filter names. ``order_id`` of an order is its key."""
    known = described is None or given in described.columns
    if table == ORDERS and given == "order_id" and (described is None or not known):
        return "id" if described is None else described.key[0]
    if not known:
        raise FilterError("there is no such column")
    return given


def _parse_condition(name: str, condition: Any, column: Column | None) -> Condition:
    if isinstance(condition, Mapping):
        return _parse_range(name, condition, column)
    if not isinstance(condition, list | tuple | set | frozenset):
        raise FilterError(
            "must be a list of values, or an object of gte, gt, lte, lt, not, contains"
        )
    values = _parse_values(condition, column)
    return Condition(name, form_of(column), values, rank=_rank(name, column))


def _rank(name: str, column: Column | None) -> int:
    if name == "id":
        return 0
    return 1 if column is None else {"choice": 2, "boolean": 3}.get(column.kind, 1)


def _parse_range(name: str, condition: Mapping[str, Any], column: Column | None) -> Condition:
    unknown = condition.keys() - _COMPARISONS.keys() - {"not", "contains"}
    if unknown or not condition:
        raise FilterError(
            "an object must hold only gte, gt, lte, lt, not and contains, at least one of them"
        )
    excluded: frozenset[Comparable] = frozenset()
    if "not" in condition:
        values = condition["not"]
        excluded = _parse_values(values if isinstance(values, list | tuple) else [values], column)
    bounds = (
        Bound(comparison, _parse_limit(condition[comparison], column))
        for comparison in sorted(condition.keys() & _COMPARISONS.keys())
    )
    part = _parse_part(condition["contains"], column) if "contains" in condition else None
    return Condition(name, form_of(column), excluded=excluded, bounds=tuple(bounds), part=part)


def _parse_part(value: Any, column: Column | None) -> str:
    if column is not None and column.kind not in _SEARCHED_KINDS:
        raise FilterError(f"contains cannot be used on a {column.kind}")
    if not isinstance(value, str) or len(value) > MAX_SEARCH_CHARACTERS:
        raise FilterError(f"contains needs text of at most {MAX_SEARCH_CHARACTERS} characters")
    if _UNSTORABLE.search(value):
        raise FilterError(_UNSTORABLE_TEXT)
    return folded(value)


def _parse_values(values: Iterable[Any], column: Column | None) -> frozenset[Comparable]:
    parsed = [parse_value(value, column) for value in values]
    if not 0 < len(parsed) <= MAX_FILTER_VALUES:
        raise FilterError(f"must list 1 to {MAX_FILTER_VALUES} values")
    return frozenset(parsed)


def _parse_limit(value: Any, column: Column | None) -> Comparable:
    if column is not None and column.kind not in _ORDERED_KINDS:
        raise FilterError(f"gte, gt, lte and lt cannot be used on a {column.kind}")
    limit = parse_value(value, column)
    if limit is None or isinstance(limit, tuple):
        raise FilterError("a range needs text, a number or a time")
    if limit in _NO_FINITE_NUMBER and (column is None or column.kind == "number"):
        raise FilterError("a range needs a finite number")
    return limit


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_UNSTORABLE_TEXT = "text cannot hold NUL or half a surrogate pair"


def parse_value(value: Any, column: Column | None) -> Comparable:  # noqa: PLR0911  one for each kind
    """Return the form of a value that a filter gives for a column.

    Raises:
        FilterError: the column cannot hold the value. The message names neither.

    """
    if value is None:
        return None
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise FilterError(_UNSTORABLE_TEXT)
    match None if column is None else column.kind:
        case "integer" | "number" as kind:
            form = form_of(column)(_parse_number(value, kind))
            too_large = isinstance(form, float) and isinf(form)
            return _expect(not too_large, form, "a number that the type can hold")
        case "boolean":
            return _expect(isinstance(value, bool), plain(value), "true or false")
        case "date" | "timestamp":
            form = form_of(column)(value)
            return _expect(form != INCOMPARABLE, form, "a date or timestamp as in ISO 8601")
        case "uuid":
            return _parse_uuid(value)
        case "json" | "array" as kind:
            raise FilterError(f"a {kind} can only be compared with null")
        case "choice":
            choices = (column and column.choices) or ()
            form = form_of(column)(value)
            known = form in map(form_of(column), choices)
            return _expect(known, form, f"one of {', '.join(choices)}")
        case None:
            form = plain(value)
            finite = form.is_finite() if isinstance(form, Decimal) else form != INCOMPARABLE
            return _expect(finite, form, "text, a finite number, true, false or null")
    return form_of(column)(_expect(isinstance(value, str), value, "text"))


def _parse_number(value: Any, kind: Kind) -> Comparable:
    if isinstance(value, str):
        # JavaScript's numbers are not exact beyond 2^53, so text is accepted, too.
        if NUMBER.fullmatch(value):
            return Decimal(value)
        return _expect(kind == "number" and value in _NO_FINITE_NUMBER, value, "a number")
    form = plain(value)
    finite = form.is_finite() if isinstance(form, Decimal) else isinstance(form, int)
    return _expect(finite, form, "a number")


def _parse_uuid(value: Any) -> Comparable:
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise FilterError("must be a uuid") from None


def _expect(fulfilled: bool, form: Comparable, what: str) -> Comparable:  # noqa: FBT001  reads well
    if not fulfilled:
        raise FilterError(f"must be {what}")
    return form
