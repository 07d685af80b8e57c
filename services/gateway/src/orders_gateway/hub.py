"""Which members get which message. Pure: the hub decides, the shell writes to sockets.

Members are grouped by what they want. A batch becomes one message per group, shared by all its
members, so the work grows with the matching filters and with bytes, never with clients times
events (I4). *Live* members have everything up to the ring's position. A member whose socket is slow
leaves its group, keeps its position, and returns once it has caught up: it delays no other (I6).
"""

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orders_contract.batches import Batch, merge
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.compression import SharedCompressor
from orders_gateway.conflation import Bounds, Conflation
from orders_gateway.filters import OpenedEvent, Predicate, opened, packed, trimmed
from orders_gateway.index import PredicateIndex
from orders_gateway.ring import Ring
from orders_gateway.transport import Framing

M = TypeVar("M", bound=Hashable)

_MESSAGE_BYTES = 256 * 1024
"""Batches are merged up to this size: many clients refuse messages over 1 MiB."""


@dataclass(slots=True)
class _Group(Generic[M]):
    """Live members under one predicate; ``covered`` is the end of the last message they share."""

    covered: int
    members: dict[Framing, set[M]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[M]):
    """One message and the members that get it, whose connections share a framing."""

    message: bytes
    members: tuple[M, ...]
    framing: Framing
    compressed: bool = False
    """Whether the message is compressed, with the compressor these members share."""


class Hub(Generic[M]):
    """Live members by predicate, over one ring. The predicate None stands for all events."""

    def __init__(self, ring: Ring, bounds: Bounds) -> None:
        self.ring = ring
        self.epoch = 0
        """Grows with each restart. A position of an older epoch is worthless."""
        self._groups: dict[Predicate | None, _Group[M]] = {}
        self._index = PredicateIndex()
        self._compressors: dict[Framing, SharedCompressor[M]] = {}
        self._bounds = bounds
        self._behind: set[M] = set()
        self._conflation: Conflation | None = None

    def join(
        self, member: M, predicate: Predicate | None, framing: Framing, *, deflates: bool = False
    ) -> None:
        """Make a member live. It must have everything up to the ring's position.

        ``deflates`` means that it agreed to permessage-deflate. Only messages for members without a
        filter are the same for all and worth compressing; filtered ones go plain.
        """
        if predicate is None and deflates:
            self._compressors.setdefault(framing, SharedCompressor()).join(member)
            return
        group = self._groups.get(predicate)
        if group is None:
            group = self._groups[predicate] = _Group(self.ring.position)
            if predicate is not None:
                self._index.add(predicate)
        group.members.setdefault(framing, set()).add(member)

    def leave(self, member: M, predicate: Predicate | None, framing: Framing) -> None:
        """Remove a member, if it is one. It had everything up to the ring's position."""
        if framing in self._compressors:
            self._compressors[framing].leave(member)
        group = self._groups.get(predicate)
        if group is None or member not in group.members.get(framing, ()):
            return
        group.members[framing].remove(member)
        if not group.members[framing]:
            del group.members[framing]
        if not group.members:
            del self._groups[predicate]
            if predicate is not None:
                self._index.remove(predicate)

    def live(self) -> list[tuple[Framing, tuple[M, ...]]]:
        """Return all live members, grouped, each group with its framing."""
        compressing = [(framing, each.members()) for framing, each in self._compressors.items()]
        return compressing + [
            (framing, tuple(members))
            for group in self._groups.values()
            for framing, members in group.members.items()
        ]

    def fall_behind(self, member: M) -> None:
        """Keep the newest states from now on, for a member that is no longer live."""
        if self._conflation is None:
            self._conflation = Conflation(self.ring.position, self._bounds)
        self._behind.add(member)

    def caught_up(self, member: M) -> None:
        """Stop keeping states once no member needs them."""
        self._behind.discard(member)
        if not self._behind:
            self._conflation = None  # batches are parsed for it only while it is needed

    def conflated(self, position: int, predicate: Predicate | None) -> bytes | None:
        """Return what a member that fell behind needs since a position: see ``Conflation``."""
        return None if self._conflation is None else self._conflation.since(position, predicate)

    def publish(self, batch: Batch) -> list[Delivery[M]]:
        """Append the next batch to the ring and return the messages to deliver."""
        self.ring.append(batch)
        is_parsed = self._conflation is not None or len(self._index) > 0
        events = list(opened(batch)) if is_parsed else []
        if self._conflation is not None:
            self._conflation.add(events)
        return list(self._deliveries(batch, events))

    def restart(self, stream: str, position: int, reason: ResetReason) -> bytes:
        """Begin anew at a position; return the message for every member, live or not."""
        self.ring.restart(stream, position)
        self.epoch += 1
        if self._conflation is not None:
            self._conflation = Conflation(position, self._bounds)
        for group in self._groups.values():
            group.covered = position
        return protocol.reset(reason, position)

    def _deliveries(self, batch: Batch, events: Sequence[OpenedEvent]) -> Iterator[Delivery[M]]:
        message = protocol.events(batch.first, batch.last, batch.events)
        for framing, compressor in self._compressors.items():
            compressed, following, plain = compressor.compress(message)
            if following:
                yield Delivery(compressed, following, framing, compressed=True)
            if plain:
                yield Delivery(message, plain, framing)
        if None in self._groups:
            yield from _to_group(message, self._groups[None])
        for predicate, texts in self._index.select(events).items():
            group = self._groups[predicate]
            rendered = f"[{','.join(texts)}]".encode()
            message = protocol.events(group.covered + 1, batch.last, rendered)
            group.covered = batch.last
            yield from _to_group(message, group)


def _to_group(message: bytes, group: _Group[M]) -> Iterator[Delivery[M]]:
    for framing, members in group.members.items():
        yield Delivery(message, tuple(members), framing)


def messages_since(
    batches: list[Batch], after: int, predicate: Predicate | None
) -> Iterator[tuple[int, bytes]]:
    """Yield messages that bring one member from a position to the end of batches.

    Each comes with the position it leads to. Where no event matches, the message is a heartbeat.
    """
    # Cut before merging: that parses one batch, not all that are sent with it.
    for batch in gathered([trimmed(each, after) for each in batches]):
        if predicate is None:
            yield batch.last, protocol.events(batch.first, batch.last, batch.events)
        else:
            rows = predicate.select(json.loads(batch.events))
            # Without any message the client would take the next one for a gap.
            yield (
                batch.last,
                protocol.events(batch.first, batch.last, packed(rows))
                if rows
                else protocol.heartbeat(batch.last),
            )


def gathered(batches: list[Batch]) -> Iterator[Batch]:
    """Merge small batches, so that a client that missed 10,000 of them gets a few messages."""
    gathering: list[Batch] = []
    size = 0
    for batch in batches:
        if gathering and size + len(batch.events) > _MESSAGE_BYTES:
            yield merge(gathering)
            gathering, size = [], 0
        gathering.append(batch)
        size += len(batch.events)
    if gathering:
        yield merge(gathering)
