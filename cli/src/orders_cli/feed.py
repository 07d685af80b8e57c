"""The lines of ``orders watch``, one for each event, reset and change of state. Pure."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from orders_contract.schema import ORDERS
from real_time_orders import Event, Phase, Reset, Row, SchemaChanged, State
from real_time_orders.items import to_json

Kind = Literal["news", "insert", "update", "delete", "alarm"]

_MAX_VALUE = 60
_MAX_ROW = 200
_KINDS: dict[str, Kind] = {"INSERT": "insert", "UPDATE": "update"}
_HIDDEN = {"id", "version", "created_at", "updated_at"}
"""The system's own columns."""


@dataclass(frozen=True)
class Line:
    """A line of text, and its kind, which decides its colour."""

    kind: Kind
    text: str


def line_of(item: Event | Reset | SchemaChanged, timezone: tzinfo | None = None) -> Line:
    """Return the line of an item, with its time in ``timezone``, by default the local one."""
    if isinstance(item, Reset):
        missed = f"changes up to {item.place.position} may be missing"
        return Line("alarm", f"reset ({item.reason}): {missed}")
    if isinstance(item, SchemaChanged):
        return Line("news", "the columns or tables have changed")
    at = _time_of_day(item.changed_at, timezone)
    head = f"{at}  #{item.position:<6} {item.operation:<8} {_subject(item):<11}"
    return Line(_KINDS.get(item.operation, "delete"), f"{head} {describe(item)}".rstrip())


def line_of_state(state: State) -> Line | None:
    """Return the line of a change of state; None for a change that is not shown."""
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
    """Return a description of the change that an event reports."""
    if event.operation == "TRUNCATE":
        return "all rows were removed"
    if event.operation == "LEAVE":
        return "no longer matches"
    if event.operation == "UPDATE" and event.row is not None:
        return _differences(event.changed or {}, event.row)
    return _columns(event.row or event.changed or {})


def printable(value: object) -> str:
    """Return a value as a short text that cannot move the cursor or colour the terminal."""
    return _plain(_shortened(str(value), _MAX_VALUE))


def _subject(event: Event) -> str:
    """Return the name of the changed row: ``order 7``, or its table and key."""
    if event.table == ORDERS:
        return "" if event.order_id is None else f"order {event.order_id}"
    key = ",".join(printable(value) for value in (event.key or {}).values())
    return f"{printable(event.table)} {key}".rstrip()


def _time_of_day(changed_at: str, timezone: tzinfo | None) -> str:
    try:
        at = datetime.fromisoformat(changed_at).astimezone(timezone)
    except (ValueError, OverflowError):
        return printable(changed_at)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"


def _differences(changed: Row, new: Row) -> str:
    return ", ".join(
        f"{printable(column)} {_value(old)} -> {_value(new.get(column))}"
        for column, old in changed.items()
    )


def _columns(row: Row) -> str:
    """Return the columns that have a value, with their values."""
    shown = (
        f"{printable(column)} {_value(value)}"
        for column, value in row.items()
        if value is not None and column not in _HIDDEN
    )
    return _shortened(", ".join(shown), _MAX_ROW)


def _value(value: object) -> str:
    """Return a column's value: text without quotes, everything else as in JSON."""
    return printable(value if isinstance(value, str) else to_json(value, ensure_ascii=False))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
