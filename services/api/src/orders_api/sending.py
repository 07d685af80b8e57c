"""Sending of answers to clients in pieces, with limits of memory and time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE_BYTES = 64 * 1024
UNREAD_S = 10.0
"""A connection ends if its client has read nothing for this time."""
MAX_UNSENT_BYTES = 64 * 1024 * 1024
"""If the unsent answers together exceed this, the connections that wait longest are aborted."""
_SEND_BUFFER_BYTES = 128 * 1024
"""The kernel's send buffer of a connection; it counts as memory of a container, too."""

_transport: ContextVar[asyncio.Transport | None] = ContextVar("transport", default=None)
"""The connection of the current request."""


class Connection(HttpToolsProtocol):
    """A connection that is aborted when its client does not read for UNREAD_S."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Pause writing as soon as the kernel's buffer is full."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Serve requests; ``_transport`` names their connection."""
        _transport.set(self.transport)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Wait for the client to read, for UNREAD_S at most."""
        super().pause_writing()
        self._deadline = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Resume writing, because the client has read."""
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def is_gone() -> bool:
    """Return whether the client of the current request has closed its connection."""
    transport = _transport.get()
    return transport is not None and transport.is_closing()


def break_off() -> None:
    """Abort the connection of the current request, so that the client sees that it failed."""
    transport = _transport.get()
    if transport is not None:
        transport.abort()


class Sending:
    """Sends large answers in pieces, so that it is known how much waits, and for how long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._unsent: dict[asyncio.Transport, int] = {}
        """Size in bytes of each answer that is being sent; the longest waiting ones come first."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def in_pieces(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= PIECE_BYTES:
                await send(message)
                return
            with self._holding(len(body)) as transport:
                last = len(body) - PIECE_BYTES
                for start in range(0, len(body), PIECE_BYTES):
                    piece = body[start : start + PIECE_BYTES]
                    more = start < last or message.get("more_body", False)
                    await send({**message, "body": piece, "more_body": more})
                    self._has_read(transport)

        await self._app(scope, receive, in_pieces)

    @contextmanager
    def _holding(self, size: int) -> Iterator[asyncio.Transport | None]:
        transport = _transport.get()
        if transport is None:  # a test without a server
            yield None
            return
        self._unsent[transport] = size
        self._make_room()
        try:
            yield transport
        finally:
            self._unsent.pop(transport, None)

    def _has_read(self, transport: asyncio.Transport | None) -> None:
        if transport in self._unsent:
            self._unsent[transport] = self._unsent.pop(transport)

    def _make_room(self) -> None:
        """Abort the connections that have waited longest, until the others are within the limit."""
        excess = sum(self._unsent.values()) - MAX_UNSENT_BYTES
        for transport in [*self._unsent][:-1]:
            if excess <= 0:
                return
            excess -= self._unsent.pop(transport)
            transport.abort()
