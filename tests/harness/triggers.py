"""Triggers of the system, as owners of tables switch them."""

from harness.servers import Sql


def enable(sql: Sql, table: str, how: str, like: str = "%") -> None:
    """Run ALTER TABLE ... TRIGGER for the triggers of a table whose names are ``like``."""
    for (name,) in sql.execute(
        "SELECT quote_ident(tgname) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname LIKE %s",
        [table, like],
    ).fetchall():
        sql.execute(f"ALTER TABLE {table} {how} TRIGGER {name}".encode())
