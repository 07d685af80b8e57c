"""The order of a table's rows, as the API sorts its pages. Pure."""

from collections.abc import Hashable, Iterable
from decimal import Decimal
from math import inf
from typing import Any

from orders_contract.comparison import choice, form_of
from orders_contract.schema import Column, Table
from real_time_orders.items import Row, row_key

Rank = tuple[int, Any]
"""Comparable with every other rank: values of one kind, after those of the kinds before."""

_NULL, _NUMBER, _NOT_A_NUMBER, _TEXT = range(4)
_TEXT_TYPES = ("text", "character", "citext", "bpchar")
_NUMBER_TYPES = ("smallint", "integer", "bigint", "numeric")
_INFINITIES = {"Infinity": inf, "-Infinity": -inf}


class Ordering:
    """Sorts rows by a column, then by key in the same direction; null comes last in both.

    ``sort`` is ``column`` or ``-column``; without one, the newest key comes first. Text is ordered
    by code point, which differs from the API for a database with another collation.
    """

    def __init__(self, table: Table, sort: str = "") -> None:
        """Raise ValueError for a column that the table does not have."""
        self.descending = not sort or sort.startswith("-")
        name = sort.removeprefix("-")
        if name and name not in table.columns:
            raise ValueError(f"{table.name} has no column {name}")
        self._column = table.columns[name] if name else None
        self._keys = [table.columns[each] for each in table.key]

    def key_of(self, row: Row) -> Hashable:
        """Return the key of a row."""
        return row_key({column.name: row[column.name] for column in self._keys})

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in order."""
        return sorted(rows, key=self.rank, reverse=self.descending)

    def rank(self, row: Row) -> tuple[Rank, ...]:
        """Return what rows are compared by; in descending order the greatest comes first."""
        keys = tuple(_rank(row.get(each.name), each) for each in self._keys)
        if self._column is None:
            return keys
        value = row.get(self._column.name)
        if value is None:
            return ((_NULL if self.descending else _TEXT + 1, 0), *keys)
        return (_rank(value, self._column), *keys)


def _rank(value: Any, column: Column) -> Rank:
    if column.kind == "choice" and column.type.startswith(_TEXT_TYPES):
        form: Any = choice(value)
    elif column.kind == "choice" and not column.type.startswith(_NUMBER_TYPES):
        form = list(column.choices or ()).index(value) if value in (column.choices or ()) else -1
    elif column.kind == "choice":
        form = value
    else:
        form = form_of(column)(value)
    if column.kind == "number" and form == "NaN":
        return (_NOT_A_NUMBER, 0)
    if column.kind == "number" and isinstance(form, str):
        form = _INFINITIES.get(form, form)
    if isinstance(form, int | float | Decimal):
        return (_NUMBER, form)
    if isinstance(value, bool):
        return (_NUMBER, value)
    return (_TEXT, form if isinstance(form, str) else str(value))
