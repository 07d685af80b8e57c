"""What clients that fell behind still need: the newest state of each order that changed. Pure.

A client too slow for every event converges all the same: it gets, in one message marked
``conflated``, for each order that changed since its position only the newest event. Events are
kept as the texts they came in, so that what a client gets is put together, not rendered.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orders_access.scope import leave
from orders_gateway.filters import OpenedEvent, Predicate, Row, packed

State = tuple[str, str]
"""Status and customer: what a filter may ask of an order, besides its number."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept, and how much of it one client may be given at once."""

    max_orders: int
    max_bytes: int
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class _Event:
    """The text of an event, and what has to be known of it without opening it again."""

    position: int
    text: bytes
    shown: State | None
    """Of the row in it: the new one, or after DELETE the old one. None is TRUNCATE."""
    deletes: bool


@dataclass(slots=True)
class _Change:
    """All that is remembered of what happened to one order."""

    newest: _Event
    removal: _Event | None = None
    """The last DELETE, if the order was inserted again: versions began anew with it."""
    formerly: set[State] = field(default_factory=set)
    """What it was before: a client under a filter may still show it."""
    formerly_size: int = 0

    @property
    def size(self) -> int:
        """The characters of all this: nearly its bytes."""
        removed = 0 if self.removal is None else len(self.removal.text)
        return len(self.newest.text) + removed + self.formerly_size

    def replace(self, event: _Event) -> None:
        """Let an event be the newest."""
        if self.newest.deletes:
            self.removal = self.newest
        self.newest = event

    def remember(self, states: Iterable[State]) -> None:
        """Note what the order was."""
        for state in states:
            if state not in self.formerly:
                self.formerly.add(state)
                self.formerly_size += len(state[0]) + len(state[1])

    def since(self, position: int) -> Iterator[_Event]:
        """Yield what whoever is at a position needs of it."""
        yield self.newest
        if self.removal is not None and self.removal.position > position:
            yield self.removal


class Conflation:
    """The newest event of each order changed after ``floor``, as far as the bounds allow."""

    def __init__(self, floor: int, bounds: Bounds) -> None:
        self._floor = floor
        self._bounds = bounds
        self._bytes = 0
        self._changes: OrderedDict[int | None, _Change] = OrderedDict()

    def add(self, events: Iterable[OpenedEvent]) -> None:
        """Take in the events of the next batch, and forget the oldest beyond the bounds."""
        for event in events:
            self._add(event)
        while len(self._changes) > self._bounds.max_orders or self._bytes > self._bounds.max_bytes:
            _, forgotten = self._changes.popitem(last=False)
            self._bytes -= forgotten.size
            self._floor = forgotten.newest.position

    def _add(self, opened: OpenedEvent) -> None:
        row = opened.row
        key = row["order_id"]
        if row["operation"] == "TRUNCATE":
            self._changes.clear()
            self._bytes = 0
        states = _states(row)
        event = _Event(
            row["position"],
            opened.text.encode(),
            states[-1] if states else None,
            row["operation"] == "DELETE",
        )
        change = self._changes.get(key)
        if change is None:
            change = self._changes[key] = _Change(event)
        else:
            self._bytes -= change.size
            change.replace(event)
            self._changes.move_to_end(key)
        change.remember(states)
        self._bytes += change.size

    def since(self, position: int, predicate: Predicate | None) -> bytes | None:
        """Return the newest events after a position, in order, as a JSON array.

        Empty if none concerns the predicate; None if some are forgotten or it were too much.
        """
        if position < self._floor:
            return None
        found: list[tuple[int, bytes]] = []
        room = self._bounds.max_message_bytes
        for at, text in self._views(position, predicate):
            room -= len(text) + 1
            if room < 1:
                return None
            found.append((at, text))
        found.sort()
        return b"[" + b",".join(text for _, text in found) + b"]" if found else b""

    def _views(self, position: int, predicate: Predicate | None) -> Iterator[tuple[int, bytes]]:
        """Yield position and text of each event that a client needs, in no order."""
        for order_id in reversed(self._changes):
            change = self._changes[order_id]
            if change.newest.position <= position:
                return
            if predicate is None:
                yield from ((event.position, event.text) for event in change.since(position))
            elif _concerns(order_id, change.formerly, predicate):
                for event in change.since(position):
                    yield event.position, _view(order_id, event, predicate)


def _states(event: Row) -> list[State]:
    """Return status and customer of the order before and after an event, as far as it had any."""
    after, changed = event["order"], event["changed"] or {}
    if event["operation"] == "DELETE":
        return [(changed["status"], changed["customer_name"])]
    if after is None:
        return []
    before = {**after, **changed}
    return [(row["status"], row["customer_name"]) for row in (before, after)]


def _concerns(order_id: int | None, states: set[State], predicate: Predicate) -> bool:
    """Tell whether a client may have shown an order; TRUNCATE concerns everyone."""
    return order_id is None or any(_admits(predicate, order_id, state) for state in states)


def _admits(predicate: Predicate, order_id: int | None, state: State) -> bool:
    status, customer = state
    return predicate.admits({"id": order_id, "status": status, "customer_name": customer})


def _view(order_id: int | None, event: _Event, predicate: Predicate) -> bytes:
    """Return the text of an event as a client that may have shown the order is to see it."""
    seen = event.shown is None or _admits(predicate, order_id, event.shown)
    if seen and predicate.scope is None:
        return event.text
    row = json.loads(event.text)
    return packed([predicate.confined(row) if seen else leave(row)])[1:-1]
