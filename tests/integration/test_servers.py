"""The servers that the tests use."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.ports import free_port
from harness.processes import service
from harness.servers import Database, Postgres
from harness.valkey import Valkey

HERE = Path(__file__).parents[1]


def test_database_is_fresh_and_loaded(database: Database) -> None:
    """A database starts empty, owned by an ordinary role, with the script's tables in it."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_stream), rolsuper"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (0, 1, False)


def test_databases_have_streams_of_their_own(postgres: Postgres, database: Database) -> None:
    """Two databases from the template never share the identity of their numbering."""
    other = postgres.create_database()
    streams = set()
    for each in (database, other):
        with each.connect() as connection:
            streams.add(connection.execute("SELECT id FROM order_stream").fetchone())
    postgres.drop_database(other)
    assert len(streams) == 2


def test_leaked_connection_is_reported(postgres: Postgres) -> None:
    """A connection left open fails the test that left it, and its database is dropped anyway."""
    leaky = postgres.create_database()
    with leaky.connect(), pytest.raises(AssertionError, match="left open"):
        postgres.drop_database(leaky, grace_s=0.2)


def test_postgres_restarts_with_its_data(own_postgres: Postgres) -> None:
    """A restarted server is the same server: port and rows stay."""
    database = own_postgres.create_database()
    with database.connect() as connection:
        connection.execute("INSERT INTO orders (customer_name, product_name) VALUES ('A', 'B')")
    own_postgres.restart()
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_valkey_restarts_empty(redis_url: Valkey) -> None:
    """A restarted Valkey is a new process on the same port, without data."""
    with redis_url.connect() as client:
        client.set("key", "value")
    before = redis_url.pid
    redis_url.restart()
    with redis_url.connect() as client:
        assert client.get("key") is None
    assert redis_url.pid != before


def test_stopped_process_is_gone() -> None:
    """A process does not outlive its block."""
    with service("http.server", {}) as process:
        assert psutil.pid_exists(process.pid)
    assert not psutil.pid_exists(process.pid)


def test_no_port_is_given_twice() -> None:
    """A port is given once, also to other processes, as long as the one that got it lives."""
    mine = {free_port() for _ in range(300)}
    ask = "from harness.ports import free_port\nfor _ in range(300): print(free_port())"
    other = subprocess.run(
        [sys.executable, "-c", ask], cwd=HERE, capture_output=True, text=True, check=True
    )
    theirs = {int(line) for line in other.stdout.splitlines()}
    assert len(mine) == len(theirs) == 300
    assert not mine & theirs
