"""Filtered subscriptions: which events of a batch a client wants. Pure.

A client under a filter holds the set of orders that match it. So an UPDATE by which an order
leaves that set becomes LEAVE, without the row; one by which it enters arrives as the UPDATE it is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from orders_access import scope
from orders_contract.batches import Batch
from orders_contract.messages import Filter

Row = dict[str, Any]

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter in the form it is applied in; equal filters are equal predicates.

    None admits every value. ``scope`` are the customers beyond whom the client may know nothing;
    ``customer_name`` is already within it.
    """

    status: frozenset[str] | None = None
    customer_name: frozenset[str] | None = None
    order_id: frozenset[int] | None = None
    scope: frozenset[str] | None = None

    @classmethod
    def of(cls, wanted: Filter | None, scope: frozenset[str] | None = None) -> Self | None:
        """Return the predicate of a filter within a scope; None if it admits everything."""
        if scope is None and (wanted is None or not wanted.model_dump(exclude_none=True)):
            return None
        wanted = wanted or Filter()
        customers = None if wanted.customer_name is None else frozenset(wanted.customer_name)
        if scope is not None:
            customers = scope if customers is None else customers & scope
        return cls(
            status=None if wanted.status is None else frozenset(wanted.status),
            customer_name=customers,
            order_id=None if wanted.order_id is None else frozenset(wanted.order_id),
            scope=scope,
        )

    def admits(self, order: Row) -> bool:
        """Tell whether an order matches every key."""
        return (
            (self.status is None or order["status"] in self.status)
            and (self.customer_name is None or order["customer_name"] in self.customer_name)
            and (self.order_id is None or order["id"] in self.order_id)
        )

    def select(self, events: Iterable[Row]) -> list[Row]:
        """Return the events a client under this predicate is to see, as it is to see them."""
        return [seen for event in events if (seen := self.seen(event)) is not None]

    def seen(self, event: Row) -> Row | None:
        """Return an event as a client is to see it; None if it is not."""
        seen = self.view(event)
        return None if seen is None else self.confined(seen)

    def confined(self, event: Row) -> Row:
        """Return an event the client is to see, without what it tells of others' orders."""
        return event if self.scope is None else scope.confined(event, self.scope)

    def view(self, event: Row) -> Row | None:
        """Return an event, a LEAVE in its place, or None if it does not concern the filter."""
        match event["operation"]:
            case "INSERT":
                return event if self.admits(event["order"]) else None
            case "DELETE":
                return event if self.admits(event["changed"]) else None
            case "UPDATE":
                return self._view_update(event)
            case _:  # TRUNCATE concerns everyone
                return event

    def _view_update(self, event: Row) -> Row | None:
        if self.admits(event["order"]):
            return event
        before = {**event["order"], **(event["changed"] or {})}
        if not self.admits(before):
            return None
        return scope.leave(event)


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """An event parsed, and the text it was parsed from."""

    row: Row
    text: str


def opened(batch: Batch) -> Iterator[OpenedEvent]:
    """Parse a batch event by event, each with its text; half as fast as parsing it in one go."""
    array = batch.events.decode()
    at = _after_blanks(array, 1)
    while array[at] != "]":
        row, end = _DECODER.raw_decode(array, at)
        yield OpenedEvent(row, array[at:end])
        at = _after_blanks(array, end)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()


def trimmed(batch: Batch, after: int) -> Batch:
    """Return the part of a batch after a position; the batch itself, unopened, if that is all."""
    if batch.first > after:
        return batch
    events = [row for row in json.loads(batch.events) if row["position"] > after]
    return Batch(batch.stream, after + 1, batch.last, packed(events))


def packed(events: list[Row]) -> bytes:
    """Return events as JSON, rendered as PostgreSQL renders them."""
    return json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()
