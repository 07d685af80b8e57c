"""What only the owner of the tables may do: done if the API's role may, else a statement."""

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


@dataclass(frozen=True, slots=True)
class ColumnOfTable:
    """A column, by the names that the catalog has."""

    namespace: str
    relation: str
    column: str


async def tables(database: Database) -> list[DatabaseTable]:
    """Return the tables of the database but the system's own, watched ones first."""
    return [DatabaseTable.of(row) for row in await database.all(_TABLES)]


async def watch(database: Database, table: str, *, live: bool) -> str | None:
    """Start or stop watching a table; return the statement to run if only its owner may.

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


async def add_choice(database: Database, column: ColumnOfTable, choice: str) -> str | None:
    """Add a choice to a column; return the statement if only the table's owner may.

    Raises:
        ConflictError: the database refuses, with the reason.

    """
    statement = await _owners(database, "add_choice", "statement", column, choice)
    if statement is None:
        # Rows are read in a transaction of its own, in which writers go on.
        values = {**asdict(column), "choice": None}
        await _done(database, _choices("order_admin_add_choice"), values, "choice")
    return statement


async def remove_choice(database: Database, column: ColumnOfTable, choice: str) -> str | None:
    """Take a choice that no row has from a column, with its rules; otherwise as ``add_choice``."""
    return await _owners(database, "remove_choice", "removal", column, choice)


async def _owners(
    database: Database, task: str, statement_of: str, column: ColumnOfTable, choice: str
) -> str | None:
    values = {**asdict(column), "choice": choice}
    try:
        (statement,) = await database.one(_choices(f"order_choice_{statement_of}"), values)
    except StatementError as exc:
        raise _refusal(exc, "choice") from None
    function = f"order_admin_{task}"
    may = await _may(database, f"{function}(regclass, name, text)")
    done = may and await _done(database, _choices(function), values, "choice")
    return None if done else f"{statement};"


def _choices(function: str) -> bytes:
    relation = "format('%%I.%%I', %(namespace)s::text, %(relation)s::text)::regclass"
    return f"SELECT {function}({relation}, %(column)s, %(choice)s)".encode()


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
        if exc.sqlstate == FORBIDDEN:
            return False
        raise _refusal(exc, field) from None
    return True


def _refusal(exc: StatementError, field: str) -> Exception:
    """Return the reason of a function of the script, for people; a fault of ours stays one."""
    return ConflictError((field, exc.message[:300])) if exc.is_raised else exc
