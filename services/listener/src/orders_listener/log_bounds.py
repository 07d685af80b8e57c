"""Decide which positions the log in Redis keeps. Pure."""

from collections import deque

from orders_contract.batches import Batch


class LogBounds:
    """Limits the log to a number of events and of bytes, whichever is reached first.

    The newest batch always stays. Batches that an earlier session published count only towards the
    number of events.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self.max_bytes = max_bytes
        self._batches: deque[tuple[int, int, int]] = deque()
        """First position, last position and bytes of each batch that is kept."""
        self._bytes = 0
        self._dropped = 0
        """Last position of the newest batch that is not kept."""

    def add(self, batch: Batch) -> int:
        """Count the next batch and return the first position to keep."""
        if self._batches and batch.first <= self._batches[-1][1]:  # another stream, or a repetition
            self._batches.clear()
            self._bytes = self._dropped = 0
        self._batches.append((batch.first, batch.last, len(batch.events)))
        self._bytes += len(batch.events)
        self._drop_oldest()
        return max(0, batch.last - self._max_events, self._dropped) + 1

    def shrink(self) -> int:
        """Halve the log because Redis is full, and return the first position to keep.

        That position is after the newest batch if not even this batch fits.
        """
        _, last, size = self._batches[-1]
        self.max_bytes = min(self.max_bytes, self._bytes) // 2
        if size > self.max_bytes:
            return last + 1
        self._drop_oldest()
        return self._batches[0][0]

    def _drop_oldest(self) -> None:
        while self._bytes > self.max_bytes and len(self._batches) > 1:
            _, self._dropped, size = self._batches.popleft()
            self._bytes -= size
