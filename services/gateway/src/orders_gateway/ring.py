"""The most recent batches, without a gap, for clients that resume. Pure."""

from collections import deque
from enum import Enum, auto

from orders_contract.batches import Batch
from orders_contract.events import open_batch, packed


class Fit(Enum):
    """How a batch relates to the head of a stream."""

    NEXT = auto()
    KNOWN = auto()
    """The whole batch is at or before the head."""
    GAP = auto()
    """Events between the head and the batch are missing."""
    OVERLAP = auto()
    """The batch begins at or before the head and ends after it."""
    FOREIGN = auto()
    """The batch belongs to another stream."""


def fit(stream: str | None, position: int, batch: Batch) -> Fit:
    """Return how a batch relates to the head of a stream."""
    if batch.stream != stream:
        return Fit.FOREIGN
    if batch.last <= position:
        return Fit.KNOWN
    if batch.first == position + 1:
        return Fit.NEXT
    return Fit.GAP if batch.first > position else Fit.OVERLAP


def trimmed(batch: Batch, after: int) -> Batch:
    """Return the part of a batch after a position. A batch that begins later is not parsed."""
    if batch.first > after:
        return batch
    texts = [each.text for each in open_batch(batch) if each.event["position"] > after]
    return Batch(batch.stream, after + 1, batch.last, packed(texts))


class Ring:
    """Batches of one stream up to ``position``, bounded in events and bytes.

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
        """Drop all batches; the next batch must begin after the position."""
        self._batches.clear()
        self._bytes = 0
        self.stream = stream
        self.position = position

    def append(self, batch: Batch) -> None:
        """Add the next batch and drop the oldest ones beyond the bounds.

        Raises:
            ValueError: the batch is not the next one.

        """
        if fit(self.stream, self.position, batch) is not Fit.NEXT:
            raise ValueError(f"{batch.first}-{batch.last} does not follow {self.position}")
        self._batches.append(batch)
        self._bytes += len(batch.events)
        self.position = batch.last
        while len(self._batches) > 1 and self._is_over():
            self._bytes -= len(self._batches.popleft().events)

    def reaches(self, position: int) -> bool:
        """Return whether all events after a position are in the ring."""
        return position >= self.position or (
            bool(self._batches) and self._batches[0].first <= position + 1
        )

    def since(self, position: int) -> list[Batch] | None:
        """Return the batches with events after a position; None if some are no longer here.

        The first batch may begin before position + 1, because the ring does not cut batches.
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

    def contradicts(self, batch: Batch) -> bool:
        """Return whether a batch repeats a position of this stream with a different event."""
        shared = min(batch.last, self.position)
        mine = self.since(shared - 1) if batch.stream == self.stream else None
        if not mine or batch.first > shared:
            return False
        return _text(mine[0], shared) != _text(batch, shared)

    def _is_over(self) -> bool:
        oldest = self._batches[0]
        return self._bytes > self._max_bytes or self.position - oldest.last >= self._max_events


def _text(batch: Batch, position: int) -> str | None:
    """Return the text of the event at a position of a batch."""
    return next(
        (each.text for each in open_batch(batch) if each.event["position"] == position), None
    )
