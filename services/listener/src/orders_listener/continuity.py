"""Decide whether the database still has all published events, or lost transactions. Pure.

An asynchronous fail-over, a restored backup or a reset virtual machine loses transactions. Then
other changes get the same positions and versions. Clients that saw the lost changes must notice, so
the stream gets a new id. See docs/adr/0025-a-database-that-lost-transactions.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from orders_contract.batches import Batch
from orders_contract.events import open_batch, packed


@dataclass(frozen=True, slots=True)
class Origin:
    """The identity of a database: cluster and timeline of the server, and its stream's file."""

    cluster: str
    timeline: int
    file: str = ""

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Parse a result of ``order_origin()``, or a ``place``."""
        cluster, _, rest = text.partition("/")
        timeline, _, file = rest.partition("/")
        return cls(cluster, int(timeline), file) if timeline.isdecimal() else cls(text, 0)

    @property
    def place(self) -> str:
        """Cluster and timeline as text. A promotion changes the timeline."""
        return f"{self.cluster}/{self.timeline}"

    def is_replaced_by(self, other: "Origin") -> bool:
        """Return whether ``other`` is a standby of this server that was promoted."""
        return self.cluster == other.cluster and self.timeline < other.timeline


@dataclass(frozen=True, slots=True)
class Extent:
    """The first and last position that the log holds; ``last`` is ``first - 1`` if it is empty.

    ``recorded`` is the origin that was recorded last: when the stream began, or by a listener.
    """

    stream: str
    first: int
    last: int
    origin: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A published position, from Redis or a listener's memory, and the batch that ends there.

    ``origin`` is the ``Origin.place`` of the server that the position came from; empty if unknown.
    """

    stream: str
    position: int
    batch: Batch | None = None
    origin: str = ""


class Verdict(Enum):
    """What the witnesses show about a log."""

    SAME = auto()
    """This is the database whose events were published."""
    DOUBTFUL = auto()
    """The database is the same if it holds the event that the latest witness saw."""
    LOST = auto()
    """Something that was published is missing, or nothing proves the contrary."""


def judge(extent: Extent, witnesses: Iterable[Witness]) -> Verdict:
    """Return the verdict by the origins and positions of log and witnesses."""
    known = [each for each in witnesses if each.stream == extent.stream]
    if any(each.position > extent.last for each in known):
        return Verdict.LOST
    place = Origin.parse(extent.origin).place
    moved = extent.recorded != extent.origin
    if not moved and all(each.origin in {"", place} for each in known):
        return Verdict.SAME
    if not known:
        return Verdict.LOST
    published = any(each.position for each in known)
    return Verdict.DOUBTFUL if published else Verdict.SAME


def latest(stream: str, witnesses: Iterable[Witness]) -> Witness | None:
    """Return the witness with the highest position, if possible one that has the batch."""
    known = [each for each in witnesses if each.stream == stream]
    return max(known, key=lambda each: (each.position, each.batch is not None), default=None)


def last_event(batch: Batch) -> Batch:
    """Return the last event of a batch, as a batch."""
    *_, last = open_batch(batch)
    return Batch(batch.stream, batch.last, batch.last, packed([last.text]))
