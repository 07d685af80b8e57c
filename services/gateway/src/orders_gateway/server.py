"""The WebSocket server: doors and sockets. Everything is decided in hub, session and protocol."""

import asyncio
import json
import logging
import math
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from orders_access.errors import RevocationsUnavailableError
from orders_access.principal import ANYONE, Principal
from orders_gateway import keepalive, protocol
from orders_gateway.admission import Admission, select_subprotocol
from orders_gateway.capacity import Capacity
from orders_gateway.conflation import Bounds
from orders_gateway.connection import Socket, bound_unsent
from orders_gateway.door import Door
from orders_gateway.extension import SharedDeflateFactory
from orders_gateway.fanout import Fanout
from orders_gateway.history import History
from orders_gateway.hub import Hub
from orders_gateway.limits import Limits
from orders_gateway.memory import Memory
from orders_gateway.ring import Ring
from orders_gateway.session import TRY_AGAIN_LATER, Put, Session
from orders_gateway.settings import Settings
from orders_gateway.source import Source
from orders_gateway.turns import Turns

SERVICE_RESTART = 1012
INTERNAL_ERROR = 1011
BACKLOG = 1024
"""So many may wait to be accepted. The kernel drops who comes beyond it, and they try again after a
second; a crowd that comes back at once is more than the usual 100."""

CLOSE_TIMEOUT_S = 2.0
"""One who does not answer that we close is cut off after so long."""

CLOSING_DEADLINE_S = 4.0
"""All are gone so long after the last was told."""

_PACE_S = 0.05

REVOCATIONS_INTERVAL_S = 0.5
MEMORY_INTERVAL_S = 1.0

logger = structlog.get_logger()

# The library logs each handshake that a stranger fails; what matters is logged here.
_library_logger = logging.getLogger("orders_gateway.websockets")
_library_logger.disabled = True

_FORGOTTEN = Request(protocol.PATH, Headers())
"""The library asks only whether there was a request."""


