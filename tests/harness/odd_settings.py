"""Settings that ALTER ROLE or ALTER DATABASE may give to sessions, each of them odd."""

from collections.abc import Mapping

from psycopg import sql

from harness.servers import Database, Postgres

ODD_SETTINGS: Mapping[str, str] = {
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "200",
    "lock_timeout": "1",
    "idle_session_timeout": "30000",
    "idle_in_transaction_session_timeout": "30000",
    "search_path": "pg_catalog",
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-5",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "client_encoding": "LATIN1",
    "row_security": "off",
}
"""Settings, each of which would break a promise if it were in force in a service's session.

Services set their own values by their first statement. The timeouts of an idle session are long
enough for it on a busy machine.
"""


def give(postgres: Postgres, database: Database, role: str, settings: Mapping[str, str]) -> None:
    """Give settings to a role's sessions in one database, as an administrator."""
    with postgres.administrator() as administrator:
        for name, value in settings.items():
            administrator.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    *map(sql.Identifier, (role, database.name, name)), sql.Literal(value)
                )
            )
