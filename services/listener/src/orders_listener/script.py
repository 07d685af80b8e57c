"""Run a Lua script over its own connection, because every event waits for the answer."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import hiredis
import redis.asyncio as redis

from orders_service.redis_servers import RedisServers
from orders_service.wire import Value, Wire

ANSWER_TIMEOUT_S = 5.0


class Script:
    """Runs one script on one connection, one call at a time. Unusable after any error but OOM."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._wire: Wire
        self._answer: asyncio.Future[bytes | hiredis.ReplyError] | None = None
        self._replies_due = 0
        self._lost: Exception | None = None

    @classmethod
    @asynccontextmanager
    async def connect(cls, servers: RedisServers, source: str) -> AsyncIterator[Self]:
        """Connect; disconnect when the block ends. Raises RedisError or OSError."""
        script = cls(source)
        async with Wire.connect(servers, script._receive, script._fail) as script._wire:
            yield script

    async def run(self, keys: list[str], args: list[Value]) -> str:
        """Run the script and return its answer.

        Raises RedisError if Redis refuses, does not answer or is lost; OutOfMemoryError if Redis
        has reached its memory limit.
        """
        answer = await self._ask("EVALSHA", self._digest, len(keys), *keys, *args)
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT"):
            answer = await self._ask("EVAL", self._source, len(keys), *keys, *args)
        if isinstance(answer, hiredis.ReplyError):
            full = str(answer).startswith("OOM")
            raise (redis.OutOfMemoryError if full else redis.ResponseError)(str(answer))
        return answer.decode()

    def keep_alive(self) -> None:
        """Send a PING unless a script runs, because some servers close idle connections."""
        if self._answer is None or self._answer.done():
            self._replies_due += 1
            self._wire.send(("PING",))

    async def _ask(self, *command: Value) -> bytes | hiredis.ReplyError:
        if self._lost is not None:
            raise self._lost
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        # Redis writes replies to its connections in the reverse order in which they became due.
        # PING makes a reply to this connection due before the script publishes, so Redis writes to
        # the subscribers first. Otherwise it would wake this process first, and on few processors
        # the subscribers would wait for it.
        self._replies_due += 2
        self._wire.send(("PING",), command)
        timer = loop.call_later(ANSWER_TIMEOUT_S, self._fail, redis.TimeoutError("no answer"))
        try:
            return await self._answer
        finally:
            timer.cancel()

    def _receive(self, reply: bytes | hiredis.ReplyError) -> None:
        self._replies_due -= 1
        if self._replies_due == 0 and self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)

    def _fail(self, exc: Exception) -> None:
        self._lost = exc
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc)
