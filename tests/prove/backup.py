"""The database put back to an earlier state while everybody is connected."""

import copy
from typing import LiteralString

from harness.servers import Database
from prove.oracle import Replay

_TABLES: tuple[LiteralString, ...] = ("orders", "order_events", "idempotency_keys")


class Backup:
    """What the database held at a quiet moment, and what the proof knew of it then."""

    def __init__(self, database: Database, replay: Replay) -> None:
        """Take it. The outbox is empty; a transaction that is open is not in a backup."""
        self._database = database
        self._replay = copy.deepcopy(replay)
        with database.connect() as sql, sql.transaction():
            for table in _TABLES:
                sql.execute(f"DROP TABLE IF EXISTS proof_{table}")
                sql.execute(f"CREATE TABLE proof_{table} AS TABLE {table}")
            row = sql.execute("SELECT last_value, is_called FROM orders_id_seq").fetchone()
            assert row is not None
            self._next_id = row

    @property
    def position(self) -> int:
        """The last event in it."""
        return self._replay.position

    def restore(self) -> tuple[str, Replay]:
        """Put it back, as another stream; return that one's id and what the proof knows now.

        Sessions are ended, as before a database is dropped, and ids are given again.
        """
        with self._database.connect() as sql, sql.transaction():
            sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            for table in _TABLES:
                sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                sql.execute(f"DELETE FROM {table}")
                sql.execute(f"INSERT INTO {table} SELECT * FROM proof_{table}")
                sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            sql.execute("DELETE FROM order_outbox")
            sql.execute("SELECT setval('orders_id_seq', %s, %s)", self._next_id)
            renewed = sql.execute("UPDATE order_stream SET id = gen_random_uuid() RETURNING id")
            row = renewed.fetchone()
            assert row is not None
        return str(row[0]), copy.deepcopy(self._replay)
