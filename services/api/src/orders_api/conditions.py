"""SQL conditions on the rows of one table, for filters, search and scopes.

Names come from the catalog and are quoted; values are always parameters.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from orders_api.columns import INTEGER_BITS, read_text
from orders_api.filters import SEARCHED_KINDS, Attention, Condition, Selection
from orders_contract.schema import Column, Table

Values = dict[str, Any]
Scope = Mapping[str, Collection[Any]] | None
"""The values that a visible row must have, by column name; None if every row is visible."""

ALL = SQL("true")
NOTHING = SQL("false")

_COMPARISONS = {"gte": SQL(">="), "gt": SQL(">"), "lte": SQL("<="), "lt": SQL("<")}


def name(*parts: str) -> Composable:
    """Return a quoted identifier; ``%`` is doubled because it begins a parameter for the driver."""
    return Identifier(*(part.replace("%", "%%") for part in parts))


def type_name(text: str) -> Composable:
    """Return the name of a type as SQL; ``text`` is what PostgreSQL's ``format_type`` returned."""
    return SQL(text.replace("%", "%%"))


def comparable_type(column: Column) -> str:
    """Return a column's type without length or precision, so that a cast changes no value."""
    base = column.type
    for fixed, free in (("character(", "bpchar"), ("bit(", "bit varying")):
        if base.startswith(fixed):
            return free
    start, bracket, rest = base.partition("(")
    return start.rstrip() + rest.partition(")")[2] if bracket and '"' not in base else base


class Conditions:
    """Returns conditions on rows of ``table``, whose alias in statements is ``t``.

    ``hashed_columns`` have an index on their hash. Equality of ``inexact_columns`` ignores
    differences such as case. ``trigram_search`` is whether the database can have search indexes.
    """

    def __init__(
        self,
        table: Table,
        hashed_columns: Collection[str],
        inexact_columns: Collection[str],
        *,
        trigram_search: bool,
    ) -> None:
        self.table = table
        self._key = [table.columns[each] for each in table.key]
        self._hashed = frozenset(hashed_columns) - frozenset(inexact_columns)
        self._inexact = frozenset(inexact_columns)
        self._trigram_search = trigram_search
        self._dated = {each.since: each for each in table.columns.values() if each.since}

    def has_key(self, key: Iterable[str], values: Values) -> list[Composable]:
        """Return the conditions that a row has this key."""
        return [
            SQL("{} = {}").format(name("t", column.name), parameter(part, column, values))
            for column, part in zip(self._key, key, strict=True)
        ]

    def visible(self, scope: Scope, values: Values) -> Composable:
        """Return the condition that a row is in a scope."""
        if scope is None:
            return ALL
        columns = {each: self.table.columns.get(each) for each in scope}
        return all_of(
            NOTHING if column is None else self._anyof(column, _texts(column, scope[each]), values)
            for each, column in columns.items()
        )

    def of(self, selection: Selection, scope: Scope, values: Values) -> list[Composable]:
        """Return the conditions of a query and of a scope."""
        conditions = [self.visible(scope, values)]
        for condition in selection.conditions:
            conditions += self._condition(condition, values)
        if selection.attention is not None:
            conditions.append(self._waits(selection.attention, values))
        return conditions + self._search(selection.search, values)

    def ranked(self, column: Column) -> Composable:
        """Return the expression by which a column is sorted.

        If the column holds the date of a choice, ``updated_at`` stands in for a null.
        """
        dated = self._dated.get(column.name)
        return self._date(dated) if dated else name("t", column.name)

    def _date(self, column: Column) -> Composable:
        """Return the date since when a row has its value in a column, or a later date, or null."""
        dates = [name("t", date.name) for date in self.table.dates(column)]
        return SQL("coalesce({})").format(SQL(", ").join(dates)) if dates else SQL("NULL")

    def _waits(self, attention: Attention, values: Values) -> Composable:
        """Return the condition that a row has had a value for too long, by the database's clock."""
        found = [
            SQL("({} = {} AND {} <= now() - make_interval(secs => {}))").format(
                name("t", column.name),
                parameter(choice, column, values),
                self._date(column),
                _placeholder(
                    values,
                    threshold.warn_seconds if attention == "warn" else threshold.late_seconds,
                ),
            )
            for column in self.table.columns.values()
            for choice, threshold in (column.waiting or {}).items()
        ]
        return SQL("({})").format(SQL(" OR ").join(found)) if found else NOTHING

    def _condition(self, condition: Condition, values: Values) -> list[Composable]:
        column = condition.column
        own = self._exact(column)
        found: list[Composable] = []
        if condition.anyof is not None:
            found.append(self._anyof(column, condition.anyof, values, or_null=condition.or_null))
        if condition.not_null:
            found.append(SQL("{} IS NOT NULL").format(own))
        found += [self._other_than(column, text, values) for text in condition.noneof]
        # Text is compared by code point, as the gateways do.
        collation = SQL(' COLLATE "C"' if column.kind == "text" else "")
        found += [
            SQL("{} {} {}{}").format(
                own, _COMPARISONS[each], parameter(text, column, values), collation
            )
            for each, text in condition.comparisons.items()
        ]
        if condition.part is not None:
            found.append(_contains(own, _placeholder(values, condition.part)))
        return found

    def _anyof(
        self, column: Column, texts: Collection[str], values: Values, *, or_null: bool = False
    ) -> Composable:
        own = self._exact(column)
        alternatives: list[Composable] = []
        if len(texts) == 1:
            value = parameter(next(iter(texts)), column, values)
            alternatives.append(SQL("{} = {}").format(own, value))
        elif texts:
            alternatives.append(SQL("{} = ANY ({})").format(own, _array(texts, column, values)))
        if alternatives and column.name in self._hashed:
            # The index on the hash finds the rows, because a plain index cannot hold long texts.
            texts_of = _array(texts, column, values)
            alternatives = [
                SQL(
                    "({} AND hashtextextended({}, 0) = ANY"
                    " (ARRAY(SELECT hashtextextended(v, 0) FROM unnest({}) AS v)))"
                ).format(alternatives[0], own, texts_of)
            ]
        if alternatives and column.kind == "other":
            # Values that are equal but look different, such as intervals, are different here.
            alternatives = [
                SQL("({} AND to_json({}) #>> '{{}}' = ANY ({}::text[]))").format(
                    alternatives[0], own, _placeholder(values, list(texts))
                )
            ]
        if or_null:
            alternatives.append(SQL("{} IS NULL").format(own))
        return SQL("({})").format(SQL(" OR ").join(alternatives)) if alternatives else NOTHING

    def _other_than(self, column: Column, text: str, values: Values) -> Composable:
        if column.kind == "other":
            return SQL("NOT coalesce({}, false)").format(self._anyof(column, [text], values))
        # PostgreSQL estimates the rows by its statistics, which it cannot do for coalesce().
        return SQL("{} IS DISTINCT FROM {}").format(
            self._exact(column), parameter(text, column, values)
        )

    def _exact(self, column: Column) -> Composable:
        """Return a column so that only texts that are the same in every byte are equal."""
        own = name("t", column.name)
        inexact = column.name in self._inexact
        return SQL('({}::text COLLATE "C")').format(own) if inexact else own

    def _search(self, text: str, values: Values) -> list[Composable]:
        """Return a condition for each word: a text of the row contains it, or it is the key."""
        found: list[Composable] = []
        for word in text.split():
            digits = word.removeprefix("#")
            is_key = self._is_key(digits, values)
            if digits != word and is_key is not None:
                found.append(is_key)
                continue
            alternatives = self._holds(word, values)
            if is_key is not None:
                alternatives.append(is_key)
            found.append(SQL("({})").format(SQL(" OR ").join(alternatives)))
        return found

    def _holds(self, word: str, values: Values) -> list[Composable]:
        searched = _placeholder(values, word)
        texts = [
            name("t", column.name)
            for column in self.table.columns.values()
            if column.kind in SEARCHED_KINDS
        ]
        if not self._trigram_search:  # without an index, one call for all columns is faster
            joined = SQL(" || E'\\n' || ").join(
                SQL("coalesce({}::text, '')").format(each) for each in texts
            )
            texts = [SQL("({})").format(joined)] if texts else []
        return [_contains(each, searched) for each in texts] or [NOTHING]

    def _is_key(self, digits: str, values: Values) -> Composable | None:
        """Return the condition that the row's key is this number; None if it cannot be a key."""
        column = self._key[0]
        if len(self._key) > 1 or column.kind != "integer":
            return None
        if not digits.isascii() or not digits.isdecimal():
            return None
        bits = INTEGER_BITS.get(column.type, 64)
        if len(digits) > 19 or int(digits) >= 2 ** (bits - 1):
            return NOTHING
        return SQL("{} = {}").format(name("t", column.name), parameter(digits, column, values))


