"""The most recent batches, without a gap. Pure."""

from collections import deque
from enum import Enum, auto

from orders_contract.batches import Batch


class Fit(Enum):
    """How a batch stands to the head of a stream."""

    NEXT = auto()
    KNOWN = auto()
    """All of it is at or before the head."""
    GAP = auto()
    """Something between the head and it is missing."""
    OVERLAP = auto()
    """It begins at or before the head and ends after it."""
    FOREIGN = auto()
    """It belongs to another stream."""


def fit(stream: str | None, position: int, batch: Batch) -> Fit:
    """Tell how a batch stands to the head of a stream."""
    if batch.stream != stream:
        return Fit.FOREIGN
    if batch.last <= position:
        return Fit.KNOWN
    if batch.first == position + 1:
        return Fit.NEXT
    return Fit.GAP if batch.first > position else Fit.OVERLAP


class Ring:
    """Batches of one stream up to ``position``, bounded by events and by bytes.

    The newest batch always stays, whatever its size.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._batches: deque[Batch] = deque()
        self._bytes = 0
        self.stream: str | None = None
        self.position = 0

    def restart(self, stream: str, position: int) -> None:
        """Forget everything; the next batch is the one after position."""
        self._batches.clear()
        self._bytes = 0
        self.stream = stream
        self.position = position

    def fit(self, batch: Batch) -> Fit:
        """Tell whether a batch can be appended."""
        return fit(self.stream, self.position, batch)

    def append(self, batch: Batch) -> None:
        """Add the next batch, dropping the oldest where a bound is passed.

        Raises:
            ValueError: the batch is not the next one.

        """
        if self.fit(batch) is not Fit.NEXT:
            raise ValueError(f"{batch.first}-{batch.last} does not follow {self.position}")
        self._batches.append(batch)
        self._bytes += len(batch.events)
        self.position = batch.last
        while len(self._batches) > 1 and self._over():
            self._bytes -= len(self._batches.popleft().events)

    def reaches(self, position: int) -> bool:
        """Tell whether the events after position are all here."""
        return position >= self.position or (
            bool(self._batches) and self._batches[0].first <= position + 1
        )

    def since(self, position: int) -> list[Batch] | None:
        """Return the batches with events after position; None if the first are gone already.

        The first batch may begin before position + 1: batches are never cut here.
        """
        if not self.reaches(position):
            return None
        found: list[Batch] = []
        for batch in reversed(self._batches):
            if batch.last <= position:
                break
            found.append(batch)
        found.reverse()
        return found

    def _over(self) -> bool:
        oldest = self._batches[0]
        return self._bytes > self._max_bytes or self.position - oldest.last >= self._max_events
