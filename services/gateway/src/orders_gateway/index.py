"""Which of many predicates want an event, without asking each. Pure.

A predicate is filed under the values of one of its keys, the one that fewest orders share. An event
looks up the values it has, before and after, and asks only the predicates it finds there: its
cost grows with the filters that match it, not with all there are.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from orders_gateway.filters import OpenedEvent, Predicate, Row, packed

_KEYS = ("order_id", "customer_name", "status")
"""By how few orders share a value."""


class PredicateIndex:
    """Predicates by the values of one key each."""

    def __init__(self) -> None:
        self._all: dict[Predicate, None] = {}
        self._filed: dict[tuple[str, Any], dict[Predicate, None]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def add(self, predicate: Predicate) -> None:
        """File a predicate that is not there yet."""
        self._all[predicate] = None
        for place in _places(predicate):
            self._filed.setdefault(place, {})[predicate] = None

    def remove(self, predicate: Predicate) -> None:
        """Take out a predicate that is there."""
        del self._all[predicate]
        for place in _places(predicate):
            here = self._filed[place]
            del here[predicate]
            if not here:
                del self._filed[place]

    def select(self, events: Iterable[OpenedEvent]) -> dict[Predicate, list[str]]:
        """Return, for each predicate that wants some of the events, their renderings in order."""
        wanted: dict[Predicate, list[str]] = {}
        for event in events:
            for predicate in self._asked(event.row):
                seen = predicate.seen(event.row)
                if seen is not None:
                    text = event.text if seen is event.row else packed([seen])[1:-1].decode()
                    wanted.setdefault(predicate, []).append(text)
        return wanted

    def _asked(self, event: Row) -> Iterable[Predicate]:
        """Return every predicate that may want an event, each once."""
        if event["operation"] == "TRUNCATE":
            return self._all
        found = [here for place in _values(event) if (here := self._filed.get(place))]
        return found[0] if len(found) == 1 else {each: None for here in found for each in here}


def _places(predicate: Predicate) -> Iterator[tuple[str, Any]]:
    for key in _KEYS:
        values = getattr(predicate, key)
        if values is not None:
            for value in values:
                yield key, value
            return


def _values(event: Row) -> set[tuple[str, Any]]:
    """Return under what an event's order may be filed, by its row and by the row it was."""
    order, changed = event["order"] or {}, event["changed"] or {}
    found: set[tuple[str, Any]] = {("order_id", event["order_id"])}
    for key in _KEYS[1:]:
        found.update((key, row[key]) for row in (order, changed) if key in row)
    return found
