"""Admit or refuse a client: from its handshake to its principal, or to an error with a reason."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence, Sized
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidHeader
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from orders_access.credentials import SUBPROTOCOL
from orders_access.errors import InvalidTokenError
from orders_access.limits import TokenBucket
from orders_access.principal import ANYONE, Principal
from orders_contract.matching import FilterError, Selection
from orders_contract.messages import Auth
from orders_gateway import event_stream, protocol
from orders_gateway.capacity import ClientCapacity
from orders_gateway.door import UNCHECKED
from orders_gateway.errors import (
    BadRequestError,
    ForeignOriginError,
    ProtocolError,
)
from orders_gateway.subscriber import Context
from orders_gateway.transport import CloseCode
from orders_gateway.websocket import Socket

FRAMES_PER_MESSAGE = 10
"""Limit of frames, as a multiple of the limit of messages. Fragments and pings are frames."""

_UPGRADE = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade, close"),
    ("Sec-WebSocket-Version", "13"),
)

TRY_ANOTHER = "try another gateway\n"


class Admission:
    """Admits clients while the gateway serves and has room."""

    def __init__(
        self,
        context: Context,
        capacity: ClientCapacity,
        connected: Sized,
        is_serving: Callable[[], bool],
    ) -> None:
        self._context = context
        self._settings = context.settings
        self._door = context.door
        self._capacity = capacity
        self._connected = connected
        self._is_serving = is_serving
        self._signing_in = 0
        self._refused = context.counts.refused

    async def handshake(self, socket: Socket, request: Request) -> Response | None:
        """Parse and check the request of a WebSocket client; return a response if it is refused."""
        return self._refuse(socket, request, None) or await self._authenticate(socket, request)

    async def open_stream(self, socket: Socket, request: Request) -> Response:
        """Parse and check the request for an event stream; return the response."""
        if request.method != "GET":
            response = socket.respond(HTTPStatus.METHOD_NOT_ALLOWED, "use GET\n")
            response.headers["Allow"] = "GET"
            return response
        last_event_id = request.headers.get("Last-Event-ID")
        refusal = self._refuse(socket, request, last_event_id)
        refusal = refusal or await self._authenticate(socket, request, socket.asked.ticket)
        if refusal is None and socket.principal is None:
            self._refused["unauthorized"] += 1
            refusal = _unauthorized(socket, "a token or ticket is required")
        return refusal or event_stream.open_stream(socket, request)

    def _refuse(
        self, socket: Socket, request: Request, last_event_id: str | None
    ) -> Response | None:
        peer = socket.remote_address
        socket.address = self._door.address(str(peer[0]) if peer else "", request)
        socket.frames = self._frame_bucket()
        try:
            self._door.check_page(request)
            socket.asked = protocol.parse_request(request.path, last_event_id)
            Selection.parse(socket.asked.wanted, self._context.schema)
        except (BadRequestError, FilterError) as exc:
            self._refused["bad_request"] += 1
            return socket.respond(HTTPStatus.BAD_REQUEST, f"{exc}\n")
        except ForeignOriginError:
            self._refused["foreign_origin"] += 1
            self._door.security.refused(HTTPStatus.FORBIDDEN, socket.address, "foreign origin")
            return socket.respond(HTTPStatus.FORBIDDEN, "pages of this origin may not connect\n")
        clients = len(self._connected) + self._signing_in
        if not (self._is_serving() and self._door.is_ready):
            self._refused["not_serving"] += 1
            return socket.refuse_later(HTTPStatus.SERVICE_UNAVAILABLE, TRY_ANOTHER)
        if not self._capacity.admits(clients):
            return socket.refuse_later(HTTPStatus.SERVICE_UNAVAILABLE, TRY_ANOTHER)
        if not self._door.is_open and self._door.addresses.is_full(socket.address):
            self._door.security.refused(HTTPStatus.TOO_MANY_REQUESTS, socket.address)
            return socket.refuse_later(HTTPStatus.TOO_MANY_REQUESTS, "too many connections\n")
        return None

    def _frame_bucket(self) -> TokenBucket:
        rate, burst = self._settings.messages_per_second, self._settings.messages_burst
        now_s = time.monotonic()
        return TokenBucket(rate * FRAMES_PER_MESSAGE, burst * FRAMES_PER_MESSAGE, now_s)

    async def _authenticate(
        self, socket: Socket, request: Request, ticket: str | None = None
    ) -> Response | None:
        try:
            socket.principal = await self._door.authenticate(request, ticket, socket.address)
        except InvalidTokenError as exc:
            self._refused["unauthorized"] += 1
            self._door.security.refused(HTTPStatus.UNAUTHORIZED, socket.address, str(exc))
            return _unauthorized(socket, str(exc))
        except UNCHECKED:
            self._refused["not_serving"] += 1
            return socket.refuse_later(HTTPStatus.SERVICE_UNAVAILABLE, TRY_ANOTHER)
        return None

    @asynccontextmanager
    async def admitted(self, socket: Socket) -> AsyncIterator[Principal | None]:
        """Count a connection while the block runs; yield its principal, or None if refused."""
        if self._door.is_open:
            yield ANYONE
            return
        if not self._door.addresses.take(socket.address):
            await socket.close(CloseCode.TRY_AGAIN_LATER, "too many connections")
            yield None
            return
        principal = None
        try:
            principal = socket.principal or await self._sign_in(socket)
            if principal is not None and not self._door.subjects.take(principal.subject):
                principal = None
                await socket.close(CloseCode.TRY_AGAIN_LATER, "too many connections")
            if principal is not None:
                self._door.security.signed_in(principal, socket.address)
            yield principal
        finally:
            self._door.addresses.give_back(socket.address)
            if principal is not None:
                self._door.subjects.give_back(principal.subject)

    async def _sign_in(self, socket: Socket) -> Principal | None:
        """Read the first message and return its principal; on failure close and return None."""
        self._signing_in += 1
        code, reason = CloseCode.UNAUTHORIZED, "sign in first"
        try:
            async with asyncio.timeout(self._settings.sign_in_within_s):
                message = protocol.parse_message(await socket.recv())
                if isinstance(message, Auth):
                    credential = protocol.credential_of(message)
                    return await self._door.identify(credential, socket.address)
        except (ProtocolError, TimeoutError):
            pass
        except InvalidTokenError as exc:
            reason = str(exc)
        except UNCHECKED:
            code, reason = CloseCode.TRY_AGAIN_LATER, "tokens cannot be checked now"
        except ConnectionClosed:
            return None
        finally:
            self._signing_in -= 1
        self._refused["unauthorized"] += 1
        self._door.security.refused(code, socket.address, reason)
        await socket.close(code, reason)
        return None


def _unauthorized(socket: Socket, reason: str) -> Response:
    response = socket.respond(HTTPStatus.UNAUTHORIZED, f"{reason}\n")
    response.headers["WWW-Authenticate"] = 'Bearer realm="orders", error="invalid_token"'
    return response


def explain_refusal(
    connection: ServerConnection, _request: Request, response: Response
) -> Response:
    """Complete the library's response to a handshake that it refuses (RFC 6455, 4.4).

    If the client asks for another version of the protocol, the response names version 13.
    """
    exc = connection.protocol.handshake_exc
    if isinstance(exc, InvalidHeader) and exc.name == "Sec-WebSocket-Version":
        response = connection.respond(HTTPStatus.UPGRADE_REQUIRED, "use WebSocket version 13\n")
    if response.status_code == HTTPStatus.UPGRADE_REQUIRED:
        replaced = {"upgrade", "connection"}
        kept = [each for each in response.headers.raw_items() if each[0].lower() not in replaced]
        response.headers = Headers([*kept, *_UPGRADE])
    return response


def select_subprotocol(
    _connection: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """Select ``orders``. Other offers carry tokens and must never be echoed."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None
