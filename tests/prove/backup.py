"""Restoring the database to an earlier state while clients are connected."""

from typing import Any, LiteralString

import psycopg

from harness.servers import Database
from prove.exact import PINNED, by_key, reading
from prove.oracle import Replay
from prove.tables import BOOKED, KEYS, NOTES, PASSING

_LOG_TABLES: tuple[LiteralString, ...] = ("order_events", "idempotency_keys")
_TABLES: tuple[str, ...] = (*_LOG_TABLES, *BOOKED)
_STREAM = "order_stream"
"""Notes are in no backup: they go on as they are."""
_RESHAPE: LiteralString = """
    DO $$
    DECLARE
        found record;
    BEGIN
        -- A key column gets its type back: without it the table would have no primary key. Last, as
        -- generated columns may depend on it.
        FOR found IN    -- columns that the backup does not have, or has otherwise
            SELECT attname, attname = ANY (order_primary_key('{0}')) AS is_key,
                   (SELECT format_type(atttypid, atttypmod) FROM pg_attribute AS saved
                     WHERE saved.attrelid = 'proof_{0}'::regclass AND saved.attname = now.attname
                       AND NOT saved.attisdropped) AS type
              FROM pg_attribute AS now
             WHERE attrelid = '{0}'::regclass AND attnum > 0 AND NOT attisdropped
               AND (attgenerated <> '' OR NOT EXISTS (
                    SELECT FROM pg_attribute AS saved
                     WHERE saved.attrelid = 'proof_{0}'::regclass AND saved.attname = now.attname
                       AND NOT saved.attisdropped AND saved.atttypid = now.atttypid
                       AND saved.atttypmod = now.atttypmod))
             ORDER BY is_key
        LOOP
            EXECUTE format(CASE WHEN found.is_key THEN 'ALTER TABLE {0} ALTER COLUMN %I TYPE %s'
                                ELSE 'ALTER TABLE {0} DROP COLUMN %I CASCADE' END,
                           found.attname, found.type);
        END LOOP;
        FOR found IN    -- columns of the backup that were dropped since
            SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute AS saved
             WHERE attrelid = 'proof_{0}'::regclass AND attnum > 0 AND NOT attisdropped
               AND NOT EXISTS (
                    SELECT FROM pg_attribute AS now
                     WHERE now.attrelid = '{0}'::regclass AND now.attname = saved.attname
                       AND NOT now.attisdropped)
        LOOP
            EXECUTE format('ALTER TABLE {0} ADD COLUMN %I %s', found.attname, found.type);
        END LOOP;
        SELECT string_agg(quote_ident(attname), ', ') AS columns INTO found FROM pg_attribute
         WHERE attrelid = 'proof_{0}'::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('INSERT INTO {0} (%s) SELECT %1$s FROM proof_{0}', found.columns);
    END
    $$
"""
"""Brings back the columns of a table in the backup, then its rows."""


_FITTING: LiteralString = f"""
    DELETE FROM proof_stock WHERE place = 'Köln' AND NOT EXISTS (
        SELECT FROM pg_class WHERE oid = to_regclass('{PASSING}') AND relispartition)
"""
"""Rows of a partition that is detached now cannot be restored."""


def _run(sql: psycopg.Connection[Any], statement: str) -> None:
    sql.execute(statement.encode())


class Backup:
    """The content of the database at a quiet point, and the replay at that point."""

    def __init__(self, database: Database, replay: Replay) -> None:
        """Take the backup. The outbox is empty; open transactions are not in a backup."""
        self._database = database
        self._replay = replay.copy()
        with database.connect() as sql, sql.transaction():
            for table in (*_TABLES, _STREAM):
                _run(sql, f"DROP TABLE IF EXISTS proof_{table}")
                _run(sql, f"CREATE TABLE proof_{table} AS TABLE {table}")
            row = sql.execute("SELECT last_value, is_called FROM orders_id_seq").fetchone()
            assert row is not None
            self._next_id = row

    @property
    def position(self) -> int:
        """The position of the last event in it."""
        return self._replay.position

    def restore(self) -> Replay:
        """Restore it; return the replay.

        Sessions are terminated, as before a database is dropped, and ids repeat. The stream's id is
        that of the backup, in a new file, as pg_restore leaves it: the next listener renews it.
        """
        with self._database.connect() as sql, sql.transaction():
            sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            while sql.execute("SELECT order_follow_partitions()").fetchone() == (True,):
                pass
            sql.execute(_FITTING)
            for table in _TABLES:
                _run(sql, f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for table in _TABLES[::-1]:
                _run(sql, f"DELETE FROM {table}")
            for table in _TABLES:
                if table in _LOG_TABLES:
                    _run(sql, f"INSERT INTO {table} SELECT * FROM proof_{table}")
                else:
                    _run(sql, _RESHAPE.replace("{0}", table))
                _run(sql, f"ALTER TABLE {table} ENABLE TRIGGER USER")
            sql.execute("DELETE FROM order_outbox")
            sql.execute("SELECT setval('orders_id_seq', %s, %s)", self._next_id)
            _run(sql, f"TRUNCATE {_STREAM}")
            _run(sql, f"INSERT INTO {_STREAM} SELECT * FROM proof_{_STREAM}")
        replay = self._replay.copy()
        with psycopg.connect(self._database.url, options=PINNED) as sql:
            watched = sql.execute("SELECT notes FROM proof_watched").fetchone() == (True,)
            replay.tables = {
                name: by_key(name, sql.execute(reading(name)))
                for name in KEYS
                if watched or name != NOTES
            }
        replay.earlier.clear()
        return replay

    def stream(self) -> str:
        """Return the id of the stream now."""
        with self._database.connect() as sql:
            row = sql.execute("SELECT id FROM order_stream").fetchone()
        assert row is not None
        return str(row[0])
