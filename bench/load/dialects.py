"""What clients say to other servers, and how they read what these send. Pure.

The events are the same text everywhere. nchan sends it as it is, Socket.IO in an array of its own,
NATS behind a ``MSG`` line of its protocol, in binary frames. None of them says where the stream
stands: a client takes the first event to be number 1, so that one that is missing is a gap.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bench.load.frames import Heard, Inflater, Reader, events_of, header

CHANNEL = "orders"
"""What each of them calls the stream."""

_BINARY = 2
_MESSAGE = re.compile(rb"MSG \S+ \S+ (\d+)")
_LINE_END = b"\r\n"


class NatsReader:
    """Reads NATS's protocol: lines, and messages that a line announces.

    To NATS frames are a way to carry a stream of bytes: they need not end where a message ends.
    """

    __slots__ = ("_left", "_lines", "_pending", "position")

    def __init__(self) -> None:
        self._pending = b""
        self._left = 0
        self._lines = b""
        self.position = -1
        """Not looked at: nothing here is compressed."""

    def feed(self, data: bytes | memoryview) -> Iterator[Heard]:
        """Take the next bytes; yield the lines and messages they complete."""
        lines = self._lines + b"".join(self._unwrapped(self._pending + bytes(data)))
        at = 0
        while (end := lines.find(_LINE_END, at)) >= 0:
            text = end + len(_LINE_END)
            announced = _MESSAGE.fullmatch(lines, at, end)
            if announced is None:
                yield Heard(_BINARY, 0, 0, lines[at:end])
                at = text
                continue
            after = text + int(announced[1]) + len(_LINE_END)
            if len(lines) < after:
                break
            yield Heard(_BINARY, *(events_of(lines, text) or (0, 0)))
            at = after
        self._lines = lines[at:]

    def _unwrapped(self, data: bytes) -> Iterator[bytes]:
        """Yield what the frames carry."""
        at, end = 0, len(data)
        self._pending = b""
        while at < end:
            if not self._left:
                start, self._left = header(data, at, end)
                if not start:
                    self._pending = data[at:]
                    return
                at = start
            piece = data[at : at + self._left]
            self._left -= len(piece)
            at += len(piece)
            yield piece


@dataclass(frozen=True)
class Dialect:
    """How to talk to a server that is not ours.

    ``replies`` are by how a message begins. ``welcome`` is how the one begins after which events
    may come; without it they may as soon as the connection is open.
    """

    path: str
    replies: Mapping[bytes, bytes] = field(default_factory=dict)
    welcome: bytes = b""
    reader: Callable[[], Reader | NatsReader] = field(default=lambda: Reader(Inflater()))

    def reply(self, text: bytes) -> bytes:
        """Return what to say to a message; empty if nothing."""
        return next((say for begin, say in self.replies.items() if text.startswith(begin)), b"")


_NATS_GREETING = b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB orders 1\r\nPING\r\n'

DIALECTS = {
    "nats": Dialect("/", {b"INFO ": _NATS_GREETING, b"PING": b"PONG\r\n"}, b"PONG", NatsReader),
    "nchan": Dialect(f"/{CHANNEL}"),
    "socket.io": Dialect("/socket.io/?EIO=4&transport=websocket", {b"0": b"40", b"2": b"3"}, b"40"),
}
