"""Conflation: the newest state of each changed row, for clients that fell behind. Pure.

A client that is too slow for every event still converges: it gets one message marked ``conflated``
with only the newest event of each row that changed since its position. Events are kept as text, so
the message is assembled, not rendered.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from orders_contract.events import OpenedEvent, packed
from orders_contract.matching import View, table_of

RowKey = tuple[str, str]
"""Table and primary key."""


class SeenEvent(NamedTuple):
    """An event and how the clients with one selection see it."""

    opened: OpenedEvent
    view: View

    @property
    def text(self) -> str:
        """The event's text as these clients see it."""
        return self.opened.seen_as(self.view)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of what is kept, and of the message that one client gets."""

    max_rows: int
    max_bytes: int
    max_message_bytes: int


class _Kept(NamedTuple):
    position: int
    text: str
    is_removal: bool

    @property
    def size(self) -> int:
        """Bytes of the text in UTF-8."""
        return len(self.text) if self.text.isascii() else len(self.text.encode())


@dataclass(slots=True)
class _Change:
    """The last changes of one row."""

    newest: _Kept
    removal: _Kept | None = None
    """The last DELETE or LEAVE before ``newest``. Clients need it: versions restart after it."""

    @property
    def size(self) -> int:
        """Bytes of the kept texts."""
        return self.newest.size + (0 if self.removal is None else self.removal.size)

    def needed_since(self, position: int) -> Iterator[_Kept]:
        """Yield the events that a client at a position needs, in order."""
        if self.removal is not None and self.removal.position > position:
            yield self.removal
        yield self.newest


class Conflation:
    """The newest event of each row changed after ``floor``, within bounds, for one selection."""

    def __init__(self, floor: int, bounds: Bounds) -> None:
        self._floor = floor
        self._bounds = bounds
        self.bytes = 0
        """Bytes of all kept texts."""
        self._changes: OrderedDict[RowKey, _Change] = OrderedDict()

    def add(self, events: Iterable[SeenEvent]) -> None:
        """Add the next events, and forget the oldest rows beyond the bounds."""
        for seen in events:
            self._add(seen)
        bounds = self._bounds
        while len(self._changes) > bounds.max_rows or self.bytes > bounds.max_bytes:
            _, forgotten = self._changes.popitem(last=False)
            self.bytes -= forgotten.size
            self._floor = forgotten.newest.position

    def _add(self, seen: SeenEvent) -> None:
        event = seen.opened.event
        table = table_of(event)
        if event["operation"] == "TRUNCATE":
            self._forget_table(table)
        is_removal = event["operation"] == "DELETE" or seen.view is View.LEAVE
        kept = _Kept(event["position"], seen.text, is_removal)
        key = (table, str(event.get("key", event["order_id"])))
        change = self._changes.get(key)
        if change is None:
            change = self._changes[key] = _Change(kept)
        else:
            self.bytes -= change.size
            if change.newest.is_removal:
                change.removal = change.newest
            change.newest = kept
            self._changes.move_to_end(key)
        self.bytes += change.size

    def _forget_table(self, table: str) -> None:
        for key in [key for key in self._changes if key[0] == table]:
            self.bytes -= self._changes.pop(key).size

    def since(self, position: int) -> bytes | None:
        """Return the newest events after a position, in order, as a JSON array.

        The result is empty if there are none, and None if some were forgotten or the array would be
        too large.
        """
        if position < self._floor:
            return None
        found: list[_Kept] = []
        room = self._bounds.max_message_bytes
        for change in reversed(self._changes.values()):
            if change.newest.position <= position:
                break
            needed = list(change.needed_since(position))
            room -= sum(each.size + 1 for each in needed)
            if room < 1:
                return None
            found += needed
        found.sort(key=lambda each: each.position)
        return packed(each.text for each in found) if found else b""
