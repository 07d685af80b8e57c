"""Whether there is room for one more client. Pure."""

from typing import Literal

Lack = Literal["connections", "memory"]


class Capacity:
    """What a gateway has room for, and how often there was none."""

    def __init__(self, max_connections: int, max_memory_mb: int) -> None:
        """``max_memory_mb`` of 0: as much as there is."""
        self._max_connections = max_connections
        self._max_memory_mb = max_memory_mb
        self.memory_mb = 0
        """What the process holds now, as it was last looked at."""
        self.refused = 0

    def lack(self, connections: int) -> Lack | None:
        """Tell what there is too little of with so many connections; None if there is room."""
        if connections >= self._max_connections:
            return "connections"
        return "memory" if self.is_memory_full else None

    @property
    def is_memory_full(self) -> bool:
        """Whether the process holds all the memory it may."""
        return 0 < self._max_memory_mb <= self.memory_mb

    def admits(self, connections: int) -> bool:
        """Tell whether one more may come; one who may not is counted."""
        full = self.lack(connections) is not None
        self.refused += full
        return not full
