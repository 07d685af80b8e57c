"""The API application: its routes, errors and limits, and the parts that live while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from orders_access.limits import Buckets
from orders_access.revocations import REDIS_TIMEOUT_S, Revocations
from orders_api import (
    access_routes,
    company_routes,
    docs,
    first_user,
    metrics,
    openapi,
    preferences,
    problems,
    routes,
    row_routes,
    session_routes,
    settings_routes,
    suggestions,
    templates,
    user_routes,
    views,
)
from orders_api.activity import Activity
from orders_api.bulk import Bulk
from orders_api.catalog import Catalog
from orders_api.database import Database
from orders_api.exports import AT_ONCE, Exports
from orders_api.gate import Gate
from orders_api.health import HealthProbe
from orders_api.limits import BodyLimit
from orders_api.log import Log
from orders_api.requests import Parts
from orders_api.revocation_list import RevocationList
from orders_api.sending import Sending
from orders_api.sessions import Sessions
from orders_api.settings import SESSION, Settings
from orders_api.store import Store
from orders_api.users import Users
from orders_service.redis_client import redis_client

if TYPE_CHECKING:
    from orders_api.company_sessions import CompanySessions

_REDIS_TIMEOUT_S = 2

logger = structlog.get_logger()


def create(settings: Settings) -> FastAPI:
    """Return the application. It makes no connections before it is started."""
    revocations = Revocations(settings.auth_leeway_s)
    requests = Buckets(settings.requests_per_second, settings.requests_burst)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        servers, url = settings.redis_servers(), settings.database_address()
        async with (
            Database(url, SESSION, settings.db_pool_connections, "reads") as reads,
            Database(url, SESSION, settings.db_write_connections, "writes") as writes,
            Database(url, SESSION, AT_ONCE, "exports", min_connections=0) as exports,
            HealthProbe(writes, servers, requests, settings.thresholds) as probe,
            redis_client(servers, timeout_s=_REDIS_TIMEOUT_S, decode_responses=True) as redis,
            redis_client(servers, timeout_s=REDIS_TIMEOUT_S, decode_responses=True) as listed,
        ):
            listing, users = RevocationList(writes, listed, revocations), Users(writes)
            sessions = Sessions(writes, redis, listing, settings.lifetimes)
            company = _company(settings, writes, sessions, users)
            parts = Parts(
                settings=settings,
                catalog=Catalog(writes, settings.display()),
                store=Store(reads, writes),
                bulk=Bulk(writes),
                exports=Exports(exports),
                log=Log(reads),
                activity=Activity(reads),
                probe=probe,
                redis=redis,
                revocations=listing,
                accounts=writes,
                sessions=sessions,
                users=users,
                company=company,
                verifier=None if settings.is_open else settings.verifier(),
            )
            async with _followed(parts):
                app.state.parts = parts
                logger.info("api_started", host=settings.api_host, port=settings.api_port)
                yield
                logger.info("api_stopping")
                users.close()
                if company is not None:
                    await company.provider.close()

    app = FastAPI(
        title="Real-Time Orders",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    of_people = (
        access_routes.router,
        session_routes.router,
        company_routes.router,
        user_routes.router,
        preferences.router,
        views.router,
        templates.router,
        suggestions.router,
        settings_routes.router,
    )
    for router in (routes.router, *row_routes.ROUTERS, *of_people):
        # Not include_router(): each request would then search these routes twice.
        app.router.routes.extend(router.routes)
    app.router.routes.sort(key=_is_rare)
    docs.install(app)
    times = metrics.RequestTimes()
    metrics.install(app, times, requests)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        Gate, settings=settings, revocations=revocations, requests=requests, times=times
    )
    _allow_origins(app, settings.allowed_origins.split())
    app.add_middleware(Sending)
    problems.install(app)
    openapi.install(app)
    return app


def _company(
    settings: Settings, database: Database, sessions: Sessions, users: Users
) -> "CompanySessions | None":
    if settings.company is None:
        return None
    # Importing these takes 0.1 s of CPU.
    from orders_api.company_sessions import CompanySessions  # noqa: PLC0415
    from orders_api.provider import Provider  # noqa: PLC0415

    provider = Provider(settings, settings.public_url, settings.auth_leeway_s)
    return CompanySessions(database, sessions, users, provider, settings)


def _is_rare(route: BaseRoute) -> bool:
    """Return whether a route has another path than ``/api/orders``.

    Each request tries the routes in turn, so the most used path comes first.
    """
    return getattr(route, "path", "") != "/api/orders"


@asynccontextmanager
async def _followed(parts: Parts) -> AsyncIterator[None]:
    """Run the tasks that keep catalog, revocation list and sessions current during the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(parts.catalog.follow())
        if not parts.settings.is_open:
            tasks.create_task(parts.revocations.keep_in_sync(stop))
            tasks.create_task(parts.sessions.keep_tidy(stop))
            tasks.create_task(first_user.announce(parts.accounts, parts.settings.public_url, stop))
        if parts.company is not None:
            tasks.create_task(parts.company.follow(stop))
        try:
            yield
        finally:
            stop.set()
            following.cancel()  # the task may be waiting for a database that does not answer


def _allow_origins(app: FastAPI, origins: list[str]) -> None:
    """Allow pages of these origins to read responses (CORS), besides those of the edge."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
            expose_headers=["ETag", "Location", "Retry-After", "WWW-Authenticate"],
        )
