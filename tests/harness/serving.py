"""Run the API for a test, within this process or as a process of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Protocol

import httpx
from pydantic import SecretStr

from harness.forked import forked
from harness.ports import free_port
from harness.processes import LOOPBACK, Process, service
from harness.roles import API_ROLE
from harness.servers import Database
from harness.waiting import until
from orders_api import app
from orders_api.settings import Settings


class Serve(Protocol):
    """Starts the API for a block: ``with serve(database, redis) as (process, client)``."""

    def __call__(
        self, database: Database, redis: str, **settings: str
    ) -> AbstractContextManager[tuple[Process, httpx.Client]]: ...


@contextmanager
def serve_api(
    database: Database, redis: str, **settings: str
) -> Iterator[tuple[Process, httpx.Client]]:
    """Run the API until the block ends; yield once it answers."""
    port = free_port()
    env = {**database.environ(API_ROLE), "REDIS_URL": redis, "API_PORT": str(port)}
    env |= settings
    start = service if "API_WORKERS" in env else forked  # a forked process cannot have children
    with (
        start("orders_api", env) as process,
        httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as client,
    ):

        def answers() -> bool:
            assert process.running, process.output()
            try:
                client.get("/api/health")
            except httpx.TransportError:
                return False
            return True

        until(answers, 20, "the API answers")
        yield process, client


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
            redis_url=SecretStr(redis),
        )
    )
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://api", timeout=30
        ) as client,
    ):
        yield client
