"""The command ``orders``.

This module imports almost nothing. The import of the commands takes most of a second, and Ctrl-C
must be handled during that time.
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
