"""Install the objects of the database script in an existing database, and remove them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Json

from orders_cli.errors import BadValueError, UnreachableError
from orders_service.postgres_errors import explain

Connection: TypeAlias = psycopg.Connection[TupleRow]

SEED = "orders"
"""The table of orders that the script creates in a database that is not attached."""

_CONNECT_WITHIN_S = 10
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
_CREATED = re.compile(
    r"^ *CREATE (?:OR REPLACE )?(?:UNLOGGED )?(?:TABLE|SEQUENCE|FUNCTION|TYPE)(?: IF NOT EXISTS)?"
    r" ([a-z_]+)",
    re.MULTILINE,
)
_TRANSACTION = re.compile(r"^(?:BEGIN|COMMIT);$", re.MULTILINE)

_STATE = """
    SELECT to_regclass('public.order_settings') IS NOT NULL,
           to_regclass('public.order_stream') IS NOT NULL
       AND to_regproc('public.take_order_events') IS NOT NULL
"""
_ATTACHED = "SELECT attached FROM public.order_settings"

# Names are qualified, so that the search_path does not matter. Triggers that partitions have from
# their parent are left out.
_OBJECTS = """
    SELECT CASE relkind WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' ELSE 'table' END,
           format('%I.%I', nspname, relname)
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'S', 'i') AND nspname = 'public'
     UNION ALL
    SELECT 'function',
           format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
      FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = 'public'
     UNION ALL
    SELECT 'type', format('%I.%I', nspname, typname)
      FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
      JOIN pg_class ON pg_class.oid = typrelid AND relkind = 'c' WHERE nspname = 'public'
     UNION ALL
    SELECT 'trigger', format('%I.%I %s', nspname, relname, tgname)
      FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE NOT tgisinternal AND tgparentid = 0
"""

# Functions refer to each other and to tables, so each kind is dropped in one statement, functions
# first. Without CASCADE the statement fails if an object of the owner depends on one of these.
_OURS = """
    SELECT format('DROP %%s %%s', kind, string_agg(name, ', '))
      FROM (SELECT 'FUNCTION' AS kind, oid::regprocedure::text AS name FROM pg_proc
             WHERE pronamespace = 'public'::regnamespace AND proname = ANY (%(names)s)
            UNION ALL
            SELECT CASE relkind WHEN 'c' THEN 'TYPE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                   format('public.%%I', relname)
              FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'c', 'S')
               AND relname = ANY (%(names)s)) AS ours
     GROUP BY kind ORDER BY array_position(ARRAY['FUNCTION', 'TYPE', 'SEQUENCE', 'TABLE'], kind)
"""
_OWN_TRIGGERS = """
    SELECT format('DROP TRIGGER %%I ON public.%%I', tgname, relname)
      FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
     WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%(names)s) AND NOT tgisinternal
"""


class State(Enum):
    """How a database is set up for Real-Time Orders."""

    NOTHING = "nothing"
    OWN = "own"
    """The script created the table of orders."""
    ATTACHED = "attached"


@dataclass(frozen=True)
class Wanted:
    """The tables to attach, by OID: ``main`` is the table of orders, ``watched`` are others.

    ``display`` has the column of the main table for each role, such as status.
    """

    main: int | None = None
    display: Mapping[str, str] = field(default_factory=dict)
    watched: tuple[int, ...] = ()


@dataclass(frozen=True)
class Script:
    """The database script ``db/init.sql``."""

    text: str

    @classmethod
    def read(cls, path: Path) -> "Script":
        """Read the file.

        Raises:
            BadValueError: the file cannot be read.

        """
        try:
            return cls(path.read_text(encoding="utf-8"))
        except OSError as exc:
            raise BadValueError(f"{path} cannot be read: {exc.strerror}") from exc

    @property
    def names(self) -> list[str]:
        """The tables, sequences, types and functions that it creates in an attached database."""
        return sorted(set(_CREATED.findall(self.text)) - {SEED})

    def run(self, connection: Connection, *, attach: bool) -> None:
        """Run the script within the transaction of the connection."""
        connection.execute("SELECT set_config('orders.attach', %s, true)", [str(attach)])
        statements = _TRANSACTION.sub("", self.text)
        connection.execute(statements, prepare=False)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Yield a connection to a database in autocommit mode, and close it after the block.

    Raises:
        UnreachableError: the database cannot be reached, or refuses the role.

    """
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=_CONNECT_WITHIN_S,
            application_name="orders-attach",
            client_encoding="UTF8",
        )
    except psycopg.Error as exc:
        raise UnreachableError(f"no connection to the database: {explain(exc)}") from exc
    with connection:
        yield connection


def sentence(exc: psycopg.Error) -> str:
    """Return PostgreSQL's message, with its detail and hint, on one line."""
    diag = exc.diag
    message = diag.message_primary or str(exc).strip().splitlines()[-1].strip()
    more = (part.replace("\n", " ") for part in (diag.message_detail, diag.message_hint) if part)
    return " ".join([message, *(f"({part})" for part in more)])


def state(connection: Connection) -> State:
    """Return how a database is set up."""
    has_settings, has_stream = _one(connection, _STATE)
    if not has_settings:
        return State.OWN if has_stream else State.NOTHING
    return State.ATTACHED if _one(connection, _ATTACHED)[0] else State.OWN


def require_stream(connection: Connection) -> None:
    """Check that a database is set up for Real-Time Orders.

    Raises:
        BadValueError: the database is not set up.

    """
    if state(connection) is State.NOTHING:
        raise BadValueError(
            f"database {connection.info.dbname} is not set up for Real-Time Orders: run "
            "`orders attach`, which says what it creates, and asks"
        )


def install(connection: Connection, script: Script, wanted: Wanted, *, attach: bool = True) -> None:
    """Create all objects and watch the tables, within the transaction of the connection.

    Raises:
        psycopg.Error: the database refuses a statement; the transaction has failed.

    """
    connection.execute(_LOCK_TIMEOUT)
    script.run(connection, attach=attach)
    if wanted.main is not None:
        display = Json(dict(wanted.display))
        connection.execute("SELECT set_main_table(%s::oid::regclass, %s)", [wanted.main, display])
    for relation in wanted.watched:
        connection.execute("SELECT watch_table(%s::oid::regclass)", [relation])


def objects(connection: Connection) -> set[tuple[str, str]]:
    """Return kind and name of all objects in schema public, and of the triggers in all schemas."""
    found = connection.execute(_OBJECTS).fetchall()
    return {(kind, name) for kind, name in found}


def remove(connection: Connection, script: Script) -> None:
    """Drop everything that ``install`` created, within the transaction of the connection.

    Raises:
        psycopg.Error: an object of the owner depends on one of them; the transaction has failed.

    """
    connection.execute(_LOCK_TIMEOUT)
    # First bring an earlier version up to date, because its functions may have other names.
    script.run(connection, attach=True)
    connection.execute("SELECT public.order_drop_recorders(relation) FROM public.order_tables")
    connection.execute("SET LOCAL search_path = pg_catalog")  # so that casts return full names
    names: dict[str, Any] = {"names": script.names}
    for query in (_OWN_TRIGGERS, _OURS):
        for (statement,) in connection.execute(query, names).fetchall():
            connection.execute(statement)


def _one(connection: Connection, statement: LiteralString) -> TupleRow:
    row = connection.execute(statement).fetchone()
    assert row is not None  # noqa: S101  each of these statements returns one row
    return row
