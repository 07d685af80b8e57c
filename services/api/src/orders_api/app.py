"""The API as a whole: paths, errors, limits, and what it holds while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio as redis
import structlog
from fastapi import FastAPI
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.middleware.cors import CORSMiddleware

from orders_access.limits import Buckets
from orders_access.revocations import Revocations
from orders_api import access_routes, docs, fast_path, problems, routes
from orders_api.database import Database
from orders_api.gate import PUBLIC, Gate
from orders_api.health import HealthProbe
from orders_api.limits import BodyLimit
from orders_api.revocation_list import RevocationList
from orders_api.settings import Settings
from orders_api.store import OrderStore

_REDIS_TIMEOUT_S = 2

logger = structlog.get_logger()


def create(settings: Settings) -> FastAPI:
    """Return the application. It connects to nothing before it is started."""
    revocations = Revocations()
    requests = Buckets(settings.requests_per_second, settings.requests_burst)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            Database(settings.conninfo(), settings.db_pool_connections) as database,
            HealthProbe(database, settings.redis_address(), requests) as probe,
            _redis(settings) as client,
            _kept_told(RevocationList(database, client, revocations), settings) as revocation_list,
        ):
            app.state.store = OrderStore(database)
            app.state.health_probe = probe
            app.state.redis = client
            app.state.revocation_list = revocation_list
            logger.info("api_started", host=settings.api_host, port=settings.api_port)
            yield
            logger.info("api_stopping")

    app = FastAPI(
        title="Real-Time Orders",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.auth_mode = settings.auth_mode
    app.state.verifier = None if settings.is_open else settings.verifier()
    for router in (routes.router, access_routes.router):
        app.router.routes.extend(router.routes)  # included, they would be looked through twice
    fast_path.install(app)
    docs.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate, settings=settings, revocations=revocations, requests=requests)
    _allow_origins(app, settings.allowed_origins.split())
    problems.install(app)
    _describe(app)
    return app


def _allow_origins(app: FastAPI, origins: list[str]) -> None:
    """Let the pages of these origins read answers; without any, no page but the edge's own does."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
            expose_headers=["ETag", "Location", "Retry-After", "WWW-Authenticate"],
        )


def _redis(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(
        settings.redis_address(),
        decode_responses=True,
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@asynccontextmanager
async def _kept_told(
    revocation_list: RevocationList, settings: Settings
) -> AsyncIterator[RevocationList]:
    """Have the list told and read while the application runs; where nobody has a token, not."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        if not settings.is_open:
            tasks.create_task(revocation_list.keep_told(stop))
        try:
            yield revocation_list
        finally:
            stop.set()


def _describe(app: FastAPI) -> None:
    """Say in OpenAPI what FastAPI does not know: tokens, and that errors are problems."""
    document = app.openapi()
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [{}, {"token": []}] if path in PUBLIC else [{"token": []}]
            for response in operation["responses"].values():
                _correct_media_type(response.get("content", {}))


def _correct_media_type(content: dict[str, Any]) -> None:
    described = content.get("application/json", {}).get("schema", {})
    if described.get("$ref", "").endswith("/Problem"):
        content[problems.MEDIA_TYPE] = content.pop("application/json")
