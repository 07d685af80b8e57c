"""``python -m orders_listener``."""

import sys

from orders_listener import app
from orders_listener.settings import Settings
from orders_service import process


def main() -> int:
    """Run the listener and return the exit status: 2 for a bad setting."""
    return process.run("listener", Settings, app.run)


if __name__ == "__main__":
    sys.exit(main())
