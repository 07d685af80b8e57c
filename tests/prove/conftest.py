"""A PostgreSQL that each proof may restart and crash."""

from collections.abc import Iterator

import pytest

from harness.servers import Postgres
from prove.system import SERVER


@pytest.fixture(scope="session")
def provable_postgres() -> Iterator[Postgres]:
    """Start one server for all proofs; each uses its own database."""
    server = Postgres(options=SERVER)
    yield server
    server.close()
