"""``python -m orders_listener``."""

import sys

import structlog
import uvloop
from pydantic import ValidationError

from orders_listener import app, logs
from orders_listener.settings import Settings


def main() -> int:
    """Read settings, configure logs, run. Returns the exit status: 2 for a bad setting."""
    try:
        settings = Settings()
    except ValidationError as exc:
        for error in exc.errors():
            name = "_".join(str(part) for part in error["loc"]).upper()
            sys.stderr.write(f"orders-listener: setting {name}: {error['msg']}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format)
    try:
        uvloop.run(app.run(settings))
    except OSError as exc:
        structlog.get_logger().error("listener_failed", error=str(exc))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
