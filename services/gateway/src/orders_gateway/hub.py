"""Decide which members get which message. Pure: the shell writes to sockets (``fanout``).

Members are grouped by what they select. A batch becomes one message per group, shared by all its
members, so the work grows with the matching filters and with bytes, never with clients times
events (I4). *Live* members have all events up to the ring's position. A member whose socket is slow
leaves its group, keeps its position, and returns when it has caught up, so it delays no other (I6).
"""

import sys
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from orders_contract.batches import Batch, MalformedPayloadError, merge
from orders_contract.events import open_batch, packed
from orders_contract.filter_index import FilterIndex
from orders_contract.matching import EVERYTHING, Selection, View, view
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.compression import SharedCompressor
from orders_gateway.conflation import Bounds, Conflation, SeenEvent
from orders_gateway.ring import Ring, trimmed
from orders_gateway.transport import Framing

M = TypeVar("M", bound=Hashable)

_UNBOUNDED = Bounds(sys.maxsize, sys.maxsize, sys.maxsize)

MESSAGE_BYTES = 256 * 1024
"""Batches are merged up to this size: many clients refuse messages over 1 MiB."""


@dataclass(slots=True)
class _Group(Generic[M]):
    """The members with one selection."""

    covered: int
    """The position at which the last message that all live members got ends."""
    live: dict[Framing, set[M]] = field(default_factory=dict)
    behind: int = 0
    """Number of members that were live and have fallen behind."""
    conflation: Conflation | None = None

    def deliver(self, message: bytes) -> Iterator["Delivery[M]"]:
        """Yield the deliveries of a message to all live members."""
        for framing, members in self.live.items():
            yield Delivery(message, tuple(members), framing)


@dataclass(slots=True)
class Delivery(Generic[M]):
    """One message and the members that get it, whose connections share a framing."""

    message: bytes
    members: tuple[M, ...]
    framing: Framing
    compressed: bool = False
    """Whether the message is compressed, with the compressor these members share."""


