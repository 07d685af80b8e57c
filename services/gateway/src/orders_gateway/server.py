"""The server of ``/ws`` and ``/sse``: accepts connections, closes them when the gateway stops."""

import asyncio
import json
import logging
import math
from collections.abc import Iterator
from http import HTTPStatus

import structlog
from prometheus_client.metrics_core import Metric
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from orders_access.principal import Principal
from orders_contract.batches import Head
from orders_gateway import metrics, protocol
from orders_gateway.admission import Admission, explain_refusal, select_subprotocol
from orders_gateway.capacity import ClientCapacity
from orders_gateway.event_stream import EventStreamTransport
from orders_gateway.fanout import Fanout
from orders_gateway.subscriber import Context, Subscriber
from orders_gateway.transport import CloseCode
from orders_gateway.websocket import (
    SharedDeflateFactory,
    Socket,
    WebSocketTransport,
    bound_unsent,
)
from orders_service.metrics import Exposition, process

BACKLOG = 1024
"""Length of the accept queue. The kernel drops connections beyond it, and their clients retry after
a second. The usual 100 is not enough when many clients reconnect at once."""

CLOSE_TIMEOUT_S = 2.0
"""A client that does not answer the closing frame is disconnected after this time."""

CLOSING_DEADLINE_S = 4.0
"""Connections that are still open this long after the last closing frame are aborted."""

_PACE_S = 0.05

logger = structlog.get_logger()

# Silence the library, which logs each failed handshake. This package logs what matters.
_library_logger = logging.getLogger("orders_gateway.websockets")
_library_logger.disabled = True


