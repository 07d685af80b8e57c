"""A Lua script that is run often: over a connection of its own, straight to the wire."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import redis.asyncio as redis
from redis.exceptions import NoScriptError

ANSWER_TIMEOUT_S = 5.0


class Script:
    """One script on one connection. Not for concurrent use; after an error it is of no more use.

    The client's pool, retries, time limits for each send and metrics cost more than the script.
    """

    def __init__(self, connection: redis.Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, source: str) -> AsyncIterator[Self]:
        """Connect; close on leaving."""
        pool = redis.ConnectionPool.from_url(url, decode_responses=True, socket_connect_timeout=5)
        connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
            yield cls(connection, source)
        finally:
            await connection.disconnect(nowait=True)

    async def run(self, keys: list[str], args: list[Any]) -> Any:
        """Run it and return its answer, whether or not Redis has seen it before."""
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            try:
                return await self._ask("EVALSHA", self._digest, keys, args)
            except NoScriptError:
                return await self._ask("EVAL", self._source, keys, args)

    async def _ask(self, command: str, script: str, keys: list[str], args: list[Any]) -> Any:
        await self._connection.send_command(
            command, script, len(keys), *keys, *args, check_health=False
        )
        return await self._connection.read_response()
