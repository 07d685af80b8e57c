"""The client's side of ``/ws``: keeps the position, says what to show and send. Pure; no I/O."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import ValidationError

from orders_contract.messages import (
    SERVER_MESSAGE,
    Error,
    Event,
    Events,
    Filter,
    Heartbeat,
    Hello,
    Order,
    Pong,
    Reset,
    ServerMessage,
    Subscribe,
    Subscribed,
)

Kind = Literal["news", "insert", "update", "delete", "alarm"]

_LONGEST_VALUE = 60
_KINDS: dict[str, Kind] = {"INSERT": "insert", "UPDATE": "update"}


@dataclass(frozen=True)
class Line:
    """A line to show, and what it is about."""

    kind: Kind
    text: str


class Feed:
    """What one client knows. It outlives connections: the next one resumes by position."""

    def __init__(self, wanted: Filter | None = None, timezone: tzinfo | None = None) -> None:
        self.position: int | None = None
        self.stream: str | None = None
        self._wanted = wanted
        self._timezone = timezone
        self._is_live = False

    def query(self) -> str:
        """Return the query of the address for the next connection."""
        if self.position is None or self._wanted is not None:
            return ""  # with a filter, subscribe says where to resume
        return urlencode({"after": self.position, "stream": self.stream or ""})

    def receive(self, raw: str | bytes) -> tuple[list[Line], str | None]:
        """Take a message; return the lines to show and what to send, if anything."""
        try:
            message = SERVER_MESSAGE.validate_json(raw)
        except ValidationError as exc:
            return [Line("alarm", f"message not understood: {exc.error_count()} problems")], None
        if isinstance(message, Hello):
            return self._greet(message)
        return self._follow(message), None

    def _greet(self, hello: Hello) -> tuple[list[Line], str | None]:
        lines = []
        is_new = self.stream is None
        if not is_new and hello.stream != self.stream and self._wanted is not None:
            lines.append(Line("alarm", "reset (unknown_stream): the numbering began anew"))
            self.position = None
        self.stream = hello.stream
        resumed = "" if self.position is None else f", resuming after {self.position}"
        lines.append(Line("news", f"connected to {hello.gateway}{resumed}"))
        if self._wanted is None:
            self._is_live = True
            self.position = hello.position if self.position is None else self.position
            return lines, None
        self._is_live = False
        subscribe = Subscribe(type="subscribe", filter=self._wanted, after=self.position)
        return lines, subscribe.model_dump_json(exclude_none=True)

    def _follow(self, message: ServerMessage) -> list[Line]:
        match message:
            case Subscribed(position=position):
                self._is_live = True
                self.position = position
            case Error(code=code, message=text):
                return [Line("alarm", f"error {code}: {printable(text)}")]
            case Reset(reason=reason, position=position):
                missed = f"changes after {self.position or 0} up to {position} were not seen"
                self.position = position
                return [Line("alarm", f"reset ({reason}): {missed}")]
            case Events() if self._is_live:
                return self._take(message)
            case Heartbeat(position=position) | Pong(position=position) if self._is_live:
                self.position = max(position, self.position or 0)
            case _:
                pass
        return []

    def _take(self, frame: Events) -> list[Line]:
        known = self.position or 0
        self.position = max(known, frame.last)
        return [self._line(event) for event in frame.events if event.position > known]

    def _line(self, event: Event) -> Line:
        kind = _KINDS.get(event.operation, "delete")
        at = event.changed_at.astimezone(self._timezone)
        order = "" if event.order_id is None else f"order {event.order_id}"
        head = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}  #{event.position:<6} "
        return Line(kind, f"{head} {event.operation:<8} {order:<11} {describe(event)}".rstrip())


def describe(event: Event) -> str:
    """Say what happened to the order."""
    if event.operation == "TRUNCATE":
        return "every order is gone"
    if event.operation == "LEAVE":
        return "no longer matches"
    if event.operation == "UPDATE" and event.order is not None:
        return _differences(event.changed or {}, event.order)
    if event.order is not None:
        return _whole(event.order.model_dump())
    return _whole(event.changed or {})


def _differences(changed: dict[str, Any], order: Order) -> str:
    new = order.model_dump()
    return ", ".join(
        f"{column} {printable(old)} -> {printable(new.get(column))}"
        for column, old in changed.items()
    )


def _whole(row: dict[str, Any]) -> str:
    quantity, product = row.get("quantity"), printable(row.get("product_name"))
    customer, status = printable(row.get("customer_name")), row.get("status")
    return f"{quantity} x {product} for {customer} ({status})"


def printable(value: object) -> str:
    """Return a value as a short text that cannot move the cursor or colour the terminal."""
    text = str(value)
    shown = text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
    return "".join(each if each.isprintable() else "?" for each in shown)
