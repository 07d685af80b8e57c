"""A condition in SQL that leaves out events that a scope hides.

``matching`` makes the final decision; this condition saves rendering events that ``matching`` would
hide. It finds all of those by table and by columns of texts, choices, numbers and booleans; by
columns of other kinds only those that are null.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from psycopg.sql import SQL, Composable, Literal

from orders_api.columns import is_numeric
from orders_api.conditions import ALL, NOTHING, Scope, Values, all_of
from orders_contract.schema import Column, Schema

_PRESENT = SQL('(event."row"->>{column})')
_FORMER = SQL(
    '(CASE WHEN event.changed->{column} IS NULL THEN event."row"->>{column}'
    " ELSE event.changed->>{column} END)"
)
_TEXT = SQL("{value} = ANY (%({allowed})s)")
# Numbers are compared by value, because the column may have had another type earlier.
_NUMBER = SQL(
    "CASE WHEN {value} ~ '^-?[0-9]{{1,100}}([.][0-9]{{1,100}})?$'"
    " THEN ({value})::numeric = ANY (%({allowed})s::numeric[]) ELSE {value} IS NOT NULL END"
)
_ANY = SQL("{value} IS NOT NULL")
_DIGITS = re.compile(r"[+-]?[0-9]{1,100}([.][0-9]{1,100})?")
_INEXACT_TEXTS = ("character(", "bpchar", "citext", "date", "timestamp")


def may_be_visible(
    schema: Schema, scope: Scope, values: Values, *, certain: bool = False
) -> Composable:
    """Return the condition that an ``event`` may be in scope; add its parameters to ``values``.

    With ``certain`` the condition holds only for events that are in scope for certain: a count must
    not reveal others.
    """
    if scope is None:
        return ALL
    conditions = {
        name: _of_table(scope, table.columns, values, certain=certain)
        for name, table in schema.tables.items()
    }
    # The columns of a table that is no longer watched are not known, only the rows of its events.
    unknown = NOTHING if certain else _of_table(scope, dict.fromkeys(scope), values, certain=False)
    branches = [
        SQL("WHEN {} THEN {}").format(_literal(name), condition)
        for name, condition in conditions.items()
    ]
    if not branches:
        return unknown
    return SQL('CASE event."table" {} ELSE {} END').format(SQL(" ").join(branches), unknown)


def _of_table(
    scope: Mapping[str, Collection[Any]],
    columns: Mapping[str, Column | None],
    values: Values,
    *,
    certain: bool,
) -> Composable:
    if not scope.keys() <= columns.keys():
        return NOTHING
    present: list[Composable] = []
    former: list[Composable] = []
    for name, allowed in scope.items():
        parameter = f"scope{len(values)}"
        values[parameter] = _texts(columns[name], allowed)
        comparison = _TEXT if certain else _comparison(columns[name], allowed)
        for conditions, value in ((present, _PRESENT), (former, _FORMER)):
            text = value.format(column=_literal(name))
            conditions.append(comparison.format(value=text, allowed=SQL(parameter)))
    return SQL("(event.operation = 'TRUNCATE' OR coalesce(({}) OR ({}), false))").format(
        all_of(present), all_of(former)
    )


def _comparison(column: Column | None, allowed: Collection[Any]) -> SQL:
    if column is None:
        return _TEXT if all(isinstance(value, str) for value in allowed) else _ANY
    if column.type in {"real", "double precision"}:
        return _ANY
    match "number" if is_numeric(column) else column.kind:
        case "text" | "choice" if not column.type.startswith(_INEXACT_TEXTS):
            return _TEXT
        case "boolean":
            return _TEXT
        case "integer" | "number":
            return _NUMBER
        case _:
            return _ANY


def _texts(column: Column | None, allowed: Collection[Any]) -> list[str]:
    """Return the values of a scope that the column can hold, as the texts that ``->>`` returns."""
    match None if column is None else "number" if is_numeric(column) else column.kind:
        case "boolean":
            return [str(value).lower() for value in allowed if isinstance(value, bool)]
        case "integer" | "number":
            texts = [str(value) for value in allowed if not isinstance(value, bool)]
            return [text for text in texts if _DIGITS.fullmatch(text)]
        case "choice":
            return [str(value) for value in allowed if not isinstance(value, bool)]
        case _:
            return [value for value in allowed if isinstance(value, str)]


def _literal(text: str) -> Composable:
    return Literal(text.replace("%", "%%"))
