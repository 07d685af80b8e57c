"""WebSocket as a transport: framing, compression, and the events of the library."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from http import HTTPStatus
from typing import Any

import websockets.http11
import websockets.protocol
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, NegotiationError, ProtocolError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event, State
from websockets.server import ServerProtocol
from websockets.typing import ExtensionParameter

from orders_access.limits import TokenBucket
from orders_access.principal import Principal
from orders_gateway import protocol
from orders_gateway.protocol import StreamRequest
from orders_gateway.transport import CloseCode, Framing, TransportOwner, Write

websockets.http11.MAX_LINE_LENGTH = 32 * 1024
"""The library's limit of a header line is 8 kB. That may be too little for the Cookie header, since
all ports of a host share their cookies."""

_PING_FRAME = b"\x89\x00"
_FINAL_TEXT, _COMPRESSED = 0x81, 0x40
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_LENGTH = 2
"""The library reads a frame in parts. A long length is the second part."""
_WINDOW_BITS = 15

_FORGOTTEN = Request(protocol.PATH, Headers())
"""Replaces a connection's request. The library only checks that there was one."""


def text_frame(message: bytes, place: str = "", *, compressed: bool = False) -> bytes:  # noqa: ARG001  see Framing
    """Return the frame of a text message as a server sends it (RFC 6455, 5.2; RFC 7692, 6).

    The frame has no mask, so it is the same for all clients; the library would build one for each.
    """
    head, size = (_COMPRESSED if compressed else 0) | _FINAL_TEXT, len(message)
    if size < _TWO_BYTES:
        return struct.pack("!BB", head, size) + message
    if size < 1 << 16:
        return struct.pack("!BBH", head, _TWO_BYTES, size) + message
    return struct.pack("!BBQ", head, _EIGHT_BYTES, size) + message


class _StrictFrame(Frame):
    """A frame whose length must be in its shortest form (RFC 6455, 5.2)."""

    @classmethod
    def parse(
        cls, read_exact: Callable[[int], Generator[None, None, bytes | bytearray]], **options: Any
    ) -> Generator[None, None, Frame]:
        """Parse a frame.

        Raises:
            ProtocolError: the frame is not valid.

        """
        parts: list[bytes | bytearray] = []

        def read(size: int) -> Generator[None, None, bytes | bytearray]:
            part = yield from read_exact(size)
            parts.append(part)
            is_length = len(parts) == _LENGTH and parts[0][1] & 0x7F >= _TWO_BYTES
            if is_length and int.from_bytes(part) < (_TWO_BYTES if len(part) == 2 else 1 << 16):
                raise ProtocolError("the length is not in its shortest form")
            return part

        return (yield from super().parse(read, **options))


websockets.protocol.Frame = _StrictFrame  # type: ignore[attr-defined]  # the library has no hook for it


class _StrictProtocol(ServerProtocol):
    """The library's protocol, which also accepts a closing frame between fragments."""

    def recv_frame(self, frame: Frame) -> None:
        """Process a frame."""
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None  # RFC 6455, 5.4: control frames may come between fragments
        super().recv_frame(frame)


