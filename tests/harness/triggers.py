"""Enable and disable the system's triggers, as owners of tables may do."""

from harness.servers import Sql


def enable(sql: Sql, table: str, how: str, like: str = "%") -> None:
    """Run ALTER TABLE ... TRIGGER for the triggers of a table whose names match ``like``."""
    for (name,) in sql.execute(
        "SELECT quote_ident(tgname) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname LIKE %s",
        [table, like],
    ).fetchall():
        sql.execute(f"ALTER TABLE {table} {how} TRIGGER {name}".encode())
