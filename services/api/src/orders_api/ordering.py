"""SQL for the order of a list, and for the rows that come after a page."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed

from orders_api.conditions import Conditions, Values, parameter
from orders_api.cursor import Bookmark
from orders_api.filters import Sort
from orders_contract.sorting import Term, with_key

_Rank = tuple[Term, str | None]
"""A column to sort by with its direction, and a row's value in it."""


def order_of(sort: Sort, conditions: Conditions) -> Composed:
    """Return the expressions after ``ORDER BY``."""
    # NULLS LAST only for nullable columns; without it a plain index supports both directions.
    return SQL(", ").join(
        SQL("{}{}{}").format(
            conditions.ranked(term.column),
            SQL(" DESC" if term.descending else " ASC"),
            SQL(" NULLS LAST" if term.column.nullable else ""),
        )
        for term in with_key(sort.terms, conditions.table)
    )


def comes_after(place: Bookmark, sort: Sort, conditions: Conditions, values: Values) -> Composable:
    """Return the condition that a row comes after the last row of the previous page."""
    terms = with_key(sort.terms, conditions.table)
    ranks = list(zip(terms, [*place.values, *place.key], strict=True))
    return _beyond(ranks, conditions, values)


def _beyond(ranks: Sequence[_Rank], conditions: Conditions, values: Values) -> Composable:
    """Return the condition that a row comes after another row, whose values are in ``ranks``."""
    (term, last), *rest = ranks
    own = conditions.ranked(term.column)
    if last is None:
        return SQL("({} IS NULL AND {})").format(own, _beyond(rest, conditions, values))
    sign = SQL("<" if term.descending else ">")
    # A row comparison can use an index, but needs one direction for all columns and no nulls.
    if all(_is_plain(rank, descends=term.descending) for rank in rest):
        after = SQL("({}) {} ({})").format(
            SQL(", ").join(conditions.ranked(each.column) for each, _ in ranks),
            sign,
            SQL(", ").join(parameter(text or "", each.column, values) for each, text in ranks),
        )
    else:
        value = parameter(last, term.column, values)
        after = SQL("({own} {sign}= {value} AND ({own} {sign} {value} OR {rest}))").format(
            own=own, sign=sign, value=value, rest=_beyond(rest, conditions, values)
        )
    return SQL("({} OR {} IS NULL)").format(after, own) if term.column.nullable else after


def _is_plain(rank: _Rank, *, descends: bool) -> bool:
    term, last = rank
    return term.descending == descends and last is not None and not term.column.nullable
