"""What only the owner of the tables may do: done if the API's role may, else a statement."""

from collections.abc import Mapping
from dataclasses import dataclass

from orders_api.database import Database
from orders_api.errors import ConflictError, RowNotFoundError, StatementError

_MAY = "SELECT has_function_privilege(%(function)s, 'EXECUTE')"
_WATCH = "order_admin_watch(regclass, boolean)"
_ADD_CHOICE = "order_admin_add_choice(regclass, name, text)"

_TABLES = """
    SELECT pg_class.oid::regclass::text, relation IS NOT NULL,
           pg_class.oid IS NOT DISTINCT FROM order_main_table(),
           CASE WHEN relation IS NOT NULL THEN NULL
                WHEN NOT EXISTS (SELECT FROM pg_index
                                  WHERE indrelid = pg_class.oid AND indisprimary)
                THEN 'It has no primary key, by which events name a row.' END
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      LEFT JOIN order_tables ON relation = pg_class.oid
     WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND NOT relispartition
       AND nspname !~ '^pg_' AND nspname <> 'information_schema'
       AND pg_class.oid NOT IN (SELECT order_own_tables())
     ORDER BY relation IS NULL, 3 DESC, 1 LIMIT 1000
"""
_FIND = "SELECT to_regclass(%(table)s)::text"
_WATCH_STATEMENT = """
    SELECT format('SELECT %%s(%%L);',
                  CASE WHEN %(live)s THEN 'watch_table' ELSE 'unwatch_table' END, %(table)s::text)
"""
_DO_WATCH = b"SELECT order_admin_watch(%(table)s::regclass, %(live)s)"
_RELATION = "format('%%I.%%I', %(namespace)s::text, %(relation)s::text)::regclass"
_CHOICE_STATEMENT = f"SELECT order_choice_statement({_RELATION}, %(column)s, %(choice)s)".encode()
_DO_ADD_CHOICE = f"SELECT order_admin_add_choice({_RELATION}, %(column)s, %(choice)s)".encode()
_FORBIDDEN = "42501"


@dataclass(frozen=True, slots=True)
class ListedTable:
    """A table of the database, named as in SQL; ``reason``: why it cannot be watched."""

    name: str
    watched: bool
    main: bool
    reason: str | None


async def tables(database: Database) -> list[ListedTable]:
    """Return the tables of the database but the system's own, watched ones first."""
    async with database.connection() as connection:
        rows = await (await connection.execute(_TABLES)).fetchall()
    return [ListedTable(*row) for row in rows]


async def watch(database: Database, table: str, *, live: bool) -> str | None:
    """Begin or end to watch a table; return the statement if only its owner may.

    Raises:
        ConflictError: the database refuses, with the reason.
        RowNotFoundError: there is no such table.

    """
    try:
        (found,) = await database.one(_FIND, {"table": table})
    except StatementError:  # no name at all
        found = None
    if found is None:
        raise RowNotFoundError("tables")
    values = {"table": found, "live": live}
    (statement,) = await database.one(_WATCH_STATEMENT, values)
    may = await _may(database, _WATCH)
    return None if may and await _done(database, _DO_WATCH, values, "watched") else statement


async def add_choice(
    database: Database, namespace: str, relation: str, column: str, choice: str
) -> str | None:
    """Add a choice to a column; return the statement if only the table's owner may.

    Raises:
        ConflictError: the database refuses, with the reason.

    """
    values: dict[str, object] = {"namespace": namespace, "relation": relation, "column": column}
    wanted = values | {"choice": choice}
    try:
        (statement,) = await database.one(_CHOICE_STATEMENT, wanted)
    except StatementError as exc:
        raise _refusal(exc, "choice") from None
    if not await _may(database, _ADD_CHOICE):
        return f"{statement};"
    if not await _done(database, _DO_ADD_CHOICE, wanted, "choice"):
        return f"{statement};"
    # Rows are read in a transaction of its own, in which writers go on.
    await _done(database, _DO_ADD_CHOICE, values | {"choice": None}, "choice")
    return None


async def _may(database: Database, function: str) -> bool:
    (may,) = await database.one(_MAY, {"function": function})
    return bool(may)


async def _done(
    database: Database, statement: bytes, values: Mapping[str, object], field: str
) -> bool:
    """Do it; return False if the database does not let this role."""
    try:
        await database.one(statement, values)
    except StatementError as exc:
        if exc.sqlstate == _FORBIDDEN:
            return False
        raise _refusal(exc, field) from None
    return True


def _refusal(exc: StatementError, field: str) -> Exception:
    """Return the reason of a function of the script, for people; a fault of ours stays one."""
    return ConflictError((field, exc.message[:300])) if exc.is_raised else exc
