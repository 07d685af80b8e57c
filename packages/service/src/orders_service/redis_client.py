"""redis-py's client as the services use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from orders_service import redis_errors


def redis_client(
    url: str, *, timeout_s: float = 5.0, decode_responses: bool = False
) -> redis.Redis:
    """Return a client that never retries by itself: each caller decides what to do instead."""
    client = redis.Redis.from_url(
        url,
        decode_responses=decode_responses,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    report_closing(client.connection_pool)
    return client


def report_closing(pool: redis.ConnectionPool) -> None:
    """Make a pool's connections raise a ConnectionError when they send after the server's end."""
    given: Any = pool.connection_class
    pool.connection_class = _reporting(given)


@cache
def _reporting(base: Any) -> Any:
    class Reporting(base):  # type: ignore[misc]
        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            try:
                await super().send_packed_command(*args, **options)
            except RuntimeError as exc:  # uvloop's, which redis-py does not expect
                await self.disconnect(nowait=True)
                raise redis.ConnectionError("Redis closed the connection") from exc

    return Reporting


@contextmanager
def failures_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` for any failure of a connection to Redis, or of its client."""
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise error(redis_errors.explain(exc)) from exc