class Hub(Generic[M]):
    """The ring of recent batches, and the live members by selection."""

    def __init__(self, ring: Ring, bounds: Bounds) -> None:
        self.ring = ring
        self.epoch = 0
        """The number of restarts. Positions from before a restart are not valid after it."""
        self.resets: Counter[ResetReason] = Counter()
        """How many members had to fetch a snapshot, by reason."""
        self._bounds = bounds
        self._groups: dict[Selection, _Group[M]] = {}
        self._index = FilterIndex()
        self._compressors: dict[Framing, SharedCompressor[M]] = {}

    def join(
        self, member: M, selection: Selection, framing: Framing, *, deflates: bool = False
    ) -> None:
        """Make a member live. It must have everything up to the ring's position.

        ``deflates`` means that the client agreed to permessage-deflate. Messages for members with a
        filter are not compressed, because they are not the same for all.
        """
        if selection.is_everything and deflates:
            self._compressors.setdefault(framing, SharedCompressor()).join(member)
        else:
            group = self._group(selection)
            if not group.live:
                group.covered = self.ring.position
            group.live.setdefault(framing, set()).add(member)

    def leave(self, member: M, selection: Selection, framing: Framing) -> int:
        """Remove a member, if it is live; return the position up to which it has all its events.

        Events between that position and the ring's do not match its selection.
        """
        if framing in self._compressors:
            self._compressors[framing].leave(member)
        group = self._groups.get(selection)
        if group is None or member not in group.live.get(framing, ()):
            return self.ring.position
        group.live[framing].remove(member)
        if not group.live[framing]:
            del group.live[framing]
        self._drop_if_unused(selection, group)
        return self.ring.position if selection.is_everything else group.covered

    def live(self) -> list[tuple[Framing, tuple[M, ...]]]:
        """Return all live members, grouped, each group with its framing."""
        compressing = [(framing, each.members()) for framing, each in self._compressors.items()]
        return compressing + [
            (framing, tuple(members))
            for group in self._groups.values()
            for framing, members in group.live.items()
        ]

    def fall_behind(self, selection: Selection, position: int) -> None:
        """Keep the newest states from now on, for a member that left the hub at a position."""
        group = self._group(selection)
        group.behind += 1
        if group.conflation is None:
            group.conflation = self._new_conflation(position)

    def caught_up(self, selection: Selection) -> None:
        """Undo ``fall_behind``. Batches are parsed for conflation only while a member needs it."""
        group = self._groups[selection]
        group.behind -= 1
        if not group.behind:
            group.conflation = None
            self._drop_if_unused(selection, group)

    def conflated(self, position: int, selection: Selection) -> bytes | None:
        """Return the events that a member needs since a position (see ``Conflation.since``)."""
        conflation = self._groups[selection].conflation
        return None if conflation is None else conflation.since(position)

    def publish(self, batch: Batch) -> list[Delivery[M]]:
        """Append the next batch to the ring and return the messages to deliver."""
        self.ring.append(batch)
        deliveries = list(self._unfiltered(batch))
        everything = self._groups.get(EVERYTHING)
        conflation = None if everything is None else everything.conflation
        if len(self._index) or conflation is not None:
            try:
                deliveries += self._filtered(batch.last, self._seen(batch, conflation))
            except MalformedPayloadError:
                deliveries += self._give_up(batch.last)
        return deliveries

    def heartbeat(self) -> bytes:
        """Return a heartbeat, which the caller must send to every live member now."""
        for group in self._groups.values():
            group.covered = self.ring.position
        return protocol.heartbeat(self.ring.position)

    def restart(self, stream: str, position: int, reason: ResetReason) -> bytes:
        """Restart at a position; return the message for every member, live or not."""
        self.ring.restart(stream, position)
        self.epoch += 1
        for group in self._groups.values():
            self._restart_group(group, position)
        return protocol.reset(reason, position)

    def _group(self, selection: Selection) -> _Group[M]:
        """Return the group of a selection; make a new one if there is none."""
        group = self._groups.get(selection)
        if group is None:
            group = self._groups[selection] = _Group(self.ring.position)
            if not selection.is_everything:
                self._index.add(selection)
        return group

    def _drop_if_unused(self, selection: Selection, group: _Group[M]) -> None:
        if not group.live and not group.behind:
            del self._groups[selection]
            if not selection.is_everything:
                self._index.remove(selection)

    def _restart_group(self, group: _Group[M], position: int) -> None:
        group.covered = position
        if group.conflation is not None:
            group.conflation = self._new_conflation(position)

    def _new_conflation(self, floor: int) -> Conflation:
        """Return an empty conflation. The more conflations there are, the less it may keep."""
        bounds, count = self._bounds, 1 + sum(1 for each in self._groups.values() if each.behind)
        share = min(bounds.max_bytes, max(bounds.max_message_bytes, bounds.max_bytes // count))
        return Conflation(floor, replace(bounds, max_bytes=share))

    def _seen(
        self, batch: Batch, conflation: Conflation | None
    ) -> dict[Selection, list[SeenEvent]]:
        """Parse a batch once for all members; return the events that each filter sees.

        Add all events to ``conflation``, which is for members without a filter.
        """
        seen: dict[Selection, list[SeenEvent]] = {}
        opened_events = list(open_batch(batch))
        if conflation is not None:
            conflation.add(SeenEvent(opened, View.WHOLE) for opened in opened_events)
        for opened in opened_events:
            for selection in self._index.candidates(opened.event):
                seen_as = view(opened.event, selection)
                if seen_as is not View.HIDDEN:
                    seen.setdefault(selection, []).append(SeenEvent(opened, seen_as))
        return seen

    def _unfiltered(self, batch: Batch) -> Iterator[Delivery[M]]:
        """Yield the deliveries of a batch to members without a filter."""
        message = protocol.events(batch.first, batch.last, batch.events)
        for framing, compressor in self._compressors.items():
            compressed, following, plain = compressor.compress(message)
            if following:
                yield Delivery(compressed, following, framing, compressed=True)
            if plain:
                yield Delivery(message, plain, framing)
        if EVERYTHING in self._groups:
            yield from self._groups[EVERYTHING].deliver(message)

    def _filtered(self, last: int, seen: dict[Selection, list[SeenEvent]]) -> Iterator[Delivery[M]]:
        """Yield the deliveries of events to live members; keep the events for members behind."""
        for selection, events in seen.items():
            group = self._groups[selection]
            if group.conflation is not None:
                group.conflation.add(events)
            if group.live:
                rendered = packed(each.text for each in events)
                message = protocol.events(group.covered + 1, last, rendered)
                group.covered = last
                yield from group.deliver(message)

    def _give_up(self, position: int) -> Iterator[Delivery[M]]:
        """Reset all members with a filter: a batch that cannot be parsed may match it (I11)."""
        for selection, group in self._groups.items():
            self._restart_group(group, position)
            if not selection.is_everything:
                self.resets["expired"] += sum(len(each) for each in group.live.values())
                yield from group.deliver(protocol.reset("expired", position))


def messages_since(
    batches: list[Batch], after: int, selection: Selection
) -> Iterator[tuple[int, bytes]]:
    """Yield messages that bring one member from a position to the end of batches.

    Each message comes with the position that the member then has. If no event matches, the message
    is a heartbeat, because without one the client would take the next message for a gap.
    """
    # Cut before merging, so that only the batch that is cut is parsed.
    for batch in gathered([trimmed(each, after) for each in batches]):
        if selection.is_everything:
            yield batch.last, protocol.events(batch.first, batch.last, batch.events)
        elif texts := [each.text for each in seen_events(batch, selection)]:
            yield batch.last, protocol.events(batch.first, batch.last, packed(texts))
        else:
            yield batch.last, protocol.heartbeat(batch.last)


def conflated_since(
    batches: list[Batch], after: int, selection: Selection
) -> Iterator[tuple[int, bytes]]:
    """Yield messages as ``messages_since``, but with only the newest event of each row.

    The newest events of all batches are in one message unless it would be too large. After each
    batch an empty message is yielded, so that the caller can let other tasks run.
    """
    conflation, reached = Conflation(after, _UNBOUNDED), after
    for batch in gathered([trimmed(each, after) for each in batches]):
        if conflation.bytes + len(batch.events) > 2 * MESSAGE_BYTES:
            yield reached, _conflated(conflation, after, reached)
            conflation, after = Conflation(reached, _UNBOUNDED), reached
        conflation.add(seen_events(batch, selection))
        reached = batch.last
        yield after, b""
    if reached > after:
        yield reached, _conflated(conflation, after, reached)


def _conflated(conflation: Conflation, after: int, last: int) -> bytes:
    rendered = conflation.since(after)
    return protocol.conflated(after + 1, last, rendered) if rendered else protocol.heartbeat(last)


def seen_events(batch: Batch, selection: Selection) -> Iterator[SeenEvent]:
    """Yield the events of a batch that a selection sees."""
    for opened in open_batch(batch):
        seen_as = view(opened.event, selection)
        if seen_as is not View.HIDDEN:
            yield SeenEvent(opened, seen_as)


def gathered(batches: list[Batch]) -> Iterator[Batch]:
    """Merge small batches, so that a client that missed 10,000 of them gets a few messages."""
    gathering: list[Batch] = []
    size = 0
    for batch in batches:
        if gathering and size + len(batch.events) > MESSAGE_BYTES:
            yield merge(gathering)
            gathering, size = [], 0
        gathering.append(batch)
        size += len(batch.events)
    if gathering:
        yield merge(gathering)
