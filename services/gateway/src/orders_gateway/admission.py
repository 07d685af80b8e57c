"""From a stranger's handshake to someone who is let in, or an answer that says why not."""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from orders_access.credentials import SUBPROTOCOL
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.limits import TokenBucket
from orders_access.principal import Principal
from orders_contract.messages import Auth
from orders_gateway import protocol
from orders_gateway.capacity import Capacity
from orders_gateway.connection import Socket
from orders_gateway.door import Door
from orders_gateway.errors import (
    BadRequestError,
    ForeignOriginError,
    ProtocolError,
    RedisUnavailableError,
)
from orders_gateway.session import TRY_AGAIN_LATER, UNAUTHORIZED, credential_of
from orders_gateway.settings import Settings

FRAMES_PER_MESSAGE = 10
"""So many times the bounds on messages are those on frames."""


class Admission:
    """Lets clients in while the gateway serves and has room, each for whom the door knows."""

    def __init__(
        self,
        settings: Settings,
        door: Door,
        capacity: Capacity,
        inside: Callable[[], int],
        serving: Callable[[], bool],
    ) -> None:
        """``inside`` tells how many clients there are, ``serving`` whether more are welcome."""
        self._settings = settings
        self._door = door
        self._capacity = capacity
        self._inside = inside
        self._serving = serving
        self._signing_in = 0

    async def handshake(self, socket: Socket, request: Request) -> Response | None:
        """Note who is asking for what; return an answer if the connection is not to be."""
        return self._refuse(socket, request) or await self._identify(socket, request)

    def _refuse(self, socket: Socket, request: Request) -> Response | None:
        socket.address = self._door.address(_peer(socket), request)
        socket.frames = self._frames()
        try:
            self._door.check_page(request)
            socket.resume = protocol.parse_request(request.path)
        except BadRequestError as exc:
            return socket.respond(HTTPStatus.BAD_REQUEST, f"{exc}\n")
        except ForeignOriginError:
            return socket.respond(HTTPStatus.FORBIDDEN, "not from this page\n")
        if not self._serving() or not self._door.is_ready or not self._has_room():
            return _later(socket, HTTPStatus.SERVICE_UNAVAILABLE, "try another gateway\n")
        if not self._door.is_open and self._door.addresses.is_full(socket.address):
            return _later(socket, HTTPStatus.TOO_MANY_REQUESTS, "too many connections\n")
        return None

    def _frames(self) -> TokenBucket:
        rate, burst = self._settings.messages_per_second, self._settings.messages_burst
        now_s = time.monotonic()
        return TokenBucket(rate * FRAMES_PER_MESSAGE, burst * FRAMES_PER_MESSAGE, now_s)

    async def _identify(self, socket: Socket, request: Request) -> Response | None:
        try:
            socket.principal = await self._door.look_at(request)
        except InvalidTokenError as exc:
            response = socket.respond(HTTPStatus.UNAUTHORIZED, f"{exc}\n")
            response.headers["WWW-Authenticate"] = 'Bearer realm="orders", error="invalid_token"'
            return response
        except (KeysUnavailableError, RedisUnavailableError):
            return _later(socket, HTTPStatus.SERVICE_UNAVAILABLE, "try another gateway\n")
        return None

    def _has_room(self) -> bool:
        return self._capacity.admits(self._inside() + self._signing_in)

    async def sign_in(self, socket: Socket) -> Principal | None:
        """Return whom the first message speaks for; None, and the connection closed, if nobody."""
        self._signing_in += 1
        try:
            async with asyncio.timeout(self._settings.sign_in_within_s):
                message = protocol.parse_message(await socket.recv())
                if isinstance(message, Auth):
                    return await self._door.identify(credential_of(message))
            reason = "sign in first"
        except (ProtocolError, TimeoutError):
            reason = "sign in first"
        except InvalidTokenError as exc:
            reason = str(exc)
        except (KeysUnavailableError, RedisUnavailableError):
            await socket.close(TRY_AGAIN_LATER, "tokens cannot be checked now")
            return None
        except ConnectionClosed:
            return None
        finally:
            self._signing_in -= 1
        await socket.close(UNAUTHORIZED, reason)
        return None


def select_subprotocol(
    _connection: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """Choose ours; the others that are asked for carry tokens, and are never said back."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _peer(connection: ServerConnection) -> str:
    address = connection.remote_address
    return str(address[0]) if address else ""


def _later(connection: ServerConnection, status: HTTPStatus, text: str) -> Response:
    response = connection.respond(status, text)
    response.headers["Retry-After"] = "1"
    return response
