"""The connection to the server: a WebSocket, or server-sent events if WebSockets are blocked."""

import asyncio
import json
import ssl
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

from real_time_orders.errors import (
    TEMPORARY,
    BlockedError,
    ClosedError,
    LostError,
    RefusedError,
)
from real_time_orders.event_stream import EventReader
from real_time_orders.kinds import Kind, address, is_loopback

_CLOSE_WITHIN_S = 1.0
_FINAL = {401, 403}
"""Status codes that come from the server, not from a proxy in between."""


class Connection(ABC):
    """An open connection. ``heard_at`` is when its last byte came, in the loop's seconds."""

    kind: Kind
    heard_at: float = 0.0

    @classmethod
    @abstractmethod
    async def open(cls, url: str, query: str, headers: Mapping[str, str], within_s: float) -> Self:
        """Connect to the address of a stream.

        Raises:
            RefusedError: the server refuses the request; trying again would not help.
            BlockedError: a proxy or another server answers instead of the gateway.
            LostError: the connection failed; the next attempt may succeed.

        """

    @abstractmethod
    async def receive(self) -> str | bytes:
        """Return the next message.

        Raises:
            ClosedError: the server closed the connection with a code.
            LostError: the connection ended without a code.

        """

    @abstractmethod
    async def send(self, text: str) -> bool:
        """Send a message; return False if this kind of connection cannot send."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection, within a second."""

    @property
    @abstractmethod
    def socket(self) -> Any:
        """The socket itself, for tests that make it fail."""


class WebSocket(Connection):
    """A WebSocket at ``/ws``."""

    kind = Kind.WEBSOCKET

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, url: str, query: str, headers: Mapping[str, str], within_s: float) -> Self:
        """Connect; see ``Connection``."""
        target = address(url, cls.kind, query)
        try:
            socket = await connect(
                target,
                additional_headers=dict(headers),
                create_connection=_Socket,
                open_timeout=within_s,
                close_timeout=_CLOSE_WITHIN_S,
                max_size=None,  # one change of a row with large texts is one message
                compression="deflate",
                # The server's heartbeats are used instead, because answers to pings would wait
                # behind everything that a slow reader has not read yet.
                ping_interval=None,
                proxy=None if is_loopback(target) else True,
            )
        except InvalidStatus as exc:
            body = (exc.response.body or b"").decode(errors="replace")
            raise _refusal(exc.response.status_code, target, body) from exc
        except InvalidURI as exc:
            raise RefusedError("address", str(exc)) from exc
        except (InvalidHandshake, TimeoutError, EOFError) as exc:
            raise BlockedError(explain(exc)) from exc
        except (OSError, ConnectionClosed) as exc:
            raise LostError(explain(exc)) from exc
        return cls(socket)

    async def receive(self) -> str | bytes:
        """Return the next message; see ``Connection``."""
        try:
            return await self._socket.recv()
        except ConnectionClosed as exc:
            if exc.rcvd is not None:
                raise ClosedError(exc.rcvd.code, exc.rcvd.reason) from exc
            raise LostError(explain(exc)) from exc

    async def send(self, text: str) -> bool:
        """Send a message; see ``Connection``."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as exc:
            raise LostError(explain(exc)) from exc
        return True

    async def close(self) -> None:
        """Close the connection; see ``Connection``."""
        await self._socket.close()

    @property
    def heard_at(self) -> float:  # type: ignore[override]  # noted by the socket
        """When the last byte arrived, also within an unfinished message."""
        return self._socket.heard_at if isinstance(self._socket, _Socket) else 0.0

    @property
    def socket(self) -> Any:
        """The socket; see ``Connection``."""
        return self._socket.transport.get_extra_info("socket")


class _Socket(ClientConnection):
    """A connection that records when its last byte arrived."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Record the time; called by the transport."""
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)


class EventStream(Connection):
    """Server-sent events at ``/sse``. The client sends nothing after its request."""

    kind = Kind.EVENTS

    def __init__(self, http: httpx.AsyncClient, response: httpx.Response) -> None:
        self._http = http
        self._response = response
        self._pieces = response.aiter_bytes()
        self._reader = EventReader()
        self._messages: deque[bytes] = deque()
        self._receiving: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, query: str, headers: Mapping[str, str], within_s: float) -> Self:
        """Connect; see ``Connection``."""
        target = address(url, cls.kind, query)
        # No limit for reads: a stream is silent between events, and the caller has a limit.
        timeout = httpx.Timeout(within_s, read=None)
        http = httpx.AsyncClient(timeout=timeout, trust_env=not is_loopback(target))
        try:
            async with asyncio.timeout(within_s):
                return cls(http, await _begin_stream(http, target, headers))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as exc:
            await http.aclose()
            raise RefusedError("address", str(exc)) from exc
        except (httpx.HTTPError, ssl.SSLError, TimeoutError) as exc:
            await http.aclose()
            raise LostError(explain(exc)) from exc
        except BaseException:
            await http.aclose()
            raise

    async def receive(self) -> bytes:
        """Return the next message; see ``Connection``."""
        while not self._messages:
            # Cancelling a read would end the response, so the read continues in the next call.
            self._receiving = self._receiving or asyncio.create_task(self._receive_piece())
            await asyncio.shield(self._receiving)
            self._receiving = None
        return self._messages.popleft()

    async def _receive_piece(self) -> None:
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            raise _ended(self._reader.closing) from None
        except httpx.HTTPError as exc:
            raise LostError(explain(exc)) from exc
        self.heard_at = asyncio.get_running_loop().time()
        self._messages.extend(self._reader.feed(piece))

    async def send(self, text: str) -> bool:  # noqa: ARG002  nothing can be sent
        """Return False."""
        return False

    async def close(self) -> None:
        """Close the connection; see ``Connection``."""
        try:
            if self._receiving is not None:
                self._receiving.cancel()
                with suppress(asyncio.CancelledError, LostError):
                    await self._receiving
            await self._response.aclose()
        finally:  # also if the caller is cancelled
            await self._http.aclose()

    @property
    def socket(self) -> Any:
        """The socket; see ``Connection``."""
        return self._response.extensions["network_stream"].get_extra_info("socket")


def _ended(told: bytes | None) -> LostError:
    """Return the error for the end of a response; ``told`` is the closing event's data, if any."""
    try:
        close = json.loads(told or b"")
        return ClosedError(int(close["code"]), str(close["reason"]))
    except (ValueError, KeyError, TypeError):
        return LostError("the server ended the stream")


async def _begin_stream(
    http: httpx.AsyncClient, target: str, headers: Mapping[str, str]
) -> httpx.Response:
    request = http.build_request("GET", target, headers=headers)
    request.headers["Accept"] = "text/event-stream"
    response = await http.send(request, stream=True)
    if response.status_code != httpx.codes.OK:
        body = (await response.aread()).decode(errors="replace")
        raise _refusal(response.status_code, target, body)
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        raise BlockedError("the answer is no event stream")
    return response


def explain(exc: BaseException) -> str:
    """Return the reason for a failure."""
    if isinstance(exc, TimeoutError | httpx.TimeoutException):
        return "no data for too long"
    return str(exc) or type(exc).__name__


def _refusal(status: int, url: str, body: str) -> RefusedError | BlockedError | LostError:
    """Return the error for an answer that is not the stream."""
    reason = body.strip().partition("\n")[0][:200] or url.partition("?")[0]
    if status in _FINAL:
        return RefusedError(f"status {status}", reason)
    if 400 <= status < 500 and status not in TEMPORARY:
        return BlockedError(reason, status)
    return LostError(f"status {status}")