class Gateway:
    """The clients of one process, and the stream they follow."""

    def __init__(self, settings: Settings, history: History, door: Door) -> None:
        self._settings = settings
        self._history = history
        self._door = door
        self._ring = Ring(settings.ring_max_events, settings.ring_max_bytes)
        self._hub: Hub[Put] = Hub(self._ring, _bounds(settings))
        self._limits = Limits(
            messages_per_second=settings.messages_per_second,
            messages_burst=settings.messages_burst,
            conflate_after_events=settings.conflate_after_events,
        )
        self._fanout = Fanout(self._ring, self._hub)
        self._capacity = Capacity(settings.max_connections, settings.max_memory_mb)
        self._admission = Admission(
            settings, door, self._capacity, lambda: len(self._fanout.sessions), self._serving
        )
        self._turns = Turns()
        self._source: Source | None = None
        self._draining = False

    @property
    def fanout(self) -> Fanout:
        """Where the source puts the stream."""
        return self._fanout

    def follow(self, source: Source) -> None:
        """Name the source, whose freshness decides whether new clients are let in."""
        self._source = source

    def presence(self) -> dict[str, object]:
        """Return what the health page of the API is to know."""
        connections = len(self._fanout.sessions)
        refused = self._capacity.refused + self._door.addresses.refused
        refused += self._door.subjects.refused
        return {
            "gateway": self._settings.gateway_id,
            "position": self._ring.position,
            "connections": connections,
            "memory_mb": self._capacity.memory_mb,
            "full": self._capacity.lack(connections),
            "refused": refused,
        }

    async def beat_hearts(self) -> None:
        """Tell clients regularly up to where nothing is missing, while that is known."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_interval_s)
            if self._fresh():
                self._fanout.beat()

    async def ping(self) -> None:
        """Notice clients that have gone without a word."""
        settings = self._settings
        await keepalive.ping(
            self._fanout.sessions, settings.ping_interval_s, settings.ping_timeout_s
        )

    async def watch_tokens(self) -> None:
        """Close the connections whose tokens are revoked; where nobody has one, do nothing."""
        while not self._door.is_open:
            try:
                if await self._door.watch_revocations():
                    for session in tuple(self._fanout.sessions):
                        session.look_at_token()
            except RevocationsUnavailableError:
                pass  # the source tells who is away; what is known goes on counting
            await asyncio.sleep(REVOCATIONS_INTERVAL_S)

    async def watch_memory(self) -> None:
        """Keep in mind what the process holds; where that is too much, give back what it can."""
        memory, capacity = Memory(), self._capacity
        while True:
            connections, was_full = len(self._fanout.sessions), capacity.is_memory_full
            capacity.memory_mb = memory.resident_mb(connections)
            if capacity.is_memory_full:
                memory.give_back(connections)
                capacity.memory_mb = memory.resident_mb(connections)
            if capacity.is_memory_full != was_full:
                change = "memory_free" if was_full else "memory_full"
                logger.warning(change, memory_mb=capacity.memory_mb, connections=connections)
            await asyncio.sleep(MEMORY_INTERVAL_S)

    async def serve(self, stop: asyncio.Event) -> None:
        """Accept clients until told to stop, then send them to another gateway."""
        settings = self._settings
        server = await serve(
            self._handle,
            settings.ws_host,
            settings.ws_port,
            backlog=BACKLOG,
            process_request=self._answer,
            create_connection=Socket,
            select_subprotocol=select_subprotocol,
            compression=None,
            extensions=[SharedDeflateFactory()],
            max_size=settings.max_message_bytes,
            ping_interval=None,  # see keepalive
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_library_logger,
            server_header=None,
        )
        bound_unsent(server.sockets, settings.unsent_max_bytes)
        logger.info("gateway_started", gateway=settings.gateway_id, port=settings.ws_port)
        await stop.wait()
        await self._close(server)

    async def _close(self, server: Server) -> None:
        self._draining = True
        logger.info("gateway_stopping", connections=len(self._fanout.sessions))
        server.close(close_connections=False)
        closing = await self._send_away(tuple(server.connections))
        try:
            async with asyncio.timeout(CLOSING_DEADLINE_S):
                await asyncio.gather(*closing)
                await server.wait_closed()
        except TimeoutError:  # someone does not read, or never ended the handshake
            logger.warning("clients_cut_off", connections=len(self._fanout.sessions))
            for session in self._fanout.sessions:
                session.connection.transport.abort()

    async def _send_away(
        self, connections: tuple[ServerConnection, ...]
    ) -> list[asyncio.Task[None]]:
        """Close one after another, so that their return is no crowd; until then they are served."""
        settings = self._settings
        per_s = max(settings.drain_clients_per_s, len(connections) / settings.drain_s)
        closing: list[asyncio.Task[None]] = []
        step = math.ceil(per_s * _PACE_S)
        for start in range(0, len(connections), step):
            if start:
                await asyncio.sleep(_PACE_S)
            closing += [
                asyncio.create_task(each.close(SERVICE_RESTART, "gateway restarts"))
                for each in connections[start : start + step]
            ]
        return closing

    def _fresh(self) -> bool:
        return self._source is not None and self._source.fresh()

    def _serving(self) -> bool:
        return self._fresh() and not self._draining

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/health":
            return self._health(connection)
        if path != protocol.PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"WebSocket is at {protocol.PATH}\n")
        socket: Socket = connection  # type: ignore[assignment]  # made by create_connection
        return await self._admission.handshake(socket, request)

    def _health(self, connection: ServerConnection) -> Response:
        healthy = self._serving()
        report = {
            "status": "ok" if healthy else "draining" if self._draining else "down",
            **self.presence(),
            "stream": self._ring.stream,
            "live": len(self._hub.live()),
            "conflated": sum(session.conflated for session in self._fanout.sessions),
        }
        code = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
        response = connection.respond(code, json.dumps(report) + "\n")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        socket: Socket = connection  # type: ignore[assignment]  # made by create_connection
        if self._door.is_open:
            await self._serve_one(socket, ANYONE)
            return
        if not self._door.addresses.take(socket.address):
            await connection.close(TRY_AGAIN_LATER, "too many connections")
            return
        try:
            principal = socket.principal or await self._admission.sign_in(socket)
            if principal is not None:
                await self._serve_subject(socket, principal)
        finally:
            self._door.addresses.give_back(socket.address)

    async def _serve_subject(self, socket: Socket, principal: Principal) -> None:
        if not self._door.subjects.take(principal.subject):
            await socket.close(TRY_AGAIN_LATER, "too many connections")
            return
        try:
            await self._serve_one(socket, principal)
        finally:
            self._door.subjects.give_back(principal.subject)

    async def _serve_one(self, socket: Socket, principal: Principal) -> None:
        socket.request, socket.response = _FORGOTTEN, None  # their headers take up 1 kB
        session = Session(
            socket,
            self._hub,
            self._history,
            self._fanout.progress,
            self._turns,
            self._limits,
            self._door,
            principal,
        )
        socket.session = session
        self._fanout.sessions.add(session)
        try:
            await session.run(
                socket.resume, self._settings.gateway_id, self._settings.heartbeat_interval_s
            )
        except Exception:  # the supervisor of one connection: a bug there ends there
            logger.exception("session_failed")
            await socket.close(INTERNAL_ERROR)
        finally:
            self._fanout.sessions.discard(session)


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        max_orders=settings.conflate_max_orders,
        max_bytes=settings.ring_max_bytes,
        max_frame_bytes=settings.conflate_max_bytes,
    )
