"""Who gets what. Pure: the hub decides, the shell writes to sockets.

Members are grouped by what they want. A batch becomes one frame a group, shared by all its
members, so the work grows with the filters that match and with bytes, never with opened batches
times clients (I4). Members who are *live* have everything up to the ring's position. One whose
socket is slow is taken out of its group, keeps its position, and comes back when it has caught up:
it delays nobody (I6).
"""

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orders_contract.batches import Batch, merge
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.conflation import Bounds, Conflation
from orders_gateway.filters import OpenedEvent, Predicate, opened, packed, trimmed
from orders_gateway.index import PredicateIndex
from orders_gateway.ring import Ring
from orders_gateway.window import SharedWindow

M = TypeVar("M", bound=Hashable)

_FRAME_BYTES = 256 * 1024
"""Batches are merged up to this size: many clients refuse frames over 1 MiB."""


@dataclass(slots=True)
class _Group(Generic[M]):
    """Live members under one predicate; ``covered`` is the end of the last frame they share."""

    covered: int
    members: set[M] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[M]):
    """One frame and those who are to get it."""

    frame: bytes
    members: tuple[M, ...]
    compressed: bool = False
    """Whether it is compressed, in the window that these members share."""


class Hub(Generic[M]):
    """Live members by predicate, over one ring. None is the predicate of those who want all."""

    def __init__(self, ring: Ring, bounds: Bounds) -> None:
        self.ring = ring
        self.epoch = 0
        """Grows with each restart. Whoever holds an older epoch's position holds nothing."""
        self._groups: dict[Predicate | None, _Group[M]] = {}
        self._index = PredicateIndex()
        self._window: SharedWindow[M] = SharedWindow()
        self._bounds = bounds
        self._behind: set[M] = set()
        self._conflation: Conflation | None = None

    def join(self, member: M, predicate: Predicate | None, *, deflates: bool = False) -> None:
        """Make a member live. It must have everything up to the ring's position.

        ``deflates`` says that it agreed to permessage-deflate, in which all share one window. What
        filters select is not the same for all, and goes plain.
        """
        if predicate is None and deflates:
            self._window.join(member)
            return
        group = self._groups.get(predicate)
        if group is None:
            group = self._groups[predicate] = _Group(self.ring.position)
            if predicate is not None:
                self._index.add(predicate)
        group.members.add(member)

    def leave(self, member: M, predicate: Predicate | None) -> None:
        """Take a member out; it had everything up to the ring's position. Unknown is fine."""
        self._window.leave(member)
        group = self._groups.get(predicate)
        if group is not None:
            group.members.discard(member)
            if not group.members:
                del self._groups[predicate]
                if predicate is not None:
                    self._index.remove(predicate)

    def live(self) -> tuple[M, ...]:
        """Return all live members."""
        grouped = (member for group in self._groups.values() for member in group.members)
        return (*self._window.members(), *grouped)

    def fall_behind(self, member: M) -> None:
        """Note that a member that was live no longer is: what it misses is kept, conflated."""
        if self._conflation is None:
            self._conflation = Conflation(self.ring.position, self._bounds)
        self._behind.add(member)

    def come_up(self, member: M) -> None:
        """Note that a member is behind no longer. Unknown is fine."""
        self._behind.discard(member)
        if not self._behind:
            self._conflation = None  # batches are opened for this only while someone needs it

    def conflated(self, position: int, predicate: Predicate | None) -> bytes | None:
        """Return what a member that fell behind needs since a position: see ``Conflation``."""
        return None if self._conflation is None else self._conflation.since(position, predicate)

    def publish(self, batch: Batch) -> list[Delivery[M]]:
        """Append the next batch to the ring and return the frames it makes."""
        self.ring.append(batch)
        looked_into = self._conflation is not None or len(self._index) > 0
        events = list(opened(batch)) if looked_into else []
        if self._conflation is not None:
            self._conflation.add(events)
        return list(self._deliveries(batch, events))

    def restart(self, stream: str, position: int, reason: ResetReason) -> bytes:
        """Begin anew at a position; returns the frame that every member, live or not, must get."""
        self.ring.restart(stream, position)
        self.epoch += 1
        if self._conflation is not None:
            self._conflation = Conflation(position, self._bounds)
        for group in self._groups.values():
            group.covered = position
        return protocol.reset(reason, position)

    def _deliveries(
        self, batch: Batch, opened_events: Sequence[OpenedEvent]
    ) -> Iterator[Delivery[M]]:
        frame = protocol.events(batch.first, batch.last, batch.events)
        packed, following, plain = self._window.pack(frame)
        if following:
            yield Delivery(packed, following, compressed=True)
        if None in self._groups:
            plain += tuple(self._groups[None].members)
        if plain:
            yield Delivery(frame, plain)
        for predicate, events in self._index.select(opened_events).items():
            group = self._groups[predicate]
            rendered = f"[{','.join(events)}]".encode()
            frame = protocol.events(group.covered + 1, batch.last, rendered)
            group.covered = batch.last
            yield Delivery(frame, tuple(group.members))


def frames_since(
    batches: list[Batch], after: int, predicate: Predicate | None
) -> Iterator[tuple[int, bytes]]:
    """Yield what brings one member from a position to the end of batches, step by step.

    Each step is the position it leads to and the message that does: events, or where none of them
    match a heartbeat.
    """
    # Cut before they are merged: that opens one batch, not all that are sent with it.
    for batch in gathered([trimmed(each, after) for each in batches]):
        if predicate is None:
            yield batch.last, protocol.events(batch.first, batch.last, batch.events)
        else:
            rows = predicate.select(json.loads(batch.events))
            # A client that is told nothing would take the next frame for a gap.
            yield (
                batch.last,
                protocol.events(batch.first, batch.last, packed(rows))
                if rows
                else protocol.heartbeat(batch.last),
            )


def gathered(batches: list[Batch]) -> Iterator[Batch]:
    """Merge small batches, so that someone who missed 10,000 of them gets a few frames."""
    gathering: list[Batch] = []
    size = 0
    for batch in batches:
        if gathering and size + len(batch.events) > _FRAME_BYTES:
            yield merge(gathering)
            gathering, size = [], 0
        gathering.append(batch)
        size += len(batch.events)
    if gathering:
        yield merge(gathering)
