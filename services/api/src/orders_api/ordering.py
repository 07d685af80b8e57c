"""In which order a list has its rows, and which of them come after a page."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed

from orders_api.conditions import Conditions, Values, parameter
from orders_api.cursor import Bookmark
from orders_api.filters import Sort
from orders_contract.sorting import Term, with_key

_Rank = tuple[Term, str | None]
"""What rows are compared by, and a row's value there."""


def order_of(sort: Sort, conditions: Conditions) -> Composed:
    """Return the clause after ``ORDER BY``."""
    # Only where there can be nulls: else a plain index serves both directions.
    return SQL(", ").join(
        SQL("{}{}{}").format(
            conditions.ranked(term.column),
            SQL(" DESC" if term.descending else " ASC"),
            SQL(" NULLS LAST" if term.column.nullable else ""),
        )
        for term in with_key(sort.terms, conditions.table)
    )


def comes_after(place: Bookmark, sort: Sort, conditions: Conditions, values: Values) -> Composable:
    """Return the condition that a row comes after the last one of the page before."""
    terms = with_key(sort.terms, conditions.table)
    ranks = list(zip(terms, [*place.values, *place.key], strict=True))
    return _beyond(ranks, conditions, values)


def _beyond(ranks: Sequence[_Rank], conditions: Conditions, values: Values) -> Composable:
    """Return the condition that a row comes after another one, of which ``ranks`` are known."""
    (term, last), *rest = ranks
    own = conditions.ranked(term.column)
    if last is None:
        return SQL("({} IS NULL AND {})").format(own, _beyond(rest, conditions, values))
    sign = SQL("<" if term.descending else ">")
    # A comparison of rows can use an index, but has one direction and no place for nulls.
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
