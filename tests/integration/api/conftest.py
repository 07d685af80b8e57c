"""The API for tests: within this process, which is fast, or as a process of its own."""

from collections.abc import AsyncIterator

import httpx
import pytest

from harness.servers import Database
from harness.serving import Serve, running, serve_api
from harness.valkey import Valkey


@pytest.fixture
async def api(database: Database, redis_url: Valkey) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the API on a fresh database."""
    async with running(database, redis_url.url) as client:
        yield client


@pytest.fixture
def serve() -> Serve:
    """Start ``python -m orders_api`` as a process, with a client of it."""
    return serve_api
