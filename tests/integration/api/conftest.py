"""The API for tests: within this process, which is fast, or as a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from harness.servers import API_ROLE, Database, Valkey
from harness.serving import Serve, serve_api
from orders_api import app
from orders_api.settings import Settings


@asynccontextmanager
async def running(database: Database, redis: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application in this process and yield a client of it."""
    application = app.create(
        Settings(
            db_host=database.host,
            db_port=database.port,
            db_name=database.name,
            db_user=API_ROLE,
            db_password=SecretStr(database.password),
            redis_url=redis,
        )
    )
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://api", timeout=30
        ) as client,
    ):
        yield client


@pytest.fixture
async def api(database: Database, redis_url: Valkey) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the API on a fresh database."""
    async with running(database, redis_url.url) as client:
        yield client


@pytest.fixture
def serve() -> Serve:
    """Start ``python -m orders_api`` as a process, with a client of it."""
    return serve_api
