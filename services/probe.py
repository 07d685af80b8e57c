# ruff: noqa: INP001  a script that images copy
"""Asks a service in the same container for its health page; the exit status is the answer.

    python -I -S probe.py PORT PATH

It runs every two seconds, so it imports little: an HTTP client takes five times as long.
"""

import socket
import sys

_PATIENCE_S = 2.5


def healthy(port: int, path: str) -> bool:
    """Tell whether the page answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(int(sys.argv[1]), sys.argv[2]) else 1)
