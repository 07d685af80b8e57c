"""Checks of the prerequisites for attaching a database; each problem is one sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import errors
from psycopg.rows import dict_row

from orders_cli.errors import BadValueError
from orders_cli.installation import Connection, Script

OLDEST = 15
"""The oldest major version of PostgreSQL on which the script runs."""

_INTEGERS = {"smallint", "integer", "bigint"}

_SERVER: LiteralString = """
    SELECT current_setting('server_version_num')::int / 10000 AS version,
           current_setting('server_version') AS text, pg_is_in_recovery() AS standby,
           current_setting('server_encoding') AS encoding,
           current_user::text AS role, current_database()::text AS database,
           to_regnamespace('public') IS NOT NULL AS has_public,
           coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), false) AS may_create
"""
_TABLE: LiteralString = """
    SELECT pg_class.oid, relkind, format('%%I.%%I', nspname, relname) AS name,
           has_table_privilege(pg_class.oid, 'TRIGGER') AS may_trigger,
           has_table_privilege(pg_class.oid, 'SELECT') AS may_select,
           ARRAY(SELECT privilege FROM unnest('{INSERT,UPDATE,DELETE}'::text[]) AS privilege
                  WHERE NOT has_table_privilege(pg_class.oid, privilege)) AS refused,
           ARRAY(SELECT attname::text FROM pg_attribute
                  WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
                  ORDER BY attnum) AS columns,
           ARRAY(SELECT attname::text FROM pg_attribute
                  WHERE attrelid = pg_class.oid AND NOT attisdropped AND attgenerated = ''
                    AND (attname = 'version' AND atttypid IN ('int4'::regtype, 'int8'::regtype)
                         OR attname = 'updated_at' AND atttypid = 'timestamptz'::regtype)
                  ORDER BY attnum) AS maintained,
           ARRAY(SELECT attname::text
                   FROM pg_index CROSS JOIN unnest(indkey) AS number
                   JOIN pg_attribute ON attrelid = indrelid AND attnum = number
                  WHERE indrelid = pg_class.oid AND indisprimary) AS key,
           ARRAY(SELECT format_type(atttypid, NULL)
                   FROM pg_index CROSS JOIN unnest(indkey) AS number
                   JOIN pg_attribute ON attrelid = indrelid AND attnum = number
                  WHERE indrelid = pg_class.oid AND indisprimary) AS key_types
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE pg_class.oid = to_regclass(%(name)s)
"""
_TAKEN: LiteralString = """
    SELECT format('the table or sequence public.%%I', relname) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%(names)s)
     UNION ALL
    SELECT format('the function public.%%I', proname) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proname = ANY (%(names)s)
     ORDER BY 1
"""


@dataclass(frozen=True)
class Server:
    """The server of a connection, and the privileges of the connection's role."""

    version: int
    text: str
    standby: bool
    encoding: str
    role: str
    database: str
    has_public: bool
    may_create: bool

    @classmethod
    def of(cls, connection: Connection) -> "Server":
        """Return the description of a connection's server."""
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_SERVER).fetchone()
        assert found is not None  # noqa: S101  a SELECT without FROM returns a row
        return cls(**found)

    def problems(self) -> list[str]:
        """Return a sentence for each prerequisite that is missing."""
        found = []
        if self.version < OLDEST:
            found.append(f"PostgreSQL {OLDEST} or later is needed; this is {self.text}")
        if self.standby:
            found.append("this server is a standby, which is read-only; attach to the primary")
        if self.encoding != "UTF8":
            found.append(f"the database must be encoded in UTF8; this one is in {self.encoding}")
        if not self.has_public:
            found.append("there is no schema public, where the objects are created")
        elif not self.may_create:
            found.append(
                f"role {self.role} may not create objects in schema public: "
                f"GRANT CREATE ON SCHEMA public TO {self.role}"
            )
        return found


@dataclass(frozen=True)
class Found:
    """A table of the database, as PostgreSQL's catalog describes it."""

    oid: int
    relkind: str
    name: str
    may_trigger: bool
    may_select: bool
    refused: list[str]
    columns: list[str]
    maintained: list[str]
    key: list[str]
    key_types: list[str]

    @property
    def can_be_main(self) -> bool:
        """Whether the table can be the table of orders: it has a single integer key column."""
        return len(self.key_types) == 1 and self.key_types[0] in _INTEGERS

    def problems(self, role: str) -> list[str]:
        """Return sentences on why ``role`` cannot watch the table; empty if it can."""
        if self.relkind not in ("r", "p"):
            return [f"{self.name} is not a table"]
        found = []
        if not self.key:
            found.append(f"{self.name} has no primary key, by which events name a row")
        if not self.may_trigger:
            found.append(
                f"role {role} may not create triggers on {self.name}: "
                f"GRANT TRIGGER ON {self.name} TO {role}"
            )
        if not self.may_select:
            found.append(
                f"role {role} may not read {self.name}: GRANT SELECT ON {self.name} TO {role}"
            )
        return found


def find_table(connection: Connection, name: str) -> Found:
    """Return the table with this name, written as in SQL.

    Raises:
        BadValueError: no table has this name.

    """
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_TABLE, {"name": name}).fetchone()
    except (errors.InsufficientPrivilege, errors.InvalidName, errors.SyntaxError) as exc:
        raise BadValueError(f"{name}: {exc.diag.message_primary}") from exc
    if found is None:
        raise BadValueError(f"there is no table {name}")
    return Found(**found)


def main_problems(table: Found, display: Mapping[str, str]) -> list[str]:
    """Return sentences on why a table cannot be the table of orders; empty if it can."""
    found = []
    if table.key and not table.can_be_main:
        found.append(
            f"{table.name} cannot be the table of orders: its primary key "
            f"({', '.join(table.key)}) is not a single column of an integer type. "
            f"`--watch {table.name}` makes it live at /api/tables"
        )
    found += [
        f"{table.name} has no column {column} (--{role})"
        for role, column in display.items()
        if column not in table.columns
    ]
    return found


def taken_names(connection: Connection, script: Script) -> Iterable[str]:
    """Yield a sentence for each existing object that has a name which the script needs."""
    for (what,) in connection.execute(_TAKEN, {"names": script.names}).fetchall():
        yield f"{what} exists already, and is not of Real-Time Orders; rename it"
