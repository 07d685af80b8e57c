# ruff: noqa: INP001  copied into images as a script
"""Request the health page of the service in the same container; exit status 0 means healthy.

``python -I -S probe.py``; the environment variable ORDERS_HEALTH names port and path, such as
``8001/health``. It runs every two seconds, so it imports little: an HTTP client takes five times
the CPU time.
"""

import os
import socket
import sys

_TIMEOUT_S = 2.5


def healthy(port: int, path: str) -> bool:
    """Tell whether the page answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


if __name__ == "__main__":
    port, _, path = os.environ["ORDERS_HEALTH"].partition("/")
    sys.exit(0 if healthy(int(port), f"/{path}") else 1)
