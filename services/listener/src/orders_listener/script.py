"""A Lua script that is run for every batch, over a connection of its own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import hiredis
import redis.asyncio as redis

from orders_service.wire import Value, Wire

ANSWER_TIMEOUT_S = 5.0


class Script:
    """One script on one connection. Not for concurrent use; after an error it is of no more use."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._wire: Wire
        self._answered: asyncio.Future[bytes | hiredis.ReplyError] | None = None
        self._to_come = 0
        self._lost: Exception | None = None

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, source: str) -> AsyncIterator[Self]:
        """Connect; close on leaving. RedisError or OSError when that fails."""
        script = cls(source)
        async with Wire.connect(url, script._hear, script._fail) as script._wire:
            yield script

    async def run(self, keys: list[str], args: list[Value]) -> str:
        """Run it and return its answer, whether or not Redis has seen it before.

        RedisError when Redis refuses, falls silent or is lost.
        """
        answer = await self._ask("EVALSHA", self._digest, len(keys), *keys, *args)
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT"):
            answer = await self._ask("EVAL", self._source, len(keys), *keys, *args)
        if isinstance(answer, hiredis.ReplyError):
            raise redis.ResponseError(str(answer))
        return answer.decode()

    async def _ask(self, *command: Value) -> bytes | hiredis.ReplyError:
        if self._lost is not None:
            raise self._lost
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        # Redis writes first to whom it came to owe something last. It owes us the answer to PING
        # before the script publishes, so the subscribers come first. Otherwise it would wake us,
        # and where processors are few they would wait until we had run.
        self._to_come = 2
        self._wire.send(("PING",), command)
        silence = loop.call_later(ANSWER_TIMEOUT_S, self._fail, redis.TimeoutError("no answer"))
        try:
            return await self._answered
        finally:
            silence.cancel()

    def _hear(self, answer: bytes | hiredis.ReplyError) -> None:
        self._to_come -= 1
        if self._to_come == 0 and self._answered is not None and not self._answered.done():
            self._answered.set_result(answer)

    def _fail(self, exc: Exception) -> None:
        self._lost = exc
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc)
