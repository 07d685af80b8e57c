"""``python -m orders_api``."""

import gc
import signal
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from uvicorn.supervisors import Multiprocess

from orders_access.settings import refusals
from orders_api import app, logs
from orders_api.settings import Settings

# Longer than Caddy keeps an idle connection (2 min): were ours to close first, a request could
# meet the closing connection, and a POST cannot simply be sent again.
_KEEP_ALIVE_S = 150
_GRACE_S = 5
_GARBAGE_AFTER = 50_000
"""Python looks for garbage after 700 new objects that stay: that is after every few requests."""


def main() -> int:
    """Read settings, configure logs, serve. Returns the exit status: 2 for a bad setting."""
    try:
        settings = Settings()
    except ValidationError as exc:
        for sentence in refusals(exc):
            sys.stderr.write(f"orders-api: {sentence}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format)
    # uvicorn finishes what it serves and then raises the signal once more: that ends us with 0.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    if settings.api_workers > 1:
        _run_workers(settings)
    else:
        _look_for_garbage_less()
        uvicorn.Server(_config(settings, app.create(settings))).run()
    return 0


def configured() -> FastAPI:
    """Return the application for one of several processes, each of which begins anew."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format)
    _look_for_garbage_less()
    return app.create(settings)


def _look_for_garbage_less() -> None:
    """Spare requests a search that finds nothing: what they leave goes without it."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)


def _run_workers(settings: Settings) -> None:
    """Serve with several processes on one socket; one that dies is replaced."""
    config = _config(settings, "orders_api.__main__:configured")
    Multiprocess(config, sockets=[config.bind_socket()]).run()


def _config(settings: Settings, application: FastAPI | str) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        workers=settings.api_workers,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
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
