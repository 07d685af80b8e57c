"""``python -m orders_api``."""

import signal
import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError

from orders_access.settings import refusals
from orders_api import app, logs
from orders_api.settings import Settings

# Longer than Caddy keeps an idle connection (2 min): were ours to close first, a request could
# meet the closing connection, and a POST cannot simply be sent again.
_KEEP_ALIVE_S = 150
_GRACE_S = 5


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
    _server(settings).run()
    return 0


def _server(settings: Settings) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app.create(settings),
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
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
