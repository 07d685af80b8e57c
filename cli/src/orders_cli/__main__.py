"""The command ``orders``.

Imports almost nothing itself: importing the commands takes most of a second, during which Ctrl-C
must already be handled.
"""

import sys
from importlib import import_module


def main() -> int:
    """Run the command and return its exit status."""
    try:
        return int(import_module("orders_cli.app").run())
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
