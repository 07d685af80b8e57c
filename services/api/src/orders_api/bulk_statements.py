"""SQL statements that write many rows of one table at once; they complete ``Statements``."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed

from orders_api.bulk_format import Wanted
from orders_api.conditions import (
    ALL,
    Scope,
    Values,
    all_of,
    comparable_type,
    name,
    type_name,
)
from orders_api.statements import Statements, assigned


def write(statements: Statements, rows: Sequence[Wanted], scope: Scope) -> tuple[Composed, Values]:
    """Change or delete the rows that are visible and have the wanted version.

    All rows have the same ``shape``. The statement returns the number, the key and the version of
    each row written. It first locks the rows in the order of their keys, so that two requests for
    the same rows cannot deadlock.
    """
    body = rows[0].body
    values: Values = {}
    parts: dict[str, Composable] = {
        "asked": _asked(statements, rows, values),
        "keys": SQL(", ").join(name("t", each) for each in statements.table.key),
        "table": statements.rows,
        "same": statements.row.same("asked"),
        "visible": statements.conditions.visible(scope, values),
        "version": statements.row.version(),
        "result": statements.row.key_and_version(),
    }
    if body is None:
        locked = SQL(_LOCKED).format(lock=SQL("UPDATE"), **parts)
        return locked + SQL(_DELETE).format(**parts), values
    values |= body.parameters
    columns, has_own = rows[0].shape
    locked = SQL(_LOCKED).format(lock=SQL("NO KEY UPDATE"), **parts)
    return locked + SQL(_UPDATE).format(
        assignments=assigned(columns),
        sources=SQL(_EACH).format(record=statements.record(columns, SQL("e.element -> 'set'")))
        if has_own
        else statements.record(columns),
        belongs=SQL("e.number = asked.number + 1") if has_own else ALL,
        **parts,
    ), values


def present(
    statements: Statements, rows: Sequence[Wanted], scope: Scope, max_bytes: int
) -> tuple[Composed, Values]:
    """Select the number, the key, the version and the JSON of each row that is visible.

    The JSON is null from the row on at which the sum of sizes exceeds ``max_bytes``.
    """
    values: Values = {"max_bytes": max_bytes}
    return SQL(_PRESENT).format(
        asked=_asked(statements, rows, values),
        table=statements.rows,
        same=statements.row.same("asked"),
        visible=statements.conditions.visible(scope, values),
        bytes=statements.row.bytes(),
        keys=statements.row.key_columns(),
        result=statements.row.key_and_version(),
        aliases=SQL(", ").join(statements.row.key_aliases()),
        found=statements.row.same("found"),
    ), values


def count_visible(
    statements: Statements, keys: Sequence[Sequence[str]], scope: Scope, parent: Statements | None
) -> tuple[Composed, Values]:
    """Count the rows that are visible and have a visible parent; see ``Statements.is_visible``."""
    values: Values = {}
    return SQL("SELECT count(*) FROM {} AS t JOIN {} ON {} WHERE {}").format(
        statements.rows,
        _named(statements, keys, values),
        statements.row.same("asked"),
        all_of(statements.with_parent(scope, parent, values)),
    ), values


def _asked(statements: Statements, rows: Sequence[Wanted], values: Values) -> Composed:
    values["numbers"] = [row.number for row in rows]
    values["versions"] = [row.version for row in rows]
    return _named(statements, [row.key for row in rows], values)


def _named(statements: Statements, keys: Sequence[Sequence[str]], values: Values) -> Composed:
    """Return the relation ``asked``: the keys and, if ``values`` has them, numbers and versions."""
    arrays: list[Composable] = []
    for number, column in enumerate(statements.table.key):
        values[f"k{number}"] = [key[number] for key in keys]
        kind = type_name(comparable_type(statements.table.columns[column]))
        arrays.append(SQL("CAST(%(k{})s::text[] AS {}[])").format(SQL(str(number)), kind))
    aliases = statements.row.key_aliases()
    if "numbers" in values:
        arrays += [SQL("%(numbers)s::integer[]"), SQL("%(versions)s::text[]")]
        aliases = [*aliases, SQL("number"), SQL("version")]
    return SQL("unnest({}) AS asked({})").format(SQL(", ").join(arrays), SQL(", ").join(aliases))


# All rows are locked before the first is written. PostgreSQL checks the conditions again after
# waiting for a lock.
_LOCKED = """
    WITH asked AS MATERIALIZED (
        SELECT asked.* FROM {table} AS t JOIN {asked} ON {same}
         WHERE {visible} AND (asked.version IS NULL OR asked.version = {version})
         ORDER BY {keys} FOR {lock} OF t
    )
"""
_UPDATE = """
    UPDATE {table} AS t SET {assignments} FROM asked, {sources}
     WHERE {same} AND {belongs} RETURNING asked.number, {result}
"""
_DELETE = """
    DELETE FROM {table} AS t USING asked WHERE {same} RETURNING asked.number, {result}
"""

_EACH = """
    json_array_elements(%(row)s::json -> 'rows') WITH ORDINALITY AS e(element, number),
    LATERAL {record}
"""

_PRESENT = """
    SELECT number, "key", version,
           CASE WHEN sum(bytes) OVER (ORDER BY number) <= %(max_bytes)s
                THEN (SELECT to_json(t.*)::text FROM {table} AS t WHERE {found}) END
      FROM (SELECT asked.number, {bytes}, {keys}, {result}
              FROM {table} AS t JOIN {asked} ON {same} WHERE {visible}
           ) AS found(number, bytes, {aliases}, "key", version)
"""
