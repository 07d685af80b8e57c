"""The client's side of ``/ws``: messages in, actions out. Pure: ``client`` has socket and clock.

A ``Protocol`` is used for one connection after another: it keeps the place and resumes from it. It
delivers events in order, each once, and reports missing events by a ``Reset``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from real_time_orders.errors import MalformedMessageError
from real_time_orders.items import (
    Event,
    Item,
    Place,
    Reset,
    SchemaChanged,
    Tables,
    is_position,
    parse_event,
    parse_json,
)

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Send:
    """Action: send this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Action: yield these items to the reader, which then has every event up to ``place``."""

    items: tuple[Item, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Live:
    """Action: record that the stream is being followed."""

    gateway: str
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Proven:
    """Action: start the next back-off with the shortest delay, because the connection works."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Action: close the connection, and resume on another one after a back-off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Action: give up, because the server rejects the filter."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Renew:
    """Action: send another token, because this one expires soon."""


Action = Send | Deliver | Live | Proven | Reconnect | Refused | Renew


class Protocol:
    """One client with one filter, over any number of connections, one at a time."""

    def __init__(
        self, tables: Tables | None = None, place: Place | None = None, *, after: int | None = None
    ) -> None:
        """``after`` is a position in the server's present stream, used if no place is known."""
        self._tables = tables
        self._stream = None if place is None else place.stream
        self._position = after if place is None else place.position
        self._is_filter_in_query = False
        self._pending_reset: str | None = None
        """Reason of a reset that is delivered once the new place is known."""
        self._connected_stream: str | None = None
        """The stream of this connection; None before ``hello``."""
        self._is_following = False
        self._is_restricted = False
        """Whether the token is restricted to certain rows."""
        self._hello: Message = {}
        self._schema = ""
        self._pending_schema: SchemaChanged | None = None

    @property
    def place(self) -> Place | None:
        """The place up to which all events were delivered; None before the first connection."""
        if self._stream is None or self._position is None:
            return None
        return Place(self._stream, self._position)

    def connect(self, *, by_query: bool = False, conflate: bool = False) -> str:
        """Begin a connection; return the query of its address.

        ``by_query``: put the filters into the query instead of a first message. ``conflate``: ask
        for the newest state of each row instead of every missed event.
        """
        self._connected_stream = None
        self._is_following = self._is_restricted = False
        self._is_filter_in_query = by_query and self._tables is not None
        # If the filter is not in the query, no event may arrive before the filter is set. Then the
        # message that sets the filter also has the position to resume from.
        query: dict[str, Any] = {}
        if self._position is not None and (self._tables is None or by_query):
            query = {"after": self._position}
            query |= {} if self._stream is None else {"stream": self._stream}
            query |= {"conflate": 1} if conflate else {}
        if self._is_filter_in_query:
            query["subscribe"] = json.dumps({"tables": self._tables}, default=str)
        return urlencode(query)

    def seek(self, place: Place, schema: str = "") -> bool:
        """Continue after the place of a snapshot; return False if that takes a new connection.

        For a later place in the stream of this connection, the events before that place are
        skipped. ``schema`` is the version of the schema with which the snapshot was fetched. If the
        first connection names another version, rows may have changed without an event.
        """
        self._schema = self._schema or schema
        is_here = self._is_following and place.stream == self._connected_stream == self._stream
        goes_on = is_here and self._position is not None and place.position >= self._position
        self._stream, self._position, self._pending_reset = place.stream, place.position, None
        return goes_on

    def take(self, message: Message) -> list[Action]:
        """Take a message of the server; return the actions to carry out, in this order.

        Raises:
            MalformedMessageError: a field is missing, so events may be lost. The caller must resume
                on another connection.

        """
        match message["type"]:
            case "hello":
                return self._take_hello(message)
            case "authenticated":
                self._is_restricted = message.get("rows") is not None
                return []
            case "schema":
                return self._take_schema(str(message.get("version", "")))
            case "reset":
                return self._take_reset(str(message.get("reason", "")), _position(message))
        return self._while_following(message) if self._is_following else self._before(message)

    def _before(self, message: Message) -> list[Action]:
        """Take a message that arrives before the client follows the stream."""
        match message["type"]:
            case "subscribed" if self._connected_stream is not None:
                return self._take_subscribed(_position(message))
            case "error":
                return [Refused(str(message.get("code", "")), str(message.get("message", "")))]
            case "events" | "heartbeat" if self._tables is None:
                return [Reconnect("events of another stream without a reset")]
        return []  # ignore events before the filter is set

    def _while_following(self, message: Message) -> list[Action]:
        match message["type"]:
            case "events":
                return self._take_events(message)
            case "heartbeat" | "pong":
                return self._take_heartbeat(_position(message))
            case "expiring":
                return [Renew()]
        return []  # a message type of a later version

    def _take_hello(self, hello: Message) -> list[Action]:
        self._hello = hello
        self._connected_stream = str(hello.get("stream", ""))
        position = _position(hello)
        self._take_schema(str(hello.get("schema", "")))
        if self._tables is not None:
            return [] if self._is_filter_in_query else [Send(self._subscribe(self._tables))]
        if self._is_elsewhere():
            return []  # a reset follows, with the new position
        # If asked to resume, the server confirms our position; otherwise it begins at its own.
        return self._start(position if self.place is None else self._position or 0)

    def _take_schema(self, version: str) -> list[Action]:
        if version and self._schema and version != self._schema:
            self._pending_schema = SchemaChanged(version)
        self._schema = version or self._schema
        place = self.place
        if self._pending_schema is None or place is None or not self._is_following:
            return []
        return [Deliver(self._pending(), place)]

    def _pending(self) -> tuple[Item, ...]:
        """Return the items that were held back until the place was known."""
        items: list[Item] = []
        if self._pending_reset is not None and self.place is not None:
            items.append(Reset(self._pending_reset, self.place))
        if self._pending_schema is not None:
            items.append(self._pending_schema)
        self._pending_reset = self._pending_schema = None
        return tuple(items)

    def _subscribe(self, tables: Mapping[str, Any]) -> str:
        message: Message = {"type": "subscribe", "tables": tables}
        if self._position is not None and not self._is_elsewhere():
            message["after"] = self._position
        return json.dumps(message, default=str)

    def _is_elsewhere(self) -> bool:
        return self._stream is not None and self._stream != self._connected_stream

    def _take_subscribed(self, position: int) -> list[Action]:
        if self._is_elsewhere():
            self._pending_reset = "unknown_stream"
            return self._start(position)
        known = position if self._position is None else self._position
        if position > known:
            return [Reconnect(f"gap: subscribed at {position} instead of {known}")]
        return self._start(known)

    def _start(self, position: int) -> list[Action]:
        """Follow the stream of this connection from a position."""
        heartbeat_s = self._hello.get("heartbeat_seconds")
        try:
            live = Live(str(self._hello.get("gateway", "")), float(heartbeat_s or 0))
        except (TypeError, ValueError):
            live = Live("", 0)
        if live.heartbeat_s <= 0:
            raise MalformedMessageError("hello without heartbeat_seconds")
        self._is_following = True
        self._stream, self._position = self._connected_stream or "", position
        return [live, Deliver(self._pending(), Place(self._stream, position))]

    def _take_reset(self, reason: str, position: int) -> list[Action]:
        if self._connected_stream is None:
            return [Reconnect("reset before hello")]
        if self._is_elsewhere() and self._tables is None:
            self._pending_reset = reason
            return self._start(position)
        if self._is_elsewhere() and self._is_filter_in_query:
            return []  # ``subscribed`` follows, with the position
        if reason == "unknown_stream" or not self._is_following:
            # The stream changed during this connection, and only the next hello names the new
            # stream. Before the filter is set, the server may have applied our position to the
            # old stream or to the new one.
            self._stream = self._position = None
            self._pending_reset = reason
            return [Reconnect(f"reset: {reason}")]
        self._position = position
        place = Place(self._stream or "", position)
        return [Deliver((Reset(reason, place),), place)]

    def _take_events(self, frame: Message) -> list[Action]:
        first, last, known = _position(frame, "first"), _position(frame, "last"), self._position
        assert known is not None, "following"  # noqa: S101  for the type checker
        if first > known + 1:
            return [Reconnect(f"gap: {first} does not follow {known}")]
        if last <= known:
            return []
        events = _new_events(frame, known, last)
        if not self._is_partial and not frame.get("conflated") and len(events) != last - known:
            return [Reconnect(f"gap: {len(events)} events from {known + 1} to {last}")]
        self._position = last
        return [Deliver(events, Place(self._stream or "", last)), Proven()]

    @property
    def _is_partial(self) -> bool:
        """Whether frames may lack events of their range: with a filter or a restricted token."""
        return self._tables is not None or self._is_restricted

    def _take_heartbeat(self, position: int) -> list[Action]:
        known = self._position or 0
        if position <= known:
            return [Proven()]
        if not self._is_partial:
            return [Reconnect(f"gap: the stream is at {position}, the last event was {known}")]
        self._position = position  # no event in between matched
        return [Deliver((), Place(self._stream or "", position)), Proven()]


def parse(raw: str | bytes) -> Message:
    """Parse a message: a JSON object with a type.

    Raises:
        MalformedMessageError: the text is not a JSON object with a type.

    """
    try:
        message = parse_json(raw if isinstance(raw, str) else raw.decode())
    except ValueError as exc:
        raise MalformedMessageError("a message is not JSON") from exc
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MalformedMessageError("a message is not an object with a type")
    return message


def _position(message: Message, field: str = "position") -> int:
    position = message.get(field)
    if not is_position(position):
        raise MalformedMessageError(f"{message['type']} without {field}")
    return int(position or 0)


def _new_events(frame: Message, known: int, last: int) -> tuple[Event, ...]:
    """Return the events of a frame that are not known yet.

    Raises:
        MalformedMessageError: an event is malformed, out of order or out of range.

    """
    raw = frame.get("events")
    if not isinstance(raw, list):
        raise MalformedMessageError("events without events")
    events = [parse_event(each, conflated=frame.get("conflated") is True) for each in raw]
    new = tuple(event for event in events if event.position > known)
    positions = [known, *(event.position for event in new), last + 1]
    if any(after <= before for before, after in pairwise(positions)):
        raise MalformedMessageError(f"events up to {last} are out of order")
    return new
