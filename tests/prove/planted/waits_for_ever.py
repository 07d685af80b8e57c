"""A listener that waits for PostgreSQL's answer for ever."""

import sys

from orders_listener import pg_connection
from orders_listener.__main__ import main

if __name__ == "__main__":
    pg_connection.ANSWER_TIMEOUT_S = 1e9
    sys.exit(main())
