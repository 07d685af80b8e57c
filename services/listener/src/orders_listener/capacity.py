"""How much history Redis keeps. Pure."""

from collections import deque

from orders_contract.batches import Batch


class Capacity:
    """The newest so many events, or so many bytes of them if that is less; a whole batch at least.

    Only batches seen here are weighed: what others added goes by number alone.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._batches: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._floor = 0

    def oldest_to_keep(self, batch: Batch) -> int:
        """Take note of the next batch; return the first position worth keeping now."""
        if self._batches and batch.first <= self._batches[-1][0]:  # another stream, or once more
            self._batches.clear()
            self._bytes = self._floor = 0
        self._batches.append((batch.last, len(batch.events)))
        self._bytes += len(batch.events)
        while self._bytes > self._max_bytes and len(self._batches) > 1:
            last, size = self._batches.popleft()
            self._bytes -= size
            self._floor = last
        return max(0, batch.last - self._max_events, self._floor) + 1
