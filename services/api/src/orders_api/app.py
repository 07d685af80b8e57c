"""The API as a whole: paths, errors, limits, and what it holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from orders_api import problems
from orders_api.database import Database
from orders_api.health import HealthProbe
from orders_api.limits import BodyLimit
from orders_api.routes import router
from orders_api.settings import Settings
from orders_api.store import OrderStore

logger = structlog.get_logger()


def create(settings: Settings) -> FastAPI:
    """Return the application. It connects to nothing before it is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            Database(settings.conninfo(), settings.db_pool_connections) as database,
            HealthProbe(database, str(settings.redis_url)) as probe,
        ):
            app.state.store = OrderStore(database)
            app.state.health_probe = probe
            logger.info("api_started", host=settings.api_host, port=settings.api_port)
            yield
            logger.info("api_stopping")

    # The documentation page brings its scripts and styles along and needs no foreign host.
    app = FastAPIOffline(
        title="Real-Time Orders",
        version="0.1.0",
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url="/api/docs/oauth2-redirect",
        static_url="/api/docs/static",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.include_router(router)
    app.add_middleware(BodyLimit)
    problems.install(app)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Say in OpenAPI that errors are problems, which FastAPI takes for ordinary JSON."""
    for path in app.openapi()["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                _correct_media_type(response.get("content", {}))


def _correct_media_type(content: dict[str, Any]) -> None:
    described = content.get("application/json", {}).get("schema", {})
    if described.get("$ref", "").endswith("/Problem"):
        content[problems.MEDIA_TYPE] = content.pop("application/json")
