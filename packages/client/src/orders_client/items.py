"""What a client hands out: events, resets, snapshots. Pure."""

from dataclasses import dataclass
from typing import Any

from orders_client.errors import MalformedMessageError

Row = dict[str, Any]
"""An order, as JSON has it: times are text."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a stream: everything up to the position is known."""

    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class Event:
    """One change of an order.

    ``order`` is the new row, None after DELETE, TRUNCATE and LEAVE; ``changed`` holds the old
    values of what an UPDATE changed, or the row that was deleted. ``conflated`` says that earlier
    changes of this order were left out: this is the newest of several.
    """

    position: int
    operation: str
    order_id: int | None
    order: Row | None
    changed: Row | None
    actor: str | None
    changed_at: str
    conflated: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """What happened before ``place`` cannot be told: fetch a snapshot. Events go on after it."""

    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All orders under a filter. Rows may show a later moment than the place, never an earlier."""

    place: Place
    orders: tuple[Row, ...]


def parse_event(raw: object, *, conflated: bool = False) -> Event:
    """Read one event of an ``events`` message; fields it does not know are ignored.

    Raises:
        MalformedMessageError: a field is missing, or of the wrong kind.

    """
    if not isinstance(raw, dict):
        raise MalformedMessageError("an event is not an object")
    event = Event(
        raw.get("position", 0),
        raw.get("operation", ""),
        raw.get("order_id"),
        raw.get("order"),
        raw.get("changed"),
        raw.get("actor"),
        raw.get("changed_at", ""),
        conflated,
    )
    if not (_whole(event.position) and _is_order(event.order) and _addressed(event)):
        raise MalformedMessageError(f"event {event.position!r} is malformed")
    return event


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_order(order: object) -> bool:
    return order is None or (
        isinstance(order, dict)
        and isinstance(order.get("id"), int)
        and isinstance(order.get("version"), int)
    )


def _addressed(event: Event) -> bool:
    """Tell whether the event says whom it concerns: only TRUNCATE concerns no single order."""
    match event.operation:
        case "INSERT" | "UPDATE":
            return event.order is not None and event.order["id"] == event.order_id
        case "DELETE" | "LEAVE":
            return isinstance(event.order_id, int)
        case "TRUNCATE":
            return event.order_id is None
        case _:
            return False
