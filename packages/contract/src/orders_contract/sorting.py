"""Parse the parameter ``sort``, such as ``-total,created_at``, which orders a list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders_contract.schema import Column, Table

MAX_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Term:
    """A column that rows are sorted by; null comes last in both directions."""

    column: Column
    descending: bool

    def __str__(self) -> str:
        return f"{'-' * self.descending}{self.column.name}"


def read_sort(table: Table, text: str) -> tuple[Term, ...]:
    """Read the columns that rows are sorted by, the most important first; "" names none.

    If a column's name has a comma, ``text`` can name only this column.

    Raises:
        ValueError: the table has no such column, or one is named twice, or there are too many.

    """
    if not text:
        return ()
    named = [text] if text.removeprefix("-") in table.columns else text.split(",")
    if len(named) > MAX_COLUMNS:
        raise ValueError(f"must name at most {MAX_COLUMNS} columns")
    names = [each.removeprefix("-") for each in named]
    if unknown := [each for each in names if each not in table.columns]:
        raise ValueError(f"must name columns, each with - for descending order; not {unknown[0]!r}")
    if len(set(names)) < len(names):
        raise ValueError("must name each column once")
    return tuple(
        Term(table.columns[column], each.startswith("-"))
        for column, each in zip(names, named, strict=True)
    )


def with_key(terms: Sequence[Term], table: Table) -> tuple[Term, ...]:
    """Return the terms, followed by the key in the direction of the last term.

    Without terms the newest key comes first.
    """
    descends = terms[-1].descending if terms else True
    return (*terms, *(Term(table.columns[each], descends) for each in table.key))