class Gateway:
    """The server of one gateway process: it accepts, serves and closes connections."""

    def __init__(
        self, context: Context, fanout: Fanout, capacity: ClientCapacity, source: metrics.Stream
    ) -> None:
        self._context = context
        self._settings = context.settings
        self._fanout = fanout
        self._capacity = capacity
        self._source = source
        self._exposition = Exposition(self._metrics, process())
        self._admission = Admission(context, capacity, fanout.subscribers, self._is_serving)
        self._is_draining = False

    def status(self) -> dict[str, object]:
        """Return the state of this gateway for the health page of the API."""
        connections = len(self._fanout.subscribers)
        return {
            "gateway": self._settings.gateway_id,
            "position": self._context.hub.ring.position,
            "connections": connections,
            "serving": self._is_serving(),
            "memory_mb": self._capacity.memory_mb,
            "full": self._capacity.shortage(connections),
            "refused": self._capacity.refused + self._context.door.refused,
        }

    async def serve(self, stop: asyncio.Event) -> None:
        """Accept clients until ``stop`` is set; then close, so that they go to other gateways."""
        settings = self._settings
        server = await serve(
            self._handle,
            settings.ws_host,
            settings.ws_port,
            backlog=BACKLOG,
            process_request=self._answer,
            process_response=explain_refusal,
            create_connection=Socket,
            select_subprotocol=select_subprotocol,
            compression=None,
            extensions=[SharedDeflateFactory()],
            max_size=settings.max_message_bytes,
            ping_interval=None,  # see upkeep.ping
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_library_logger,
            server_header=None,
        )
        bound_unsent(server.sockets, settings.unsent_max_bytes)
        logger.info("gateway_started", gateway=settings.gateway_id, port=settings.ws_port)
        await stop.wait()
        await self._close(server)

    def _is_serving(self) -> bool:
        return self._source.is_fresh() and not self._is_draining

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request, or return None to continue with the WebSocket handshake."""
        path = request.path.partition("?")[0]
        if path == "/health":
            return self._health()
        if path == "/metrics":
            accept = ",".join(request.headers.get_all("Accept"))
            return _page(HTTPStatus.OK, *self._exposition.page(accept))
        if path == protocol.EVENT_STREAM_PATH:
            return await self._admission.open_stream(_socket(connection), request)
        if path != protocol.PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"WebSocket is at {protocol.PATH}\n")
        return await self._admission.handshake(_socket(connection), request)

    def _health(self) -> Response:
        is_healthy = self._is_serving()
        report = {
            "status": "ok" if is_healthy else "draining" if self._is_draining else "down",
            **self.status(),
            "stream": self._context.hub.ring.stream,
            "live": sum(len(members) for _, members in self._context.hub.live()),
            "conflated": sum(each.is_conflated for each in self._fanout.subscribers),
        }
        code = HTTPStatus.OK if is_healthy else HTTPStatus.SERVICE_UNAVAILABLE
        return _page(code, "application/json", json.dumps(report).encode() + b"\n")

    def _metrics(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        ring, door = self._context.hub.ring, self._context.door
        facts = metrics.Facts(
            is_serving=self._is_serving(),
            is_full=self._capacity.shortage(len(self._fanout.subscribers)) is not None,
            head=None if ring.stream is None else Head(ring.stream, ring.position),
            resets=self._context.hub.resets,
            refused={
                **self._context.counts.refused,
                "full": self._capacity.refused,
                "address": door.addresses.refused,
                "subject": door.subjects.refused,
            },
        )
        return metrics.read(self._context.counts, facts, self._source)

    async def _handle(self, connection: ServerConnection) -> None:
        socket = _socket(connection)
        async with self._admission.admitted(socket) as principal:
            if principal is not None:
                await self._serve(socket, principal)

    async def _serve(self, socket: Socket, principal: Principal) -> None:
        is_stream = socket.response is not None and socket.response.status_code == HTTPStatus.OK
        transport = EventStreamTransport(socket) if is_stream else WebSocketTransport(socket)
        socket.forget_handshake()
        subscriber = Subscriber(transport, self._context, principal)
        socket.owner = subscriber
        self._fanout.subscribers.add(subscriber)
        counts, carried_by = self._context.counts, metrics.TRANSPORTS[is_stream]
        resumed = socket.asked.after is not None
        counts.opened[carried_by, str(resumed).lower()] += 1
        counts.open[carried_by] += 1
        try:
            await subscriber.run(socket.asked)
        except Exception:  # a bug ends one connection, not the gateway
            logger.exception("subscriber_failed")
            await transport.close(CloseCode.INTERNAL_ERROR, "")
        finally:
            self._fanout.subscribers.discard(subscriber)
            counts.open[carried_by] -= 1

    async def _close(self, server: Server) -> None:
        """Close all connections and wait until they are gone."""
        self._is_draining = True
        logger.info("gateway_stopping", connections=len(self._fanout.subscribers))
        server.close(close_connections=False)
        closing = await self._send_away(tuple(server.connections))
        try:
            async with asyncio.timeout(CLOSING_DEADLINE_S):
                await asyncio.gather(*closing)
                await server.wait_closed()
        except TimeoutError:  # a client does not read, or never ended the handshake
            logger.warning("clients_aborted", connections=len(self._fanout.subscribers))
            for subscriber in self._fanout.subscribers:
                subscriber.abort()

    async def _send_away(
        self, connections: tuple[ServerConnection, ...]
    ) -> list[asyncio.Task[None]]:
        """Close connections at a limited rate, so that not all clients reconnect at once.

        Clients whose connections are not closed yet are still served. Return the closing tasks.
        """
        settings = self._settings
        per_s = max(settings.drain_clients_per_s, len(connections) / settings.drain_s)
        closing: list[asyncio.Task[None]] = []
        step = math.ceil(per_s * _PACE_S)
        for start in range(0, len(connections), step):
            if start:
                await asyncio.sleep(_PACE_S)
            closing += [
                asyncio.create_task(each.close(CloseCode.SERVICE_RESTART, "gateway restarts"))
                for each in connections[start : start + step]
            ]
        return closing


def _page(code: HTTPStatus, content_type: str, body: bytes) -> Response:
    headers = Headers(
        {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    return Response(code.value, code.phrase, headers, body)


def _socket(connection: ServerConnection) -> Socket:
    assert isinstance(connection, Socket), "made by create_connection"  # noqa: S101  narrows the type
    return connection
