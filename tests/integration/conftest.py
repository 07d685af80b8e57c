"""Real PostgreSQL and real Valkey: a fresh database and a fresh Valkey for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from harness.pipeline import Pipeline
from harness.proxy import Proxy
from harness.servers import Database, Postgres
from harness.valkey import Valkey


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one server for the whole run. Tests must not stop it."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """Give a fresh database on the shared server, with a stream of its own."""
    fresh = postgres.create_database()
    yield fresh
    postgres.drop_database(fresh)


@pytest.fixture
async def database_proxy(database: Database) -> AsyncIterator[Proxy]:
    """Put a proxy before the database, for asynchronous tests."""
    between = Proxy(database.port)
    await between.open()
    yield between
    await between.close()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """Start a server for this test alone, to stop, kill and restart; takes about two seconds."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def redis_url() -> Iterator[Valkey]:
    """Start a Valkey for this test alone, empty; its ``url`` is what REDIS_URL takes."""
    server = Valkey()
    yield server
    server.stop()


@pytest.fixture
def pipeline(database: Database, redis_url: Valkey) -> Iterator[Pipeline]:
    """Provide listeners and gateways around a fresh database; tests start them."""
    with Pipeline(database, redis_url) as started:
        yield started
