"""Commands out, answers in, with nothing in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import hiredis
import redis.asyncio as redis

Value = str | bytes | int | float
"""One word of a command."""

_CONNECT_TIMEOUT_S = 5.0
_NOTHING = object()


class Wire(asyncio.Protocol):
    """One connection to Redis, which its client made and then gave up.

    Every event passes here twice, and the client, with pool, retries, streams, time limits and
    metrics, takes longer over it than Redis does. It knows how to connect: addresses, passwords,
    TLS. What comes is handed over as it comes; whoever sends sees to it that an answer comes.
    """

    def __init__(self, heard: Callable[[Any], None], lost: Callable[[Exception], None]) -> None:
        self._heard = heard
        self._lost = lost
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._transport: asyncio.Transport | None = None

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, heard: Callable[[Any], None], lost: Callable[[Exception], None]
    ) -> AsyncIterator["Wire"]:
        """Connect; close on leaving. RedisError or OSError when that fails.

        ``heard`` gets what Redis says: bytes, int, list, None, or ``hiredis.ReplyError``. ``lost``
        is called once, with a RedisError, when nothing more will come.
        """
        pool = redis.ConnectionPool.from_url(
            url, protocol=2, socket_connect_timeout=_CONNECT_TIMEOUT_S
        )
        connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
            wire = cls(heard, lost)
            wire._take(connection._writer.transport)  # noqa: SLF001  it has no word for this
            yield wire
        finally:
            await connection.disconnect(nowait=True)

    def _take(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_protocol(self)

    def send(self, *commands: tuple[Value, ...]) -> None:
        """Send commands at once."""
        if self._transport is not None:
            # Its stub takes a tuple of one.
            packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
            self._transport.write(b"".join(packed))

    def pause(self) -> None:
        """Take nothing more for now: what Redis says stays with it."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Take what there is again."""
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Hand over what is complete."""
        self._reader.feed(data)
        while (said := self._reader.gets()) is not _NOTHING:
            self._heard(said)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell it."""
        self._lost(redis.ConnectionError(str(exc or "Redis closed the connection")))
