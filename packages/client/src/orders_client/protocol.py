"""The client's side of ``/ws``: messages in, actions out. Pure; others bring socket and clock.

It outlives connections: it keeps the place, and says how the next connection resumes. What it
promises to the reader: events come in order, each once, none left out, or else a ``Reset`` says
that what is known must be fetched anew.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from orders_client.errors import MalformedMessageError
from orders_client.items import Event, Place, Reset, parse_event
from orders_contract.messages import Filter, Subscribe

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand these to the reader; then everything up to ``place`` is known."""

    items: tuple[Event | Reset, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Live:
    """The stream is followed from now on."""

    gateway: str
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Proven:
    """The connection does what it should: the next back-off begins with the shortest delay."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Leave this connection and resume on another, after a back-off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never accept what was asked."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Renew:
    """The token ends soon: send another, if there is one."""


Action = Send | Deliver | Live | Proven | Reconnect | Refused | Renew


class Protocol:
    """One client of one subscription, over any number of connections, one at a time."""

    def __init__(self, wanted: Filter | None = None, place: Place | None = None) -> None:
        self._wanted = None if wanted is None or not wanted.model_fields_set else wanted
        self._position = None if place is None else place.position
        self._stream = None if place is None else place.stream
        self._owed: str | None = None
        """The reason of a reset that is told once it is known where the stream goes on."""
        self._spoken: str | None = None
        """The stream that this connection speaks of; None before hello."""
        self._following = False
        self._scoped = False
        """Whether our token shows us some customers' orders only."""
        self._hello: Message = {}

    @property
    def place(self) -> Place | None:
        """Everything up to here has been delivered; None before the first connection."""
        if self._stream is None or self._position is None:
            return None
        return Place(self._stream, self._position)

    def connect(self) -> str:
        """Begin a connection: return the query of its address."""
        self._spoken = None
        self._following = self._scoped = False
        # Under a filter, events of the whole stream must not come before it is set; so subscribe
        # says where to resume.
        if self._wanted is not None or self.place is None:
            return ""
        return urlencode({"after": self._position, "stream": self._stream})

    def seek(self, place: Place) -> bool:
        """Go on after a place, where a snapshot was taken; False if that takes a new connection.

        The connection has what follows a later place of its own stream, too: what comes before is
        skipped.
        """
        here = self._following and place.stream == self._spoken == self._stream
        goes_on = here and self._position is not None and place.position >= self._position
        self._stream, self._position, self._owed = place.stream, place.position, None
        return goes_on

    def take(self, message: Message) -> list[Action]:
        """Take a message of the server and return what to do, in this order.

        Raises:
            MalformedMessageError: it lacks something. Nobody knows what it should have said, so
                resume on another connection.

        """
        match message["type"]:
            case "hello":
                return self._greet(message)
            case "authenticated":
                self._scoped = message.get("rows") is not None
                return []
            case "reset":
                return self._begin_anew(str(message.get("reason", "")), _position(message))
        return self._while_following(message) if self._following else self._before(message)

    def _before(self, message: Message) -> list[Action]:
        """Take a message that comes before it is settled where the stream goes on."""
        match message["type"]:
            case "subscribed" if self._spoken is not None:
                return self._subscribed(_position(message))
            case "error":
                return [Refused(str(message.get("code", "")), str(message.get("message", "")))]
            case "events" | "heartbeat" if self._wanted is None:
                return [Reconnect("the stream is another one, and no reset says so")]
        return []  # what comes before the filter is set does not count

    def _while_following(self, message: Message) -> list[Action]:
        match message["type"]:
            case "events":
                return self._follow(message)
            case "heartbeat" | "pong":
                return self._compare(_position(message))
            case "expiring":
                return [Renew()]
        return []  # messages of later versions

    def _greet(self, hello: Message) -> list[Action]:
        self._hello = hello
        self._spoken = str(hello.get("stream", ""))
        position = _position(hello)
        if self._wanted is not None:
            return [Send(self._subscribe())]
        if self._is_elsewhere():
            return []  # the reset that follows says where the stream goes on
        # Asked to resume, the server confirms our position; else the stream starts at its own.
        return self._start(position if self.place is None else self._position or 0)

    def _subscribe(self) -> str:
        after = None if self._is_elsewhere() else self._position
        wanted = self._wanted and self._wanted.model_dump(exclude_none=True)
        message = Subscribe(type="subscribe", filter=wanted, after=after)
        return message.model_dump_json(exclude_none=True)

    def _is_elsewhere(self) -> bool:
        return self._stream is not None and self._stream != self._spoken

    def _subscribed(self, position: int) -> list[Action]:
        if self._is_elsewhere():
            self._owed = "unknown_stream"
            return self._start(position)
        known = position if self._position is None else self._position
        if position > known:
            return [Reconnect(f"gap: subscribed at {position} instead of {known}")]
        return self._start(known)

    def _start(self, position: int) -> list[Action]:
        """Follow the stream of this connection from a position."""
        assert self._spoken is not None, "before hello"  # noqa: S101  for the type checker
        self._following = True
        self._stream, self._position = self._spoken, position
        place = Place(self._stream, position)
        items = () if self._owed is None else (Reset(self._owed, place),)
        self._owed = None
        return [self._live(), Deliver(items, place)]

    def _live(self) -> Live:
        heartbeat_s = self._hello.get("heartbeat_seconds")
        if not isinstance(heartbeat_s, int | float) or heartbeat_s <= 0:
            raise MalformedMessageError("hello without heartbeat_seconds")
        return Live(str(self._hello.get("gateway", "")), float(heartbeat_s))

    def _begin_anew(self, reason: str, position: int) -> list[Action]:
        if self._spoken is None:
            return [Reconnect("reset before hello")]
        if self._is_elsewhere() and self._wanted is None:
            self._owed = reason
            return self._start(position)
        if reason == "unknown_stream" or not self._following:
            # The stream became another one during this connection, and only a new hello tells
            # which. Before the filter was set, nobody knows what our position was taken for.
            self._stream = self._position = None
            self._owed = reason
            return [Reconnect(f"reset: {reason}")]
        self._position = position
        place = Place(self._stream or "", position)
        return [Deliver((Reset(reason, place),), place)]

    def _follow(self, frame: Message) -> list[Action]:
        first, last, known = _position(frame, "first"), _position(frame, "last"), self._position
        assert known is not None, "following"  # noqa: S101  for the type checker
        if first > known + 1:
            return [Reconnect(f"gap: {first} does not follow {known}")]
        if last <= known:
            return []
        events = _new_events(frame, known, last)
        if not self._is_partial() and not frame.get("conflated") and len(events) != last - known:
            return [Reconnect(f"gap: {len(events)} events from {known + 1} to {last}")]
        self._position = last
        return [Deliver(events, Place(self._stream or "", last)), Proven()]

    def _is_partial(self) -> bool:
        """Tell whether frames cover more than they hold: under a filter, or by our token."""
        return self._wanted is not None or self._scoped

    def _compare(self, position: int) -> list[Action]:
        known = self._position or 0
        if position <= known:
            return [Proven()]
        if not self._is_partial():
            return [Reconnect(f"gap: {position} is announced, {known} was the last to come")]
        self._position = position  # nothing in between matched
        return [Deliver((), Place(self._stream or "", position)), Proven()]


def parse(raw: str | bytes) -> Message:
    """Read a message: a JSON object with a type.

    Raises:
        MalformedMessageError: it is none.

    """
    try:
        message = json.loads(raw)
    except ValueError as exc:
        raise MalformedMessageError("a message is not JSON") from exc
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MalformedMessageError("a message is not an object with a type")
    return message


def _position(message: Message, field: str = "position") -> int:
    position = message.get(field)
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        raise MalformedMessageError(f"{message['type']} without {field}")
    return position


def _new_events(frame: Message, known: int, last: int) -> tuple[Event, ...]:
    """Return what of a frame is not known yet.

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
