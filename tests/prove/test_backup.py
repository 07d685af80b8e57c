"""What ``Backup.restore`` brings back."""

from typing import Any

import psycopg

from harness.servers import Postgres
from prove.backup import Backup
from prove.ddl import STOCK_CHANGES
from prove.oracle import Replay
from prove.tables import SETUP, STOCK

_ROWS = (
    "INSERT INTO stock (place, item, pieces) SELECT 'attic', n, n FROM generate_series(1, 3) AS n"
)


def test_a_restore_undoes_what_was_altered_since(provable_postgres: Postgres) -> None:
    """Rows, columns and primary key are those of the backup, whatever was altered since."""
    database = provable_postgres.create_database()
    with database.connect() as sql:
        sql.execute(SETUP)
        sql.execute(_ROWS)
        sql.execute("SELECT take_order_events(1000)")
        before = _stock(sql)
        backup = Backup(database, Replay({}))
    for statement in STOCK_CHANGES:
        with database.connect() as sql:
            sql.execute(statement)
            sql.execute("UPDATE stock SET item = item + 10")
        replay = backup.restore()
        with database.connect() as sql:
            assert _stock(sql) == before, statement
        assert len(replay.tables[STOCK]) == 3
    provable_postgres.drop_database(database)


def _stock(sql: psycopg.Connection[Any]) -> tuple[list[str], dict[str, str], list[Any]]:
    """Return the key, the columns with their types, and the rows."""
    row = sql.execute("SELECT order_schema()").fetchone()
    assert row is not None
    (table,) = [each for each in row[0]["tables"] if each["name"] == STOCK]
    columns = {each["name"]: each["type"] for each in table["columns"]}
    rows = sql.execute("SELECT to_jsonb(stock) FROM stock ORDER BY item").fetchall()
    return table["key"], columns, rows
