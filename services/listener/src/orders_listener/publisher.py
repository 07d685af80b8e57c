"""The adapter to Redis: appends batches to the log there and notifies the gateways.

Redis holds a cache of PostgreSQL's log, which shrinks at Redis's memory limit.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from typing import Any, Self

import redis.asyncio as redis
import structlog

from orders_contract.batches import CLOSING, Batch, Head, of_log_entry, opening
from orders_contract.names import LOG_CAPACITY_BYTES, LOG_CAPACITY_EVENTS, PRESENCE_TTL_S
from orders_listener import lua
from orders_listener.continuity import Witness
from orders_listener.errors import RedisFullError, RedisUnavailableError
from orders_listener.log_bounds import LogBounds
from orders_listener.script import Script
from orders_listener.status import Schema
from orders_service.redis_client import RedisClient, failures_as, redis_client
from orders_service.redis_servers import RedisServers

logger = structlog.get_logger()


class Outcome(StrEnum):
    """The result of a script in Redis."""

    PUBLISHED = "PUBLISHED"
    DUPLICATE = "DUPLICATE"
    """Redis had the batch already, so it counts as published."""
    GAP = "GAP"
    """Redis lacks the events before the batch."""
    FOREIGN = "FOREIGN"
    """Redis holds nothing, or another stream."""
    DEPOSED = "DEPOSED"
    """Another listener leads."""
    NO_SCHEMA = "NO_SCHEMA"
    """Published, but Redis lacks the schema of that version."""


class Publisher:
    """Publishes to one Redis. Every method may raise RedisUnavailableError."""

    def __init__(self, client: RedisClient, publish: Script, max_bytes: int) -> None:
        self.origin = ""
        """Where the batches come from (``Origin.place``); set before anything is published."""
        self._client, self._names = client, client.names
        self._channel = (client.names.changes, client.names.publish)
        self._bounds = LogBounds(LOG_CAPACITY_EVENTS, max_bytes)
        self._publish = publish
        self._publish_and_shrink = client.register_script(lua.PUBLISH_AND_SHRINK)
        self._seed = client.register_script(lua.SEED)
        self._begin = client.register_script(lua.BEGIN)
        self._claim = client.register_script(lua.CLAIM)
        self._beat = client.register_script(lua.BEAT)
        self._announce = client.register_script(lua.ANNOUNCE)

    @classmethod
    @asynccontextmanager
    async def connect(cls, servers: RedisServers) -> AsyncIterator[Self]:
        """Connect; disconnect when the block ends.

        A failed command is not retried; the caller starts a new session.
        """
        client = redis_client(servers, decode_responses=True)
        with failures_as(RedisUnavailableError):
            async with client, Script.connect(servers, lua.PUBLISH) as publish:
                yield cls(client, publish, await _log_bytes(client))

    @property
    def log_bytes(self) -> int:
        """How many bytes of events the log may hold."""
        return self._bounds.max_bytes

    async def head(self) -> Witness | None:
        """Return the head in Redis; None if Redis holds nothing."""
        with _failures():
            stream, position, origin = await self._client.hmget(
                self._names.head, ["stream", "position", "origin"]
            )
        if stream is None or position is None:
            return None
        return Witness(str(stream), int(position), origin=str(origin or ""))

    async def newest(self, seen: Witness) -> Batch | None:
        """Return the newest batch of the log if it ends where ``seen`` does."""
        with _failures():
            # Rows of a database without an encoding need not be UTF-8.
            ask: Any = self._client.execute_command
            found = await ask("XREVRANGE", self._names.log, "+", "-", "COUNT", 1, NEVER_DECODE=True)
        for entry, fields in found:
            batch = of_log_entry(entry, fields)
            if (batch.stream, batch.last) == (seen.stream, seen.position):
                return batch
        return None

    async def presence(self) -> str | None:
        """Return the last beat of the leading listener; None if it has expired."""
        with _failures():
            presence = await self._client.get(self._names.listener)
        return None if presence is None else str(presence)

    async def named_schema(self) -> str:
        """Return the version of the schema that Redis's head names; empty if it names none."""
        with _failures():
            return str(await self._client.hget(self._names.head, "schema") or "")

    async def claim(self, listener: str) -> None:
        """Record in Redis that this listener leads now, in place of any other."""
        await self._run(self._claim, [self._names.listener], [listener, PRESENCE_TTL_S])

    async def publish(self, batch: Batch) -> Outcome:
        """Append a batch, move the head and notify the gateways, in one step."""
        keys, args = [self._names.head, self._names.log, self._names.listener], self._entry(batch)
        args += [*self._channel, opening(batch), CLOSING, PRESENCE_TTL_S, self.origin]
        try:
            with _failures():
                return Outcome(await self._publish.run(keys, args))
        except RedisFullError:
            args[4] = self._bounds.shrink()
            logger.warning("redis_full", log_bytes=self._bounds.max_bytes, first_kept=args[4])
            return await self._run(self._publish_and_shrink, keys, args)

    async def drop_log(self) -> None:
        """Delete the log, because the next head does not follow it."""
        with _failures():
            await self._client.delete(self._names.log)
            # Redis may have evicted the head because its memory has been limited meanwhile.
            self._bounds.max_bytes = min(self._bounds.max_bytes, await _log_bytes(self._client))

    async def seed(self, batch: Batch, listener: str) -> Outcome:
        """Append a batch of history and renew the leader's presence, without a notification.

        Raises RedisFullError when there is no room for the batch.
        """
        args = [*self._entry(batch), listener, PRESENCE_TTL_S]
        return await self._run(self._seed, [self._names.log, self._names.listener], args)

    async def begin(self, head: Head, *, instead_of: Witness | None) -> Outcome:
        """Set the head and notify the gateways; return DUPLICATE if it has changed meanwhile."""
        old = instead_of
        expected = ["", "", ""] if old is None else [old.stream, old.position, old.origin]
        args = [*expected, head.stream, head.position, self.origin, *self._channel]
        return await self._run(self._begin, [self._names.head], args)

    async def beat(self, published: Head, schema: Schema | None, listener: str) -> Outcome:
        """Renew this listener's presence and repeat the head.

        Return GAP or FOREIGN if Redis lost events, DEPOSED if another listener leads.
        """
        self._publish.keep_alive()
        args = [published.stream, published.position, listener, PRESENCE_TTL_S, *self._channel]
        args += [schema.version if schema else "", self.origin]
        return await self._run(
            self._beat, [self._names.head, self._names.listener, self._names.schema], args
        )

    async def announce(self, schema: Schema, stream: str) -> Outcome:
        """Store the schema and publish a head that names it; FOREIGN if Redis lost the stream."""
        args = [stream, schema.version, schema.document, *self._channel]
        return await self._run(self._announce, [self._names.head, self._names.schema], args)

    def _entry(self, batch: Batch) -> list[Any]:
        return [batch.stream, batch.first, batch.last, batch.events, self._bounds.add(batch)]

    async def _run(self, script: Any, keys: list[str], args: list[Any]) -> Outcome:
        with _failures():
            return Outcome(await script(keys=keys, args=args))


@contextmanager
def _failures() -> Iterator[None]:
    with failures_as(RedisUnavailableError):
        try:
            yield
        except redis.OutOfMemoryError as exc:
            raise RedisFullError(str(exc)) from exc


async def _log_bytes(client: RedisClient) -> int:
    """Return how many bytes the log may have: a third of Redis's memory, if that is limited.

    Some providers forbid INFO; then the log shrinks when Redis is full.
    """
    try:
        limit = int((await client.info("memory")).get("maxmemory", 0))
    except redis.ResponseError:
        limit = 0
    return min(LOG_CAPACITY_BYTES, limit // 3) if limit else LOG_CAPACITY_BYTES
