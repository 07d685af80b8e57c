"""What a client yields and reports: events, resets, snapshots, states. Pure."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from orders_contract.schema import ORDERS, Schema
from real_time_orders.errors import MalformedMessageError

_MAX_INT_DIGITS = 4000
"""Python refuses to convert integers of more than 4,300 digits."""

Row = dict[str, Any]
"""A row as JSON has it, but with ``Decimal`` for numbers that are not whole. Times are text."""

Tables = Mapping[str, Mapping[str, Any]]
"""Filters by table, as in ``subscribe``: ``{"orders": {"status": ["pending"]}, "notes": {}}``."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a stream: all events up to the position are known."""

    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a row.

    ``row`` is the new row, None after DELETE, TRUNCATE and LEAVE; ``changed`` holds the old values
    of the columns that an UPDATE changed, or the deleted row. ``order_id`` is the id of the order,
    or of the order that a child row belongs to. An order's ``key`` holds it as ``id``, whatever the
    name of the column. ``conflated``: earlier changes of this row were left out.
    """

    position: int
    table: str
    operation: str
    order_id: int | None
    key: Row | None
    row: Row | None
    changed: Row | None
    actor: str | None
    changed_at: str
    conflated: bool = False

    @property
    def order(self) -> Row | None:
        """The new row of an order; None for other tables."""
        return self.row if self.table == ORDERS else None


@dataclass(frozen=True, slots=True)
class Reset:
    """Changes up to ``place`` are lost to this client, so fetch a snapshot. Later events follow."""

    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class SchemaChanged:
    """Tables or columns changed. Rows fetched before may have the columns of the old schema."""

    version: str


Item = Event | Reset | SchemaChanged


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows that match, by table and key. They may be newer than ``place``, but not older."""

    place: Place
    rows: Mapping[str, Mapping[Any, Row]]
    schema: Schema | None = None
    has_more: bool = False
    """Whether more rows match than were requested."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """The column that refers to the order, by child table."""

    @property
    def orders(self) -> tuple[Row, ...]:
        """The orders."""
        return tuple(self.rows.get(ORDERS, {}).values())


class Phase(StrEnum):
    """Phase of a client; ``waiting`` and ``connecting`` alternate until it is live."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class State:
    """A change of state, passed to ``on_state``.

    ``reason`` says why a client waits; ``attempts`` is the number of successive failures.
    """

    phase: Phase
    url: str = ""
    gateway: str | None = None
    position: int | None = None
    reason: str = ""
    retry_in_s: float = 0.0
    attempts: int = 0


def row_key(key: Mapping[str, Any]) -> Hashable:
    """Return a row's primary key as a dictionary key: its value, or a tuple of its values."""
    values = tuple(
        json.dumps(each, default=str) if isinstance(each, dict | list) else each
        for each in key.values()
    )
    return values[0] if len(values) == 1 else values


def parse_json(text: str) -> Any:
    """Parse JSON; numbers keep their digits, also integers that are too long for ``int()``.

    Raises:
        ValueError: the text is not JSON, or is nested deeper than the database allows.

    """
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        return json.loads(text, parse_float=Decimal, parse_int=_parse_int)


def to_json(value: Any, *, ensure_ascii: bool = True) -> str:
    """Return the JSON of a value; a Decimal keeps its digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (
            f"{to_json(k, ensure_ascii=ensure_ascii)}:{to_json(v, ensure_ascii=ensure_ascii)}"
            for k, v in value.items()
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(to_json(v, ensure_ascii=ensure_ascii) for v in value) + "]"
    return json.dumps(value, ensure_ascii=ensure_ascii, default=str)


def _parse_int(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else Decimal(digits)


def parse_event(raw: object, *, conflated: bool = False) -> Event:
    """Parse one event of an ``events`` message; unknown fields are ignored.

    Raises:
        MalformedMessageError: a field is missing or of the wrong type.

    """
    if not isinstance(raw, dict):
        raise MalformedMessageError("an event is not an object")
    table, order_id = raw.get("table", ORDERS), raw.get("order_id")
    key, row = raw.get("key"), raw.get("row")
    if table == ORDERS:
        key, row = None if order_id is None else {"id": order_id}, raw.get("order")
    event = Event(
        raw.get("position", 0),
        table,
        raw.get("operation", ""),
        order_id,
        key,
        row,
        raw.get("changed"),
        raw.get("actor"),
        raw.get("changed_at", ""),
        conflated,
    )
    if not is_position(event.position) or not _has_its_row(event):
        raise MalformedMessageError(f"event {event.position!r} is malformed")
    return event


def is_position(value: object) -> bool:
    """Return whether a value is a position of the stream."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _has_its_row(event: Event) -> bool:
    """Return whether the event has the key and row that its operation needs."""
    match event.operation:
        case "INSERT" | "UPDATE":
            return isinstance(event.row, dict) and bool(event.key)
        case "DELETE" | "LEAVE":
            return bool(event.key)
        case "TRUNCATE":
            return event.key is None
        case _:
            return False