class Socket(ServerConnection):
    """The library's connection, which reports to its transport's owner."""

    owner: TransportOwner | None = None
    asked = StreamRequest()
    address = ""
    principal: Principal | None = None
    """The principal of the handshake; None if the first message must authenticate."""
    frames: TokenBucket | None = None

    def __init__(self, protocol: ServerProtocol, *args: Any, **options: Any) -> None:
        protocol.__class__ = _StrictProtocol  # the library has no hook for it
        super().__init__(protocol, *args, **options)

    def forget_handshake(self) -> None:
        """Release the memory of the headers of request and response, about 1 kB."""
        self.request, self.response = _FORGOTTEN, None

    def refuse_later(self, status: HTTPStatus, text: str) -> Response:
        """Return a response that asks the client to try again in a second."""
        response = self.respond(status, text)
        response.headers["Retry-After"] = "1"
        return response

    def process_event(self, event: Event) -> None:
        """Process a frame. Too many frames, such as pings or fragments, end the connection.

        The subscriber counts only messages. It does not see pings and fragments, because the
        library answers pings and joins fragments.
        """
        super().process_event(event)
        if self.owner is not None:
            self.owner.heard()
        if self.frames is not None and not self.frames.admit(time.monotonic()):
            self.protocol.fail(CloseCode.POLICY_VIOLATION, "too many frames")
            self.send_data()

    def send_data(self) -> None:
        """Send the library's own frames, one of which may be the closing frame."""
        try:
            super().send_data()
        finally:
            self._check_open()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report that the connection has gone."""
        try:
            super().connection_lost(exc)
        finally:
            self._check_open()

    def _check_open(self) -> None:
        if self.owner is not None and self.protocol.state is not State.OPEN:
            self.owner.closing()

    def pause_writing(self) -> None:
        """Report that the write buffer is over its limit."""
        super().pause_writing()
        if self.owner is not None:
            self.owner.pause()

    def resume_writing(self) -> None:
        """Report that the write buffer has drained."""
        super().resume_writing()
        if self.owner is not None:
            self.owner.resume()


class WebSocketTransport:
    """Carries the stream over a WebSocket."""

    __slots__ = ("_closing", "_socket", "write")

    framing: Framing = staticmethod(text_frame)
    answers_pings = True

    def __init__(self, connection: Socket) -> None:
        self._socket = connection
        self._closing: asyncio.Task[None] | None = None
        self.write: Write = connection.transport.write

    @property
    def deflates(self) -> bool:
        """Whether permessage-deflate was agreed."""
        return bool(self._socket.protocol.extensions)

    @property
    def is_open(self) -> bool:
        """Whether neither side has begun to close."""
        return self._socket.protocol.state is State.OPEN

    def ping(self) -> None:
        """Send a ping frame."""
        self.write(_PING_FRAME)

    def close(self, code: CloseCode, reason: str) -> asyncio.Task[None]:
        """Start the closing handshake."""
        self._closing = asyncio.create_task(self._socket.close(code, reason))
        return self._closing

    def abort(self) -> None:
        """End the connection at once."""
        self._socket.transport.abort()

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Yield the client's messages until the connection ends."""
        try:
            async for message in self._socket:
                yield message
        except ConnectionClosed:
            pass  # for any reason; the client may resume from its position

    async def drain(self) -> None:
        """Wait until the write buffer is below its limit."""
        await self._socket.drain()


class SharedDeflate(PerMessageDeflate):
    """Decompresses the client's messages and sends plain ones: see ``compression``.

    The client's window then holds the shared messages and nothing else, and no connection needs a
    compressor of its own.
    """

    def encode(self, frame: Frame) -> Frame:
        """Leave a frame as it is."""
        return frame


class SharedDeflateFactory(ServerPerMessageDeflateFactory):
    """Accepts permessage-deflate on terms that let one compressed message serve all clients."""

    def __init__(self) -> None:
        # Clients' messages are small and rare: no window is kept for them.
        super().__init__(client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """Return the answer to an offer.

        Raises:
            NegotiationError: the offer limits the server's window, so sharing is impossible.

        """
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_no_context_takeover or agreed.local_max_window_bits < _WINDOW_BITS:
            raise NegotiationError("the shared compressor needs the full window of 15 bits")
        return answer, SharedDeflate(
            remote_no_context_takeover=True,
            local_no_context_takeover=True,
            remote_max_window_bits=agreed.remote_max_window_bits,
            local_max_window_bits=agreed.local_max_window_bits,
        )


def bound_unsent(listening: Iterable[socket.socket], size: int) -> None:
    """Limit what the kernel buffers for a client that does not read; usually megabytes (I6).

    A connection inherits the option from its listening socket. SO_SNDBUF would also bound bytes in
    flight and slow down distant clients.
    """
    for each in listening:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, size)
