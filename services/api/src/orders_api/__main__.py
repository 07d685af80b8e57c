"""``python -m orders_api``."""

import os
import signal
import sys
import tempfile
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from orders_api import app
from orders_api.metrics import SHARED_FOLDER
from orders_api.sending import Connection
from orders_api.settings import Settings
from orders_service import logs, process

# Longer than Caddy keeps an idle connection (2 min). If the API closed a connection first, Caddy
# could send a request on it at that moment, and a POST must not be sent again blindly.
_KEEP_ALIVE_S = 150
_GRACE_S = 5


def main() -> int:
    """Read the settings, configure logs and serve; return the exit status (2: a bad setting)."""
    settings = process.configure("api", Settings)
    if settings is None:
        return 2
    # uvicorn finishes its requests and then raises the signal again; our handler exits with 0.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    if settings.api_workers > 1:
        _run_workers(settings)
    else:
        process.relax_garbage_collection()
        uvicorn.Server(_config(settings, app.create(settings))).run()
    return 0


def configured() -> FastAPI:
    """Return the application for one of several worker processes, which share no memory."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format)
    process.relax_garbage_collection()
    return app.create(settings)


def _run_workers(settings: Settings) -> None:
    """Serve with several worker processes on one socket; a worker that dies is replaced."""
    config = _config(settings, "orders_api.__main__:configured")
    with tempfile.TemporaryDirectory(prefix="orders-api-") as folder:
        os.environ[SHARED_FOLDER] = folder
        Multiprocess(config, sockets=[config.bind_socket()]).run()


def _config(settings: Settings, application: FastAPI | str) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        workers=settings.api_workers,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
