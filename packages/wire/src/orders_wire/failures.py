"""Redis's errors, as a service's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis.asyncio as redis


@contextmanager
def failures_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` for whatever a connection to Redis, or its client, raises inside."""
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise error(str(exc) or type(exc).__name__) from exc
