"""What clients that fell behind still need: the newest state of each order that changed. Pure.

A client too slow for every event converges all the same: it gets, in one message marked
``conflated``, for each order that changed since its position only the newest event.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass, field

from orders_access.scope import leave
from orders_contract.batches import Batch
from orders_gateway.filters import Predicate, Row


@dataclass(slots=True)
class _Change:
    """All that is remembered of what happened to one order."""

    newest: Row
    removal: Row | None = None
    """The last DELETE, if the order was inserted again: versions began anew with it."""
    formerly: set[tuple[str, str]] = field(default_factory=set)
    """Status and customer it had before: a client under a filter may still show it."""

    @property
    def position(self) -> int:
        position: int = self.newest["position"]
        return position


class Conflation:
    """The newest event of each order changed after ``floor``, for at most ``max_orders`` orders."""

    def __init__(self, floor: int, max_orders: int) -> None:
        self._floor = floor
        self._max_orders = max_orders
        self._changes: OrderedDict[int | None, _Change] = OrderedDict()

    def add(self, batch: Batch) -> None:
        """Take in the next batch."""
        for event in json.loads(batch.events):
            self._add(event)
        while len(self._changes) > self._max_orders:
            _, forgotten = self._changes.popitem(last=False)
            self._floor = forgotten.position

    def _add(self, event: Row) -> None:
        key = event["order_id"]
        if event["operation"] == "TRUNCATE":
            self._changes.clear()
        change = self._changes.get(key)
        if change is None:
            change = self._changes[key] = _Change(event)
        else:
            if change.newest["operation"] == "DELETE":
                change.removal = change.newest
            change.newest = event
            self._changes.move_to_end(key)
        change.formerly.update(_states(event))

    def since(self, position: int, predicate: Predicate | None) -> list[Row] | None:
        """Return the newest events after a position, in order; None if some are forgotten."""
        if position < self._floor:
            return None
        rows: list[Row] = []
        for key in reversed(self._changes):
            change = self._changes[key]
            if change.position <= position:
                break
            if predicate is not None and not _concerns(change, predicate):
                continue
            rows.append(change.newest if predicate is None else _view(change.newest, predicate))
            if change.removal is not None and change.removal["position"] > position:
                removal = change.removal
                rows.append(removal if predicate is None else _view(removal, predicate))
        return sorted(rows, key=lambda row: row["position"])


def _states(event: Row) -> list[tuple[str, str]]:
    """Return status and customer of the order before and after an event."""
    after, changed = event["order"], event["changed"] or {}
    if event["operation"] == "DELETE":
        return [(changed["status"], changed["customer_name"])]
    if after is None:
        return []
    before = {**after, **changed}
    return [(row["status"], row["customer_name"]) for row in (before, after)]


def _concerns(change: _Change, predicate: Predicate) -> bool:
    order_id = change.newest["order_id"]
    if order_id is None:
        return True  # TRUNCATE
    return any(
        predicate.admits({"id": order_id, "status": status, "customer_name": customer})
        for status, customer in change.formerly
    )


def _view(event: Row, predicate: Predicate) -> Row:
    """Return an event as a client that may have shown the order is to see it."""
    shown = event["changed"] if event["operation"] == "DELETE" else event["order"]
    if shown is None or predicate.admits(shown):
        return predicate.confined(event)
    return leave(event)
