"""Handshakes of the other servers that fan_out measures. Pure.

The events are the same text everywhere: nchan sends it unchanged, Socket.IO inside an array.
Neither sends a position at the start, so a client takes the first event to be number 1; later, a
missing event counts as a gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CHANNEL = "orders"
"""The name of the stream on those servers."""


@dataclass(frozen=True)
class Dialect:
    """The protocol of a client with a server of another kind.

    ``replies`` maps the beginning of a message to its answer. ``welcome`` is the beginning of the
    message after which events may arrive; if it is empty, as soon as the connection is open.
    """

    path: str
    replies: Mapping[bytes, bytes] = field(default_factory=dict)
    welcome: bytes = b""

    def reply(self, text: bytes) -> bytes:
        """Return the answer to a message; empty if it needs none."""
        return next((say for begin, say in self.replies.items() if text.startswith(begin)), b"")


DIALECTS = {
    "nchan": Dialect(f"/{CHANNEL}"),
    "socket.io": Dialect("/socket.io/?EIO=4&transport=websocket", {b"0": b"40", b"2": b"3"}, b"40"),
}
