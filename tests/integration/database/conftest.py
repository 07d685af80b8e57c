"""A connection to a fresh database, and its events; on the newest and the oldest PostgreSQL."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.partitions import STOCK, Replay
from harness.servers import OLDEST_POSTGRES, Database, Events, Postgres, Sql


@pytest.fixture(scope="session", params=["embedded", "oldest"])
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """Start the embedded server, then PostgreSQL 15: each test of this folder runs on both."""
    oldest = request.param == "oldest"
    if oldest and not OLDEST_POSTGRES.exists():
        pytest.skip("PostgreSQL 15 is not installed (Debian's postgresql-15)")
    server = Postgres(programs=OLDEST_POSTGRES if oldest else None)
    yield server
    server.close()


@pytest.fixture
def sql(database: Database) -> Iterator[Sql]:
    """Give a connection that commits each statement."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def take(sql: Sql) -> Callable[..., tuple[int, int, list[dict[str, Any]]] | None]:
    """Give a function that takes a batch: first, last, events; None when nothing waits."""

    def take_batch(limit: int = 1000) -> tuple[int, int, list[dict[str, Any]]] | None:
        row = sql.execute(
            "SELECT first, last, events FROM take_order_events(%s)", [limit]
        ).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))

    return take_batch


@pytest.fixture
def events(take: Callable[..., Any]) -> Events:
    """Give a function that takes everything that waits and returns the events."""

    def take_all() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while batch := take():
            found += batch[2]
        return found

    return take_all


@pytest.fixture
def restored(
    postgres: Postgres, database: Database, tmp_path: Path
) -> Iterator[Callable[[], Database]]:
    """Give a function that makes a copy of the database, by pg_dump and psql."""
    copies: list[Database] = []

    def restore() -> Database:
        dump = tmp_path / "dump.sql"
        command = [str(postgres.program("pg_dump")), "--file", str(dump), "--dbname", database.url]
        subprocess.run(command, check=True)
        copies.append(postgres.create_empty_database())
        postgres.psql(copies[-1], "-f", str(dump))
        return copies[-1]

    yield restore
    for copy in copies:
        postgres.drop_database(copy)


@pytest.fixture
def stranger(postgres: Postgres, database: Database) -> Iterator[Database]:
    """Give the database as another role has it, which must be left without rights in it."""
    role = f"stranger_of_{database.name}"
    with postgres.administrator() as administrator:
        administrator.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'stranger'".encode())
        yield replace(database, user=role, password="stranger")
        administrator.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def stock(sql: Sql) -> Sql:
    """Watch a table with partitions, sub-partitions and a default partition."""
    sql.execute(STOCK.encode())
    sql.execute("SELECT watch_table('stock')")
    return sql


@pytest.fixture
def replay(stock: Sql, events: Events) -> Replay:
    """Give a replay of the events of stock."""
    return Replay(stock, events)
