"""Decide whether there is room for more clients, by connections and memory."""

import ctypes
import gc
from typing import Literal

import psutil

MB = 1024 * 1024

Shortage = Literal["connections", "memory"]


class ClientCapacity:
    """Decides whether one more client may connect, and counts refusals."""

    def __init__(self, max_connections: int, max_memory_mb: int) -> None:
        """``max_memory_mb`` of 0 means no bound."""
        self._max_connections = max_connections
        self._max_memory_mb = max_memory_mb
        self.memory_mb = 0
        """Resident memory of the process when it was last measured."""
        self.refused = 0

    def shortage(self, connections: int) -> Shortage | None:
        """Return which limit this number of connections reaches; None if there is room."""
        if connections >= self._max_connections:
            return "connections"
        return "memory" if self.is_memory_full else None

    @property
    def is_memory_full(self) -> bool:
        """Whether the process uses as much memory as it may, or more."""
        return 0 < self._max_memory_mb <= self.memory_mb

    def admits(self, connections: int) -> bool:
        """Return whether one more client may connect; if not, count a refusal."""
        is_full = self.shortage(connections) is not None
        self.refused += is_full
        return not is_full


class ProcessMemory:
    """Resident memory (RSS) of this process.

    The C library keeps freed memory, and closed connections leave garbage in reference cycles. So
    after many clients have left, the process is as large as before and would refuse clients for
    good. ``release`` returns both kinds of memory to the system.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        # glibc only; other C libraries return freed memory by themselves.
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._peak_connections = 0

    def resident_mb(self, connections: int) -> int:
        """Return resident memory in MiB, with this many connections open."""
        self._peak_connections = max(self._peak_connections, connections)
        return int(self._process.memory_info().rss) // MB

    def release(self, connections: int) -> None:
        """Return freed memory to the system; collect garbage only after half of the clients left.

        A collection stops the process for 0.1 s and more with thousands of clients; trimming takes
        some milliseconds.
        """
        if connections * 2 < self._peak_connections:
            gc.collect()
            self._peak_connections = connections
        if self._trim is not None:
            self._trim(0)
