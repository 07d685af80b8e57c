"""``python -m orders_gateway``."""

import gc
import sys

import structlog
import uvloop
from pydantic import ValidationError

from orders_access.settings import refusals
from orders_gateway import app, logs
from orders_gateway.settings import Settings

GARBAGE_AFTER = 50_000
"""Python looks for garbage after 700 new objects that stay; a connection is made of hundreds, and
a crowd that comes at once would have them all looked through again and again."""


def main() -> int:
    """Read settings, configure logs, run. Returns the exit status: 2 for a bad setting."""
    try:
        settings = Settings()
    except ValidationError as exc:
        for sentence in refusals(exc):
            sys.stderr.write(f"orders-gateway: {sentence}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format)
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    try:
        uvloop.run(app.run(settings))
    except OSError as exc:
        structlog.get_logger().error("gateway_failed", error=str(exc))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
