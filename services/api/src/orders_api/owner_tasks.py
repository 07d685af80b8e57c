"""Tasks of the tables' owner. If the API's role may not do one, the statement is returned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from orders_api.database import Database
from orders_api.errors import FORBIDDEN, ConflictError, RowNotFoundError, StatementError
from orders_api.settings_models import DatabaseTable

_MAY = "SELECT has_function_privilege(%(function)s, 'EXECUTE')"
_WATCH = "order_admin_watch(regclass, boolean)"

_TABLES = """
    SELECT pg_class.oid::regclass::text, relation IS NOT NULL,
           pg_class.oid IS NOT DISTINCT FROM order_main_table(),
           CASE WHEN NOT EXISTS (SELECT FROM pg_index
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
_ADD_CHOICE = ("order_choice_statement", "order_admin_add_choice")
_REMOVE_CHOICE = ("order_choice_removal", "order_admin_remove_choice")


@dataclass(frozen=True, slots=True)
class ColumnOfTable:
    """A column, named as in PostgreSQL's catalog."""

    namespace: str
    relation: str
    column: str


async def tables(database: Database) -> list[DatabaseTable]:
    """Return the tables of the database without the system's own; watched tables come first."""
    return [DatabaseTable.of(row) for row in await database.all(_TABLES)]


async def watch(database: Database, table: str, *, live: bool) -> str | None:
    """Start or stop watching a table; return None, or the statement to run if only its owner may.

    Raises:
        ConflictError: the database refuses it; the error has the reason.
        RowNotFoundError: there is no such table.

    """
    try:
        (found,) = await database.one(_FIND, {"table": table})
    except StatementError:  # the text is not a valid name
        found = None
    if found is None:
        raise RowNotFoundError("tables")
    values = {"table": found, "live": live}
    (statement,) = await database.one(_WATCH_STATEMENT, values)
    may = await _may(database, _WATCH)
    return None if may and await _done(database, _DO_WATCH, values, "watched") else statement


async def change_choice(
    database: Database, column: ColumnOfTable, choice: str, *, add: bool
) -> str | None:
    """Add a choice to a column, or remove a choice that no row has, with its rules.

    Return None, or the statement to run if only the table's owner may.

    Raises:
        ConflictError: the database refuses it; the error has the reason.

    """
    render, function = _ADD_CHOICE if add else _REMOVE_CHOICE
    values = {**asdict(column), "choice": choice}
    try:
        (statement,) = await database.one(_choices(render), values)
    except StatementError as exc:
        raise _refusal(exc, "choice") from None
    may = await _may(database, f"{function}(regclass, name, text)")
    if not (may and await _done(database, _choices(function), values, "choice")):
        return f"{statement};"
    if add:  # Check the rows in a second transaction, during which others can write.
        await _done(database, _choices(function), {**values, "choice": None}, "choice")
    return None


def _choices(function: str) -> bytes:
    relation = "format('%%I.%%I', %(namespace)s::text, %(relation)s::text)::regclass"
    return f"SELECT {function}({relation}, %(column)s, %(choice)s)".encode()


async def _may(database: Database, function: str) -> bool:
    (may,) = await database.one(_MAY, {"function": function})
    return bool(may)


async def _done(
    database: Database, statement: bytes, values: Mapping[str, object], field: str
) -> bool:
    """Execute a statement; return False if this role has no privilege for it."""
    try:
        await database.one(statement, values)
    except StatementError as exc:
        if exc.sqlstate == FORBIDDEN:
            return False
        raise _refusal(exc, field) from None
    return True


def _refusal(exc: StatementError, field: str) -> Exception:
    """Return a ConflictError if a function of the script refused; otherwise ``exc``, a bug."""
    return ConflictError((field, exc.message[:300])) if exc.is_raised else exc
