"""The WebSocket server: doors and sockets. Everything is decided in hub, session and protocol."""

import asyncio
import json
import logging
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from orders_gateway import protocol
from orders_gateway.errors import BadRequestError
from orders_gateway.fanout import Fanout
from orders_gateway.history import History
from orders_gateway.hub import Hub
from orders_gateway.limits import Limits
from orders_gateway.ring import Ring
from orders_gateway.session import Session
from orders_gateway.settings import Settings
from orders_gateway.source import Source

SERVICE_RESTART = 1012
INTERNAL_ERROR = 1011
CLOSE_TIMEOUT_S = 2.0
"""One who does not answer that we close is cut off after so long."""

CLOSING_DEADLINE_S = 4.0
"""All are gone so long after SIGTERM."""

logger = structlog.get_logger()

# The library logs each handshake that a stranger fails; what matters is logged here.
_library_logger = logging.getLogger("orders_gateway.websockets")
_library_logger.disabled = True


class Socket(ServerConnection):
    """A connection that tells its session when its write buffer fills and when it drains."""

    session: Session | None = None
    resume = protocol.Resume()

    def pause_writing(self) -> None:
        """Be told by the transport that the buffer is over its limit."""
        super().pause_writing()
        if self.session is not None:
            self.session.pause()

    def resume_writing(self) -> None:
        """Be told by the transport that the buffer has drained."""
        super().resume_writing()
        if self.session is not None:
            self.session.resume()


class Gateway:
    """The clients of one process, and the stream they follow."""

    def __init__(self, settings: Settings, history: History) -> None:
        self._settings = settings
        self._history = history
        self._ring = Ring(settings.ring_max_events, settings.ring_max_bytes)
        self._hub: Hub[Session] = Hub(self._ring, settings.conflate_max_orders)
        self._limits = Limits(
            messages_per_second=settings.messages_per_second,
            messages_burst=settings.messages_burst,
            conflate_after_events=settings.conflate_after_events,
            conflate_max_bytes=settings.conflate_max_bytes,
        )
        self._fanout = Fanout(self._ring, self._hub)
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
        return {
            "gateway": self._settings.gateway_id,
            "position": self._ring.position,
            "connections": len(self._fanout.sessions),
        }

    async def beat_hearts(self) -> None:
        """Tell live clients regularly that nothing is missing, while that is known."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_interval_s)
            if self._fresh():
                self._fanout.beat()

    async def serve(self, stop: asyncio.Event) -> None:
        """Accept clients until told to stop, then send them to another gateway."""
        settings = self._settings
        server = await serve(
            self._handle,
            settings.ws_host,
            settings.ws_port,
            process_request=self._admit,
            create_connection=Socket,
            compression=None,
            max_size=settings.max_message_bytes,
            ping_interval=settings.ping_interval_s,
            ping_timeout=settings.ping_timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_library_logger,
            server_header=None,
        )
        logger.info("gateway_started", gateway=settings.gateway_id, port=settings.ws_port)
        await stop.wait()
        await self._close(server)

    async def _close(self, server: Server) -> None:
        self._draining = True
        logger.info("gateway_stopping", connections=len(self._fanout.sessions))
        server.close(code=SERVICE_RESTART, reason="gateway restarts")
        try:
            async with asyncio.timeout(CLOSING_DEADLINE_S):
                await server.wait_closed()
        except TimeoutError:  # someone does not read, so will never see that we close
            logger.warning("clients_cut_off", connections=len(self._fanout.sessions))
            for session in self._fanout.sessions:
                session.connection.transport.abort()
            await server.wait_closed()

    def _fresh(self) -> bool:
        return self._source is not None and self._source.fresh()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/health":
            return self._health(connection)
        if path != protocol.PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"WebSocket is at {protocol.PATH}\n")
        if self._draining or not self._fresh() or self._full():
            response = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "try another gateway\n")
            response.headers["Retry-After"] = "1"
            return response
        try:
            connection.resume = protocol.parse_request(request.path)  # type: ignore[attr-defined]
        except BadRequestError as exc:
            return connection.respond(HTTPStatus.BAD_REQUEST, f"{exc}\n")
        return None

    def _full(self) -> bool:
        return len(self._fanout.sessions) >= self._settings.max_connections

    def _health(self, connection: ServerConnection) -> Response:
        healthy = self._fresh() and not self._draining
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
        session = Session(connection, self._hub, self._history, self._fanout.progress, self._limits)
        socket: Socket = connection  # type: ignore[assignment]  # made by create_connection
        socket.session = session
        self._fanout.sessions.add(session)
        try:
            await session.run(
                socket.resume, self._settings.gateway_id, self._settings.heartbeat_interval_s
            )
        except Exception:  # the supervisor of one connection: a bug there ends there
            logger.exception("session_failed")
            await connection.close(INTERNAL_ERROR)
        finally:
            self._fanout.sessions.discard(session)
