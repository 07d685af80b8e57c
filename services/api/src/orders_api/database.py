"""Connections to PostgreSQL: pooled, kept alive, and the driver's errors made ours."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from orders_api.errors import DatabaseUnavailableError
from orders_api.queries import SET_ACTOR

_POOL_TIMEOUT_S = 2.5
_ANSWER_TIMEOUT_S = 12.0
"""Longer than statement_timeout: for a server that does not even say that time is up."""
_MAX_WAITING = 1000

Connection: TypeAlias = AsyncConnection[TupleRow]
logger = structlog.get_logger()

# What says "not now" and not "not like this": the server is gone, full, shutting down, took too
# long, or became a standby.
_UNAVAILABLE = (
    psycopg.OperationalError,  # PoolTimeout and TooManyRequests are such, too
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    TimeoutError,
)


class Database:
    """A pool that outlives its database: whoever asks meanwhile is told within seconds.

    Connecting is tried again after about 1, 2 and 1 s, with jitter, then from the start, for ever.
    """

    def __init__(self, conninfo: str, max_connections: int) -> None:
        self._reachable = True
        self._pool = AsyncConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "prepare_threshold": 5},
            open=False,
            min_size=min(2, max_connections),
            max_size=max_connections,
            max_waiting=_MAX_WAITING,
            timeout=_POOL_TIMEOUT_S,
            reconnect_timeout=4,
            reconnect_failed=_grow_again,
            check=self._refuse_broken,
            name="orders",
        )

    async def __aenter__(self) -> Self:
        await self._pool.open()  # connects in the background
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def reading(self, within_s: float = _POOL_TIMEOUT_S) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit: each statement sees a snapshot of its own.

        Raises:
            DatabaseUnavailableError: there is none to be had, or it was lost on the way.

        """
        try:
            async with self._pool.connection(within_s) as connection:
                self._note(reachable=True)
                async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                    yield connection
        except _UNAVAILABLE as exc:
            if isinstance(exc, PoolTimeout) or _is_lost(exc):
                self._note(reachable=False, error=str(exc))
            raise DatabaseUnavailableError from exc

    @asynccontextmanager
    async def writing(self, actor: str = "") -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction, committed at the end.

        ``actor`` is who the changes are ascribed to in the log; empty for nobody in particular.

        Raises:
            DatabaseUnavailableError: as ``reading``. Was it lost during the commit, then nobody
                knows whether the change was made: nothing is tried twice here.

        """
        async with self.reading() as connection, connection.transaction():
            if actor:
                await connection.execute(SET_ACTOR, {"actor": actor})
            yield connection

    async def _refuse_broken(self, connection: Connection) -> None:
        """Refuse a pooled connection that has ended, without a round trip for one that has not.

        An idle connection has nothing to say, unless it is to say that it ends. If one has
        ended others have as well, so all are looked at before a request runs out of time.
        """
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if not poll.poll(0):
            return
        try:
            await connection.execute("")
        except psycopg.Error:
            await self._pool.check()
            raise

    def _note(self, *, reachable: bool, error: str = "") -> None:
        if reachable != self._reachable:
            self._reachable = reachable
            if reachable:
                logger.info("database_back")
            else:
                logger.warning("database_away", error=error)


async def _grow_again(pool: AsyncConnectionPool[Any]) -> None:
    """Go on connecting after the pool has given up, whether or not anybody asks."""
    await pool.check()


def _is_lost(exc: BaseException) -> bool:
    """Whether the server is gone, and not just this statement refused."""
    return isinstance(exc, psycopg.InterfaceError) or (
        isinstance(exc, psycopg.OperationalError) and exc.sqlstate in (None, "57P01", "57P02")
    )
