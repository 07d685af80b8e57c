"""A connection to Redis without redis-py's layers, for commands that every event waits for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import hiredis
import redis.asyncio as redis

from orders_service.redis_client import connections
from orders_service.redis_servers import RedisServers

Value = str | bytes | int | float
"""One word of a command."""

_CONNECT_TIMEOUT_S = 5.0
_INCOMPLETE = object()


class Wire(asyncio.Protocol):
    """One connection to Redis, opened by redis-py and then taken over from it.

    Every event passes such a connection twice. redis-py's pool, retries, streams, timeouts and
    metrics take longer for an event than Redis does. So redis-py only connects: it handles
    addresses, passwords and TLS. There is no timeout here: the sender must watch for the answer.
    """

    def __init__(
        self, on_reply: Callable[[Any], None], on_lost: Callable[[Exception], None]
    ) -> None:
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._transport: asyncio.Transport | None = None

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        servers: RedisServers,
        on_reply: Callable[[Any], None],
        on_lost: Callable[[Exception], None],
    ) -> AsyncIterator["Wire"]:
        """Connect; disconnect when the block ends. Raises RedisError or OSError.

        ``on_reply`` receives each reply: bytes, int, list, None, or ``hiredis.ReplyError``.
        ``on_lost`` is called once, with a RedisError, when the connection has ended.
        """
        pool = connections(servers, protocol=2, socket_connect_timeout=_CONNECT_TIMEOUT_S)
        connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
            wire = cls(on_reply, on_lost)
            wire._attach(connection._writer.transport)  # noqa: SLF001  no public name for it
            yield wire
        finally:
            await connection.disconnect(nowait=True)

    def _attach(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            raise redis.ConnectionError("Redis closed the connection")
        self._transport = transport
        transport.set_protocol(self)

    def send(self, *commands: tuple[Value, ...]) -> None:
        """Send commands in one packet."""
        if self._transport is not None:
            # hiredis's stub declares a tuple of one element.
            packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
            self._transport.write(b"".join(packed))

    def pause(self) -> None:
        """Stop reading, so that replies stay in Redis's output buffer."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again after ``pause``."""
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Pass on each complete reply."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _INCOMPLETE:
            self._on_reply(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of the connection."""
        self._transport = None
        self._on_lost(redis.ConnectionError(str(exc or "Redis closed the connection")))
