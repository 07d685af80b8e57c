"""What one channel of Redis says, over a connection of its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import hiredis
import redis.asyncio as redis

from orders_gateway.errors import RedisUnavailableError
from orders_wire import Wire, failures_as

_ANSWER_TIMEOUT_S = 5.0

_MOST_WAITING_BYTES = 1024 * 1024
"""With more than that not taken yet, while a gap is filled perhaps, Redis keeps the rest."""


class Subscription:
    """Follows one channel. After an error it is of no more use."""

    def __init__(self) -> None:
        self._wire: Wire
        self._messages: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._something = asyncio.Event()
        self._answered = True
        self._lost: Exception | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, channel: str) -> AsyncIterator[Self]:
        """Connect and subscribe; close on leaving. RedisUnavailableError when that fails."""
        subscription = cls()
        heard, lost = subscription._hear, subscription._fail
        with failures_as(RedisUnavailableError):
            async with Wire.connect(url, heard, lost) as subscription._wire:
                await subscription._subscribe(channel)
                yield subscription

    async def next(self) -> bytes:
        """Return the next message, however long that takes; RedisUnavailableError if none will."""
        while not self._messages:
            self._something.clear()
            if self._lost is not None:
                raise RedisUnavailableError(str(self._lost)) from self._lost
            await self._something.wait()
        message = self._messages.popleft()
        self._waiting_bytes -= len(message)
        if not self._messages:
            self._wire.resume()
        return message

    def ping(self) -> None:
        """Ask for a word; RedisUnavailableError if none has come since the last time."""
        if not self._answered:
            raise RedisUnavailableError("the subscription has gone silent")
        self._answered = False
        self._wire.send(("PING",))

    async def _subscribe(self, channel: str) -> None:
        self._wire.send(("SUBSCRIBE", channel))
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self._something.wait()
        except TimeoutError:
            raise RedisUnavailableError("Redis does not answer") from None
        if self._lost is not None:
            raise RedisUnavailableError(str(self._lost)) from self._lost

    def _hear(self, said: Any) -> None:
        self._answered = True
        if isinstance(said, hiredis.ReplyError):
            self._fail(redis.ResponseError(str(said)))
        elif said[0] == b"message":
            self._messages.append(said[2])
            self._waiting_bytes += len(said[2])
            if self._waiting_bytes > _MOST_WAITING_BYTES:
                self._wire.pause()
        self._something.set()

    def _fail(self, exc: Exception) -> None:
        self._lost = exc
        self._something.set()
