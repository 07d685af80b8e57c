"""A subscription to the channel of changes, over a connection of its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import hiredis
import redis.asyncio as redis

from orders_contract.names import RedisNames
from orders_gateway.errors import RedisUnavailableError
from orders_service.redis_client import failures_as
from orders_service.redis_servers import RedisServers
from orders_service.wire import Wire

_ANSWER_TIMEOUT_S = 5.0

_MAX_WAITING_BYTES = 1024 * 1024
"""Stop reading from Redis while more bytes than this wait here, as when a gap is being filled."""


class Channel:
    """Receives the messages of the channel. After an error it cannot be used again."""

    def __init__(self) -> None:
        self._wire: Wire
        self._messages: deque[bytes] = deque()
        self._arrival = asyncio.Event()
        self._was_answered = True
        self._lost: Exception | None = None
        self.waiting_bytes = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, servers: RedisServers) -> AsyncIterator[Self]:
        """Connect and subscribe; disconnect when the block ends.

        Raises:
            RedisUnavailableError: connecting or subscribing fails.

        """
        channel = cls()
        with failures_as(RedisUnavailableError):
            async with Wire.connect(servers, channel._receive, channel._fail) as channel._wire:
                await channel._subscribe(servers.names)
                yield channel

    async def next(self) -> bytes:
        """Return the next message, however long that takes.

        Raises:
            RedisUnavailableError: the connection is lost.

        """
        while not self._messages:
            self._arrival.clear()
            self._raise_if_lost()
            await self._arrival.wait()
        message = self._messages.popleft()
        self.waiting_bytes -= len(message)
        if not self._messages:
            self._wire.resume()
        return message

    def ping(self) -> None:
        """Send a PING to Redis.

        Raises:
            RedisUnavailableError: nothing has arrived since the previous ping.

        """
        if not self._was_answered:
            raise RedisUnavailableError("the subscription does not answer")
        self._was_answered = False
        self._wire.send(("PING",))

    async def _subscribe(self, names: RedisNames) -> None:
        self._wire.send((names.subscribe, names.changes))
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self._arrival.wait()
        except TimeoutError:
            raise RedisUnavailableError("Redis does not answer") from None
        self._raise_if_lost()

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise RedisUnavailableError(str(self._lost)) from self._lost

    def _receive(self, reply: Any) -> None:
        self._was_answered = True
        if isinstance(reply, hiredis.ReplyError):
            self._fail(redis.ResponseError(str(reply)))
        elif reply[0] in {b"message", b"smessage"}:
            self._messages.append(reply[2])
            self.waiting_bytes += len(reply[2])
            if self.waiting_bytes > _MAX_WAITING_BYTES:
                self._wire.pause()
        elif reply[0] == b"sunsubscribe":
            self._fail(redis.ConnectionError("another node of the cluster has the channel now"))
        self._arrival.set()

    def _fail(self, exc: Exception) -> None:
        self._lost = exc
        self._arrival.set()
