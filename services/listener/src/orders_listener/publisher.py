"""The adapter to Redis: appends batches to the log's stream and tells the gateways.

Each step is one Lua script, so that stream, head and message change together or not at all, and
so that Redis itself refuses what it has and what would leave a gap. Any number of listeners may
therefore publish at once (I8).
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, Self

import redis.asyncio as redis

from orders_contract.batches import CLOSING, Batch, Head, encode, opening
from orders_contract.names import (
    CHANGES_CHANNEL,
    HEAD_KEY,
    LISTENER_KEY,
    LOG_CAPACITY_BYTES,
    LOG_CAPACITY_EVENTS,
    LOG_KEY,
    PRESENCE_TTL_S,
)
from orders_listener.capacity import Capacity
from orders_listener.errors import RedisUnavailableError
from orders_listener.script import Script
from orders_service.redis_client import failures_as, redis_client

# KEYS: head, log, presence. ARGV: stream, first, last, events, oldest position to keep, channel,
# what stands before and after the events in the message, seconds to live
_PUBLISH = """
local head = redis.call('HMGET', KEYS[1], 'stream', 'position')
if head[1] ~= ARGV[1] then return 'FOREIGN' end
local position = tonumber(head[2])
if tonumber(ARGV[3]) <= position then return 'DUPLICATE' end
if tonumber(ARGV[2]) ~= position + 1 then return 'GAP' end
redis.call('XADD', KEYS[2], 'MINID', '~', ARGV[5], ARGV[3] .. '-0',
           'first', ARGV[2], 'stream', ARGV[1], 'events', ARGV[4])
redis.call('HSET', KEYS[1], 'position', ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[9])
redis.call('PUBLISH', ARGV[6], ARGV[7] .. ARGV[4] .. ARGV[8])
return 'PUBLISHED'
"""

# History before the head, for clients that resume; a copy that is there already is fine. It may
# take long, and says each time that a listener lives, and how far it is.
# KEYS: log, presence. ARGV: stream, first, last, events, oldest position to keep, listener, seconds
# to live
_SEED = """
redis.call('SET', KEYS[2], cjson.encode({listener = ARGV[6], stream = ARGV[1],
                                         position = tonumber(ARGV[3])}), 'EX', ARGV[7])
local added = redis.pcall('XADD', KEYS[1], 'MINID', '~', ARGV[5], ARGV[3] .. '-0',
                          'first', ARGV[2], 'stream', ARGV[1], 'events', ARGV[4])