def _contains(text: Composable, part: Composable) -> Composable:
    r"""Return the condition that a text contains another, in a form that a search index supports.

    The wildcards of LIKE are escaped after the folding, because that turns ``U+FF05`` into ``%``.
    """
    return SQL(
        "order_search_text({}::text) LIKE"
        r" '%%' || regexp_replace(order_search_text({}), '([\\%%_])', '\\\1', 'g') || '%%'"
    ).format(text, part)


def all_of(conditions: Iterable[Composable]) -> Composed:
    """Return the condition that all conditions hold."""
    return SQL(" AND ").join([*conditions] or [ALL])


def _placeholder(values: Values, value: Any) -> Placeholder:
    """Add a parameter and return its placeholder."""
    key = f"p{len(values)}"
    values[key] = value
    return Placeholder(key)


def parameter(text: str, column: Column, values: Values) -> Composed:
    """Add a value of a column as a parameter; return it with the column's type."""
    return SQL("CAST({} AS {})").format(
        _placeholder(values, text), type_name(comparable_type(column))
    )


def _array(texts: Collection[str], column: Column, values: Values) -> Composed:
    return SQL("CAST({}::text[] AS {}[])").format(
        _placeholder(values, list(texts)), type_name(comparable_type(column))
    )


def _texts(column: Column, allowed: Collection[Any]) -> list[str]:
    """Return the values of a scope that the column can hold, as texts."""
    texts = []
    for value in allowed:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, str) or column.kind in _KINDS.get(type(value), ()):
            with suppress(ValueError):
                texts.append(read_text(column, text))
    return sorted(texts)


_KINDS: dict[type, tuple[str, ...]] = {
    bool: ("boolean",),
    int: ("integer", "number", "choice"),
    float: ("number", "choice"),
    Decimal: ("number", "choice"),
}
