"""What the live feed shows: a line for every event, reset and change of state. Pure; no I/O."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from orders_client import Event, Phase, Reset, Row, State

Kind = Literal["news", "insert", "update", "delete", "alarm"]

_LONGEST_VALUE = 60
_KINDS: dict[str, Kind] = {"INSERT": "insert", "UPDATE": "update"}


@dataclass(frozen=True)
class Line:
    """A line to show, and what it is about."""

    kind: Kind
    text: str


def line_of(item: Event | Reset, timezone: tzinfo | None = None) -> Line:
    """Return the line of an event or a reset; times in a timezone, None for the local one."""
    if isinstance(item, Reset):
        missed = f"changes up to {item.place.position} were not all seen"
        return Line("alarm", f"reset ({item.reason}): {missed}")
    kind = _KINDS.get(item.operation, "delete")
    at = datetime.fromisoformat(item.changed_at).astimezone(timezone)
    order = "" if item.order_id is None else f"order {item.order_id}"
    head = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}  #{item.position:<6} "
    return Line(kind, f"{head} {item.operation:<8} {order:<11} {describe(item)}".rstrip())


def line_of_state(state: State) -> Line | None:
    """Return the line of a change of state; None if nobody needs to know."""
    match state.phase:
        case Phase.LIVE:
            resumed = "" if state.position is None else f", resuming after {state.position}"
            return Line("news", f"connected to {printable(state.gateway)}{resumed}")
        case Phase.WAITING:
            reason = printable(state.reason)
            return Line(
                "alarm", f"connection lost: {reason}; trying again in {state.retry_in_s:.1f} s"
            )
        case _:
            return None


def describe(event: Event) -> str:
    """Say what happened to the order."""
    if event.operation == "TRUNCATE":
        return "every order is gone"
    if event.operation == "LEAVE":
        return "no longer matches"
    if event.operation == "UPDATE" and event.order is not None:
        return _differences(event.changed or {}, event.order)
    if event.order is not None:
        return _whole(event.order)
    return _whole(event.changed or {})


def _differences(changed: Row, new: Row) -> str:
    return ", ".join(
        f"{column} {printable(old)} -> {printable(new.get(column))}"
        for column, old in changed.items()
    )


def _whole(row: Row) -> str:
    quantity, product = row.get("quantity"), printable(row.get("product_name"))
    customer, status = printable(row.get("customer_name")), row.get("status")
    return f"{quantity} x {product} for {customer} ({status})"


def printable(value: object) -> str:
    """Return a value as a short text that cannot move the cursor or colour the terminal."""
    text = str(value)
    shown = text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
    return "".join(each if each.isprintable() else "?" for each in shown)
