"""Server-sent events as a transport: the same messages, one per event, in one long response.

The WebSocket library parses the request; then the protocol here answers with an event stream
instead of a handshake. The ``id`` of each server-sent event is its place in the stream, so a
browser's EventSource resumes by itself with ``Last-Event-ID``.
"""

import json
import re
import socket
from collections.abc import AsyncIterator, Generator
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from orders_gateway.transport import Framing
from orders_gateway.websocket import Socket, WebSocketTransport

_COMMENT = b":\n\n"
_LINE_BREAK = re.compile(rb"\r\n?|\n")

UNACKNOWLEDGED_MS = 20_000
"""The kernel drops a connection whose client acknowledges nothing for 20 s. It replaces pongs."""


def event_frame(message: bytes, place: str = "", *, compressed: bool = False) -> bytes:  # noqa: ARG001  see Framing
    """Return a message as one server-sent event. Without a place it does not change the client's.

    Values of type json may contain line breaks, so each line gets its own ``data:`` field.
    """
    event_id = b"id: %b\n" % place.encode() if place else b""
    return b"%bdata: %b\n\n" % (event_id, _LINE_BREAK.sub(b"\ndata: ", message))


def closing_frame(data: bytes) -> bytes:
    """Return the event ``close``, with the closing code and reason. Other events have no name."""
    close = Close.parse(data)
    told = json.dumps({"code": close.code, "reason": close.reason})
    return b"event: close\ndata: %b\n\n" % told.encode()


def open_stream(connection: Socket, request: Request) -> Response:
    """Return the response that begins the stream; change the connection's protocol to it."""
    connection.protocol.__class__ = _EventStreamProtocol  # the library has no hook for it
    headers = Headers(
        {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "Connection": "close",
            "X-Accel-Buffering": "no",
        }
    )
    if (origin := request.headers.get("Origin")) is not None:  # allowed by admission
        headers["Access-Control-Allow-Origin"] = origin
        headers["Vary"] = "Origin"
    return Response(HTTPStatus.OK.value, HTTPStatus.OK.phrase, headers)


class _EventStreamProtocol(ServerProtocol):
    """The library's protocol for a connection without WebSocket frames."""

    def send_response(self, response: Response) -> None:
        """Send the response and leave the connection open."""
        self.writes.append(response.serialize())
        self.state = State.OPEN
        self.parser = self._ignore_input()
        next(self.parser)

    def send_frame(self, frame: Frame) -> None:
        """Send a closing frame as an event and end the response. Ignore other frames."""
        if frame.opcode is Opcode.CLOSE:
            self.writes.append(closing_frame(bytes(frame.data)))
            self.send_eof()

    def _ignore_input(self) -> Generator[None, None, None]:
        while not (yield from self.reader.at_eof()):
            self.reader.discard()
        self.state = State.CLOSED
        yield


class EventStreamTransport(WebSocketTransport):
    """Carries the stream as server-sent events."""

    __slots__ = ()

    framing: Framing = staticmethod(event_frame)
    answers_pings = False

    def __init__(self, connection: Socket) -> None:
        super().__init__(connection)
        raw = connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)

    def ping(self) -> None:
        """Send a comment, so that proxies do not close the connection."""
        self.write(_COMMENT)

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Wait until the connection ends; the client sends no messages."""
        await self._socket.wait_closed()
        return
        yield ""