return type(added) == 'table' and 'DUPLICATE' or 'PUBLISHED'
"""

# Sets the head to what the log in PostgreSQL says, if nobody else has changed it meanwhile.
# KEYS: head. ARGV: stream and position seen ('' for none), stream and position to set, channel,
# message
_BEGIN = """
local head = redis.call('HMGET', KEYS[1], 'stream', 'position')
if (head[1] or '') ~= ARGV[1] or (head[2] or '') ~= ARGV[2] then return 'DUPLICATE' end
redis.call('HSET', KEYS[1], 'stream', ARGV[3], 'position', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 'PUBLISHED'
"""

# Once a second: says that a listener lives, and where the head is, as Redis has it; unless another
# has claimed the lead since. Nobody else may tell a leader that was cut off from PostgreSQL.
# KEYS: head, presence. ARGV: stream, position published, listener, seconds to live, channel
_BEAT = """
local head = redis.call('HMGET', KEYS[1], 'stream', 'position')
if head[1] ~= ARGV[1] then return 'FOREIGN' end
local position = tonumber(head[2])
if position < tonumber(ARGV[2]) then return 'GAP' end
local word = redis.call('GET', KEYS[2])
if word and cjson.decode(word).listener ~= ARGV[3] then return 'DEPOSED' end
redis.call('SET', KEYS[2], cjson.encode({listener = ARGV[3], stream = head[1],
                                         position = position}), 'EX', ARGV[4])
redis.call('PUBLISH', ARGV[5], '{"stream":"' .. head[1] .. '","position":' .. head[2] .. '}')
return 'PUBLISHED'
"""


class Outcome(StrEnum):
    """What became of something given to Redis."""

    PUBLISHED = "PUBLISHED"
    DUPLICATE = "DUPLICATE"
    """Redis had it already: as good as published."""
    GAP = "GAP"
    """Redis lacks what comes before it."""
    FOREIGN = "FOREIGN"
    """Redis holds nothing, or another stream."""
    DEPOSED = "DEPOSED"
    """Another listener leads."""


class Publisher:
    """Publishes to one Redis. Every method raises RedisUnavailableError when it cannot."""

    def __init__(self, client: redis.Redis, publishing: Script) -> None:
        self._client = client
        self._capacity = Capacity(LOG_CAPACITY_EVENTS, LOG_CAPACITY_BYTES)
        self._publish = publishing
        self._seed = client.register_script(_SEED)
        self._begin = client.register_script(_BEGIN)
        self._beat = client.register_script(_BEAT)

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str) -> AsyncIterator[Self]:
        """Connect; close on leaving. Nothing is retried here: the relay starts over instead."""
        client = redis_client(url, decode_responses=True)
        with failures_as(RedisUnavailableError):
            async with client, Script.connect(url, _PUBLISH) as publishing:
                yield cls(client, publishing)

    async def head(self) -> Head | None:
        """Return how far Redis has been published to; None when it holds nothing."""
        with failures_as(RedisUnavailableError):
            stream, position = await self._client.hmget(HEAD_KEY, ["stream", "position"])
        if stream is None or position is None:
            return None
        return Head(str(stream), int(position))

    async def word_of_leader(self) -> str | None:
        """Return what the leading listener said last; None if that was too long ago."""
        with failures_as(RedisUnavailableError):
            word = await self._client.get(LISTENER_KEY)
        return None if word is None else str(word)

    async def claim(self, listener_id: str) -> None:
        """Say that this listener leads from now on, whoever did before."""
        word = json.dumps({"listener": listener_id})
        with failures_as(RedisUnavailableError):
            await self._client.set(LISTENER_KEY, word, ex=PRESENCE_TTL_S)

    async def publish(self, batch: Batch) -> Outcome:
        """Append a batch, move the head and tell the gateways, in one step."""
        keep = self._capacity.oldest_to_keep(batch)
        args: list[Any] = [batch.stream, batch.first, batch.last, batch.events, keep]
        args += [CHANGES_CHANNEL, opening(batch), CLOSING, PRESENCE_TTL_S]
        with failures_as(RedisUnavailableError):
            return Outcome(await self._publish.run([HEAD_KEY, LOG_KEY, LISTENER_KEY], args))

    async def forget(self) -> None:
        """Drop the stream: what it holds does not belong to this database's log."""
        with failures_as(RedisUnavailableError):
            await self._client.delete(LOG_KEY)

    async def seed(self, batch: Batch, listener_id: str) -> Outcome:
        """Append a batch of history, telling nobody but those who wait to lead."""
        keep = self._capacity.oldest_to_keep(batch)
        args: list[Any] = [batch.stream, batch.first, batch.last, batch.events, keep]
        args += [listener_id, PRESENCE_TTL_S]
        return await self._run(self._seed, [LOG_KEY, LISTENER_KEY], args)

    async def begin(self, head: Head, *, instead_of: Head | None) -> Outcome:
        """Set the head and tell the gateways; DUPLICATE if it is not what it was any more."""
        seen = ["", ""] if instead_of is None else [instead_of.stream, instead_of.position]
        args = [*seen, head.stream, head.position, CHANGES_CHANNEL, encode(head)]
        return await self._run(self._begin, [HEAD_KEY], args)

    async def beat(self, published: Head, listener_id: str) -> Outcome:
        """Say that this listener lives and where the head is.

        GAP or FOREIGN if Redis forgot; DEPOSED if another has claimed the lead.
        """
        args = [published.stream, published.position, listener_id, PRESENCE_TTL_S, CHANGES_CHANNEL]
        return await self._run(self._beat, [HEAD_KEY, LISTENER_KEY], args)

    async def _run(self, script: Any, keys: list[str], args: list[Any]) -> Outcome:
        with failures_as(RedisUnavailableError):
            return Outcome(await script(keys=keys, args=args))
