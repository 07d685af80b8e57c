"""redis-py's client, without retries and with plain errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import redis.asyncio as redis
from redis import exceptions

from orders_contract.names import RedisNames
from orders_service import redis_errors
from orders_service.redis_servers import RedisServers

_ELSEWHERE = (exceptions.ReadOnlyError, exceptions.AskError, exceptions.ClusterDownError)


class RedisClient(redis.Redis):
    """A client of the server that takes writes. ``names`` has the names of keys and channels."""

    def __init__(self, pool: redis.ConnectionPool, names: RedisNames) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.names = names


def redis_client(
    servers: RedisServers, *, timeout_s: float = 5.0, decode_responses: bool = False
) -> RedisClient:
    """Return a client that never retries by itself; each caller handles the error."""
    pool = connections(
        servers,
        decode_responses=decode_responses,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )
    return RedisClient(pool, servers.names)


def connections(servers: RedisServers, **options: Any) -> redis.ConnectionPool:
    """Return a pool whose connections fail with ConnectionError once they are unusable."""
    pool = servers.pool(**options)
    given: Any = pool.connection_class
    pool.connection_class = _ending(given)
    return pool


@cache
def _ending(base: Any) -> Any:
    class Ending(base):  # type: ignore[misc]
        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            try:
                await super().send_packed_command(*args, **options)
            except RuntimeError as exc:  # from uvloop; redis-py does not expect it
                await self.disconnect(nowait=True)
                raise redis.ConnectionError("Redis closed the connection") from exc

        async def read_response(self, *args: Any, **options: Any) -> Any:
            try:
                return await super().read_response(*args, **options)
            except _ELSEWHERE as exc:
                # Another server takes writes now; a new connection finds it.
                await self.disconnect(nowait=True)
                raise redis.ConnectionError(redis_errors.explain(exc)) from exc

    return Ending


@contextmanager
def failures_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` for any failure of a connection to Redis, or of its client."""
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise error(redis_errors.explain(exc)) from exc
