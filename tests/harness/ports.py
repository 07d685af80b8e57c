"""Ports for servers that tests start: each is given once, to one process of this machine."""

import fcntl
import os
import socket
import tempfile
from functools import cache
from pathlib import Path
from random import SystemRandom

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LINUX = "32768 60999"
_OF_UP = range(20_000, 32_000)
"""From these, ``orders up`` chooses where it is told to."""
_LOWEST = 10_100
"""Below are ports of well-known servers, and 10080, which browsers refuse."""
_given: set[int] = set()


def free_port(*, followed_by: int = 0) -> int:
    """Return a port that no process uses or got from here; so are ``followed_by`` after it.

    To look for an unused port is not enough: two workers may see the same one before either of
    their servers listens on it, and a service that is killed must find it free again.
    """
    while True:
        port = SystemRandom().choice(_candidates())
        if all(_take(each) for each in range(port, port + followed_by + 1)):
            return port


@cache
def _candidates() -> list[int]:
    """Return the ports that the kernel gives to no outgoing connection; if there are none, all."""
    first, last = map(int, (_RANGE.read_text() if _RANGE.exists() else _LINUX).split())
    every = [port for port in range(_LOWEST, 65_500) if port not in _OF_UP]
    return [port for port in every if not first - 20 <= port <= last] or every


def _take(port: int) -> bool:
    """Lock a port for as long as this process lives; return whether that is possible."""
    if port in _given:
        return False
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        _given.add(port)
        with socket.socket() as probe:
            probe.bind(("", port))
    except OSError:
        return False
    return True


@cache
def _locks() -> int:
    """Return the descriptor of a file in which the lock of each port is that of one byte.

    It is never closed: the first ``close`` in a process ends all its locks.
    """
    path = Path(tempfile.gettempdir(), f"real-time-orders-test-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
