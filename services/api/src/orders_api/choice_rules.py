"""Rules that admins edit: which choice may follow which, and how long a row may keep a choice."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders_api.database import Connection, Database
from orders_api.errors import InvalidInputError, SettingChangedError
from orders_api.preconditions import Precondition
from orders_contract.schema import Schema

_NEXT = 'SELECT "table", "column", value, next FROM order_next_choices'
_WAITING = """
    SELECT "table", "column", value, extract(epoch FROM warn_after)::bigint,
           extract(epoch FROM late_after)::bigint FROM order_thresholds
"""
# The lock does not block readers. Another admin's change waits, and then sees this change.
_LOCK = "LOCK TABLE order_next_choices IN SHARE ROW EXCLUSIVE MODE"
_FORGET = (
    'DELETE FROM order_next_choices WHERE "table" = %(table)s AND "column" = %(column)s',
    'DELETE FROM order_thresholds WHERE "table" = %(table)s AND "column" = %(column)s',
)
_ADD_NEXT = "INSERT INTO order_next_choices VALUES (%(table)s, %(column)s, %(value)s, %(next)s)"
_ADD_WAITING = """
    INSERT INTO order_thresholds
    VALUES (%(table)s, %(column)s, %(value)s, %(warn_seconds)s * interval '1 second',
            %(late_seconds)s * interval '1 second')
"""

Place = tuple[str, str]
"""The names of a table and a column."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a column's choices. If ``next`` is None, any choice may follow any other."""

    next: Mapping[str, Sequence[str]] | None
    waiting: Mapping[str, Mapping[str, int]]

    @property
    def version(self) -> str:
        """A hash of the rules."""
        text = json.dumps([self.next, self.waiting], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


NONE = Rules(None, {})


def check(rules: Rules, choices: Sequence[str]) -> None:
    """Raise InvalidInputError unless the rules are valid for these choices."""
    for place, named in (("next", rules.next or {}), ("waiting", rules.waiting)):
        for value in named:
            _require(value in choices, f"{place}.{value}", "is none of the choices")
    for value, following in (rules.next or {}).items():
        place = f"next.{value}"
        _require(set(following) <= set(choices), place, "must name choices")
        _require(value not in following, place, "must not lead to itself")
        _require(len(set(following)) == len(following), place, "must name each once")


def choice_columns(schema: Schema) -> dict[Place, tuple[str, ...]]:
    """Return the choices of each column that has choices."""
    return {
        (table.name, column.name): column.choices
        for table in schema.tables.values()
        for column in table.columns.values()
        if column.choices
    }


async def read(database: Database) -> dict[Place, Rules]:
    """Return the rules of all columns that have rules."""
    async with database.connection() as connection:
        return await _read(connection)


async def replace(
    database: Database, place: Place, rules: Rules, expected: Precondition, actor: str
) -> None:
    """Set the rules of a column.

    Raises:
        SettingChangedError: the precondition ``expected`` does not hold for the present rules.

    """
    table, column = place
    at = {"table": table, "column": column}
    async with database.transaction(actor) as connection:
        await connection.execute(_LOCK)
        if not expected.holds((await _read(connection)).get(place, NONE).version):
            raise SettingChangedError
        for statement in _FORGET:
            await connection.execute(statement, at)
        await _insert(
            connection,
            _ADD_NEXT,
            ({**at, "value": key, "next": [*after]} for key, after in (rules.next or {}).items()),
        )
        await _insert(
            connection,
            _ADD_WAITING,
            ({**at, "value": key, **bounds} for key, bounds in rules.waiting.items()),
        )


async def _read(connection: Connection) -> dict[Place, Rules]:
    following: dict[Place, dict[str, list[str]]] = {}
    waiting: dict[Place, dict[str, dict[str, int]]] = {}
    for table, column, value, after in await (await connection.execute(_NEXT)).fetchall():
        following.setdefault((table, column), {})[value] = after
    for table, column, value, warn, late in await (await connection.execute(_WAITING)).fetchall():
        bounds = {"warn_seconds": warn, "late_seconds": late}
        waiting.setdefault((table, column), {})[value] = bounds
    return {
        place: Rules(following.get(place), waiting.get(place, {}))
        for place in following.keys() | waiting.keys()
    }


async def _insert(connection: Connection, statement: Any, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        await connection.execute(statement, row)


def _require(holds: bool, field: str, message: str) -> None:  # noqa: FBT001
    if not holds:
        raise InvalidInputError(field[:100], message)
