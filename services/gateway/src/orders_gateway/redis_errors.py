"""Redis's errors, as the gateway's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis

from orders_gateway.errors import RedisUnavailableError


@asynccontextmanager
async def redis_wrapped() -> AsyncIterator[None]:
    """Raise RedisUnavailableError for whatever the client raises inside."""
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise RedisUnavailableError(str(exc) or type(exc).__name__) from exc
