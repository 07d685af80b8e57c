"""A PostgreSQL that every proof may restart and crash, one after another."""

from collections.abc import Iterator

import pytest

from harness.servers import Postgres


@pytest.fixture(scope="session")
def provable_postgres() -> Iterator[Postgres]:
    """Start one server for all proofs; each has a database of its own."""
    server = Postgres()
    yield server
    server.close()
