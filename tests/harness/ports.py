"""Ports for servers that tests start. Each port is given to only one process of this machine."""

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
"""``orders up`` chooses from these ports if it is told to choose."""
_LOWEST = 10_100
"""Lower ports are those of well-known servers, and 10080, which browsers refuse."""
_given: set[int] = set()


def free_port(*, followed_by: int = 0) -> int:
    """Return a port that no process uses or got from here; so are the next ``followed_by`` ports.

    To look for an unused port is not enough: two workers may see the same port before either of
    their servers listens on it, and a service that is killed must find its port free again.
    """
    while True:
        port = SystemRandom().choice(_candidates())
        if all(_take(each) for each in range(port, port + followed_by + 1)):
            return port


@cache
def _candidates() -> list[int]:
    """Return the ports that the kernel does not use for outgoing connections; else all."""
    first, last = map(int, (_RANGE.read_text() if _RANGE.exists() else _LINUX).split())
    every = [port for port in range(_LOWEST, 65_500) if port not in _OF_UP]
    return [port for port in every if not first - 20 <= port <= last] or every


def _take(port: int) -> bool:
    """Lock a port until this process ends; return whether that was possible."""
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
    """Return the descriptor of a file in which a lock of byte n stands for port n.

    The file is never closed, because the first ``close`` in a process ends all its locks.
    """
    path = Path(tempfile.gettempdir(), f"real-time-orders-test-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
