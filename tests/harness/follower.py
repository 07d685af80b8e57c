"""A WebSocket client for tests that checks the protocol strictly."""

import json
import time
from contextlib import ExitStack
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.protocol import State
from websockets.sync.client import connect

from harness.waiting import BUSY
from orders_contract.messages import SERVER_MESSAGE

Message = dict[str, Any]
_WITHIN_S = 10.0 * BUSY
_OPTIONS: dict[str, Any] = {
    "max_size": None,
    "compression": None,
    "open_timeout": _WITHIN_S,
    "ping_interval": None,  # a client that reads nothing for a while must stay connected
}


class Follower:
    """Follows ``/ws`` and checks every message against the contract and for gaps (I7)."""

    def __init__(
        self, url: str, *, after: int | None = None, stream: str | None = None, **options: Any
    ) -> None:
        """Connect and read ``hello``. Options are passed to the library."""
        query = [] if after is None else [f"after={after}"]
        query += [] if stream is None else [f"stream={stream}"]
        target = f"{url}?{'&'.join(query)}" if query else url
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(target, **{**_OPTIONS, **options}))
        self.events: list[Message] = []
        self.hello = self.expect("hello")
        self.position: int = self.hello["position"]

    def send(self, message: Message | str | bytes) -> None:
        """Send a message: an object as JSON, text and bytes as they are."""
        self._socket.send(json.dumps(message) if isinstance(message, dict) else message)

    def receive(self, timeout_s: float = _WITHIN_S) -> Message:
        """Return the next message after checking it."""
        message: Message = json.loads(self._socket.recv(timeout_s))
        SERVER_MESSAGE.validate_python(message)
        match message["type"]:
            case "events":
                self._check(message)
                self.events += message["events"]
                self.position = message["last"]
            case "heartbeat":
                assert message["position"] >= self.position, "a heartbeat of the past"
                self.position = message["position"]
            case "reset" | "subscribed":
                self.position = message["position"]
        return message

    def expect(self, kind: str, timeout_s: float = _WITHIN_S) -> Message:
        """Return the next message, which must be of a kind."""
        message = self.receive(timeout_s)
        assert message["type"] == kind, message
        return message

    def until(self, position: int, timeout_s: float = 10.0) -> list[Message]:
        """Read until a position is reached; return all events so far."""
        give_up = time.monotonic() + BUSY * timeout_s
        while self.position < position:
            message = self.receive(max(0.0, give_up - time.monotonic()))
            assert message["type"] != "reset", message
        return self.events

    def next(self, kind: str) -> Message:
        """Skip messages that may come at any time; return the next, which must be of a kind."""
        while (message := self.receive())["type"] in {"heartbeat", "schema"} - {kind}:
            pass
        assert message["type"] == kind, message
        return message

    def closing_code(self) -> int | None:
        """Read until the server closes; return its closing code."""
        closed = self.closing()
        return None if closed is None else closed.code

    def closing(self) -> Close | None:
        """Read until the server closes; return its close frame."""
        try:
            while True:
                self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd

    @property
    def gone(self) -> bool:
        """Whether the connection is closing or closed."""
        return self._socket.state is not State.OPEN

    def close(self) -> None:
        """Close the connection."""
        self._open.close()

    @property
    def socket(self) -> Any:
        """The library's connection."""
        return self._socket

    def _check(self, message: Message) -> None:
        assert message["first"] <= self.position + 1, f"gap after {self.position}: {message}"
        assert message["last"] > self.position, f"nothing new after {self.position}: {message}"
        positions = [event["position"] for event in message["events"]]
        assert positions == sorted(set(positions)), positions
        assert not positions or message["first"] <= positions[0], message["first"]
        assert not positions or positions[-1] <= message["last"], message["last"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
