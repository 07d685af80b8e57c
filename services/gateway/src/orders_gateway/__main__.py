"""``python -m orders_gateway``."""

import sys

from orders_gateway import app
from orders_gateway.settings import Settings
from orders_service import process


def main() -> int:
    """Run the gateway; return the exit status."""
    return process.run("gateway", Settings, app.run)


if __name__ == "__main__":
    sys.exit(main())
