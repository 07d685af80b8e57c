"""The interface between a subscriber and its connection. Pure.

WebSocket (``websocket``) and server-sent events (``event_stream``) implement it. Any way to carry
the stream needs the same few things: a framing for messages, a write that never waits, and notice
of a full socket.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import IntEnum
from typing import Protocol

Write = Callable[[bytes], None]
"""Hands bytes to one socket and returns at once. The hub uses it as a subscriber's identity."""


class Framing(Protocol):
    """Turns a message into the bytes that all connections of one kind receive."""

    def __call__(self, message: bytes, place: str = "", *, compressed: bool = False) -> bytes:
        """Return the bytes. ``place`` identifies the client's position after the message."""


class CloseCode(IntEnum):
    """Codes with which the gateway closes connections; 4000 to 4099 are the project's own."""

    POLICY_VIOLATION = 1008
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    UNAUTHORIZED = 4001


class Transport(Protocol):
    """A connection to one client."""

    @property
    def write(self) -> Write:
        """The socket's own ``write``, the only object that fan-out uses for a delivery."""

    @property
    def framing(self) -> Framing:
        """How messages for this connection are framed."""

    @property
    def answers_pings(self) -> bool:
        """Whether a connected client sends a frame after a ping."""

    @property
    def deflates(self) -> bool:
        """Whether the client accepts messages that are compressed once for all clients."""

    @property
    def is_open(self) -> bool:
        """Whether neither side has begun to close."""

    def ping(self) -> None:
        """Send a ping without waiting."""

    def close(self, code: CloseCode, reason: str) -> Awaitable[None]:
        """Start the closing handshake; the result can be awaited."""

    def abort(self) -> None:
        """End the connection at once, without a closing handshake."""

    def messages(self) -> AsyncIterator[str | bytes]:
        """Yield the client's messages until the connection ends, cleanly or not."""

    async def drain(self) -> None:
        """Wait until the socket can take more bytes."""


class TransportOwner(Protocol):
    """The callbacks of a transport."""

    def heard(self) -> None:
        """Record that the client sent a frame."""

    def pause(self) -> None:
        """Record that the write buffer is full."""

    def resume(self) -> None:
        """Record that the write buffer has drained."""

    def closing(self) -> None:
        """Send nothing more: the connection is closing or gone."""
