"""The memory that the process holds, and giving back what it holds for nobody."""

import ctypes
import gc

import psutil

MB = 1024 * 1024


class Memory:
    """What the operating system counts as this process's (RSS).

    Allocators keep what was freed, and connections leave garbage in cycles: after a crowd has left
    a process looks as large as before, and would refuse everyone for good. Both go back if asked.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        # glibc's; others give back by themselves.
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._most_connections = 0

    def resident_mb(self, connections: int) -> int:
        """Return how much it is with so many connections, in MB of 1,048,576 bytes."""
        self._most_connections = max(self._most_connections, connections)
        return int(self._process.memory_info().rss) // MB

    def give_back(self, connections: int) -> None:
        """Give back what was freed; garbage is looked for only after half of the crowd has left.

        Looking stops everything, for a tenth of a second and more with thousands of clients;
        giving back takes some milliseconds.
        """
        if connections * 2 < self._most_connections:
            gc.collect()
            self._most_connections = connections
        if self._trim is not None:
            self._trim(0)
