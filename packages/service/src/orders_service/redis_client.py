"""redis-py's client as the services use it."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def redis_client(
    url: str, *, timeout_s: float = 5.0, decode_responses: bool = False
) -> redis.Redis:
    """Return a client that never retries by itself: each caller decides what to do instead."""
    return redis.Redis.from_url(
        url,
        decode_responses=decode_responses,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


@contextmanager
def failures_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` for any failure of a connection to Redis, or of its client."""
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise error(str(exc) or type(exc).__name__) from exc
