"""Sort the rows of a table as the API sorts its pages. Pure."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering
from math import inf
from typing import Any

from orders_contract.comparison import choice, form_of
from orders_contract.schema import Table
from orders_contract.sorting import Term, read_sort, with_key
from real_time_orders.items import Row, row_key

Rank = tuple[int, Any]
"""Kind and value. All ranks can be compared with each other: first by kind, then by value."""

_NULL, _NUMBER, _NOT_A_NUMBER, _TEXT = range(4)
_TEXT_TYPES = ("text", "character", "citext", "bpchar")
_NUMBER_TYPES = ("smallint", "integer", "bigint", "numeric")
_INFINITIES = {"Infinity": inf, "-Infinity": -inf}


class Ordering:
    """Sorts rows by columns, then by key in the direction of the last column. Null comes last.

    ``sort`` is ``column`` or ``-column``, or several with commas; if it is empty, the newest key
    comes first. Text is ordered by code point, which differs from the API's order if the database
    has another collation.
    """

    def __init__(self, table: Table, sort: str = "") -> None:
        """Raise ValueError for a column that the table does not have."""
        try:
            terms = read_sort(table, sort)
        except ValueError as exc:
            raise ValueError(f"{table.name}: sort {exc}") from None
        self.key = table.key
        self._terms = with_key(terms, table)

    def key_of(self, row: Row) -> Hashable:
        """Return the key of a row."""
        return row_key({column: row[column] for column in self.key})

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in order."""
        return sorted(rows, key=self.rank)

    def rank(self, row: Row) -> tuple[Any, ...]:
        """Return the sort key of a row. The smallest sort key comes first."""
        return tuple(
            _Down(_rank(row.get(term.column.name), term))
            if term.descending
            else _rank(row.get(term.column.name), term)
            for term in self._terms
        )


@total_ordering
@dataclass(frozen=True, slots=True)
class _Down:
    """A rank in descending order."""

    rank: Rank

    def __lt__(self, other: "_Down") -> bool:
        return other.rank < self.rank


def _rank(value: Any, term: Term) -> Rank:
    column = term.column
    if value is None:
        return (_NULL if term.descending else _TEXT + 1, 0)
    if column.kind == "choice" and column.type.startswith(_TEXT_TYPES):
        form: Any = choice(value)
    elif column.kind == "choice" and not column.type.startswith(_NUMBER_TYPES):
        form = list(column.choices or ()).index(value) if value in (column.choices or ()) else -1
    elif column.kind == "choice":
        form = value
    elif column.type == "citext":
        form = str(value).lower()
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
