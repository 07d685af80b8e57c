"""Connections to PostgreSQL: a pool that outlives its server, and the driver's errors wrapped."""

import asyncio
import os
import select
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, LiteralString, Self, TypeAlias

import psycopg
import structlog
from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from orders_api.errors import DatabaseUnavailableError, SchemaChangedError, StatementError
from orders_api.queries import SET_ACTOR
from orders_service import sessions
from orders_service.postgres_errors import explain

_POOL_TIMEOUT_S = 2.5
_ANSWER_TIMEOUT_S = 12.0
"""Longer than statement_timeout: for a server that does not even report that time is up, or a
connection that is half open: TCP keeps it alive, and nothing passes."""
_MAX_WAITING = 1000
_NONE_FREE = (
    f"no connection to PostgreSQL became free within {_POOL_TIMEOUT_S:g} s: it does not answer, or "
    "all are in use (DB_POOL_CONNECTIONS, DB_WRITE_CONNECTIONS)"
)
_SHORTEST_WAIT_S = 0.001

Connection: TypeAlias = AsyncConnection[TupleRow]
Statement: TypeAlias = LiteralString | bytes | Composed
logger = structlog.get_logger()

# The server is gone, full, shutting down, took too long, or became a standby: try again later.
_UNAVAILABLE = (
    psycopg.OperationalError,  # also of PoolTimeout and TooManyRequests
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    TimeoutError,
)
# The driver has them in the same class, but the request causes them: a value is too large.
_TOO_LARGE = (errors.ProgramLimitExceeded, errors.StatementTooComplex)
_SCHEMA_CHANGED = (
    errors.UndefinedColumn,
    errors.UndefinedTable,
    errors.UndefinedObject,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
    errors.CannotCoerce,
    errors.GeneratedAlways,
    errors.InvalidSchemaName,
    errors.FeatureNotSupported,  # "cached plan must not change result type"
)


class Database:
    """A pool of connections. While the server is away, requests fail within seconds.

    Connecting is retried after about 1, 2 and 1 s, with jitter, then from the start, for ever.
    ``session`` are the session settings of every statement. Behind a connection pooler such as
    PgBouncer, each transaction may run in another session of the server: then each statement has a
    transaction of its own that begins with the settings, and none is prepared.
    """

    def __init__(
        self,
        conninfo: str,
        session: Mapping[str, str],
        max_connections: int,
        purpose: str,
        *,
        min_connections: int = 2,
    ) -> None:
        self._session = session
        self._pinned = _pinned(session, "READ COMMITTED")
        self._snapshot = _pinned(session, "REPEATABLE READ")
        self._is_shared = False
        self._away = ""
        self._purpose = purpose
        self._drained_at_s = time.monotonic()
        self.failure = ""
        """Why the last attempt to connect failed; empty if it succeeded."""
        self._free = asyncio.Semaphore(max_connections)
        self._waiting = 0
        self._pool = AsyncConnectionPool(
            conninfo,
            connection_class=_reporting(self._note_attempt),
            kwargs={"autocommit": True, "prepare_threshold": 5},
            configure=self._set_up,
            open=False,
            min_size=min(min_connections, max_connections),
            max_size=max_connections,
            timeout=_POOL_TIMEOUT_S,
            reconnect_timeout=4,
            reconnect_failed=_grow_again,
            check=self._refuse_broken,
            name=purpose,
        )

    async def __aenter__(self) -> Self:
        await self._pool.open()  # connects in the background
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(
        self,
        within_s: float = _POOL_TIMEOUT_S,
        *,
        for_s: float | None = None,
        in_snapshot: bool = False,
    ) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit: each statement is a transaction of its own.

        It is lent for ``for_s`` at most, usually 12 s. ``in_snapshot``: in one transaction, see
        ``snapshot``.

        Raises:
            DatabaseUnavailableError: no connection became free in time, or it was lost.
            SchemaChangedError: a statement does not fit the tables.
            StatementError: PostgreSQL refused a statement for another reason.

        """
        for_s = _ANSWER_TIMEOUT_S if for_s is None else for_s
        try:
            connection = await self._lend(within_s)
            lent_at_s = time.monotonic()
            try:
                with answering(connection, for_s):
                    self._note("")
                    if in_snapshot or self._is_shared:
                        async with self._settled(connection, in_snapshot=in_snapshot):
                            yield connection
                    else:
                        yield connection
            except errors.FeatureNotSupported:
                await connection.close()  # with its prepared statements
                raise
            finally:
                await self._take_back(connection, lent_at_s, for_s)
        except _TOO_LARGE as exc:
            if exc.diag.source_function == "PreCommit_Notify":  # its queue is full
                raise DatabaseUnavailableError from None
            raise StatementError(exc) from None
        except _UNAVAILABLE as exc:
            if isinstance(exc, PoolTimeout) or _is_lost(exc):
                self._note(self.failure or _why(exc))
            raise DatabaseUnavailableError from None
        except _SCHEMA_CHANGED as exc:
            raise SchemaChangedError(exc) from None
        except psycopg.Error as exc:
            raise StatementError(exc) from None

    @asynccontextmanager
    async def snapshot(self, for_s: float) -> AsyncIterator[Connection]:
        """Lend a connection whose statements see one state of the database; see ``connection``.

        Each statement should be within ``answering``: only the whole is limited here.
        """
        async with self.connection(for_s=for_s, in_snapshot=True) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self, actor: str = "") -> AsyncIterator[Connection]:
        """Lend a connection within one transaction, which is committed at the end.

        ``actor`` is recorded in the log as the author of the changes; empty for no author.

        Raises:
            DatabaseUnavailableError: as ``connection``. If the connection was lost during the
                commit, it is unknown whether the change was made; nothing is retried here.

        """
        async with self.connection() as connection, connection.transaction():
            if actor:
                await connection.execute(SET_ACTOR, {"actor": actor})
            yield connection

    async def one(self, statement: Statement, values: Mapping[str, Any]) -> TupleRow:
        """Execute a statement by itself and return its one row."""
        async with self.connection() as connection:
            return await one(connection, statement, values)

    async def one_or_none(self, statement: Statement, values: Mapping[str, Any]) -> TupleRow | None:
        """Execute a statement by itself and return its first row, if there is one."""
        async with self.connection() as connection:
            return await one_or_none(connection, statement, values)

    async def all(
        self, statement: Statement, values: Mapping[str, Any] | None = None
    ) -> list[TupleRow]:
        """Execute a statement by itself and return its rows."""
        async with self.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def run(self, statement: Statement, values: Mapping[str, Any] | None = None) -> None:
        """Execute a statement by itself."""
        async with self.connection() as connection:
            await connection.execute(statement, values)

    async def _lend(self, within_s: float) -> Connection:
        """Return a free connection.

        Those that wait for one wait here: the pool would make a task for each of them.
        """
        if self._free.locked():
            within_s = await self._wait(within_s)
        else:
            await self._free.acquire()
        try:
            return await self._pool.getconn(within_s)
        except BaseException:
            self._free.release()
            raise

    async def _wait(self, within_s: float) -> float:
        """Wait until a connection becomes free; return the remaining time."""
        if self._waiting >= _MAX_WAITING:
            raise TooManyRequests(f"{self._waiting} requests wait for a connection")
        deadline_s = time.monotonic() + within_s
        self._waiting += 1
        try:
            async with asyncio.timeout(within_s):
                await self._free.acquire()
        except TimeoutError:
            raise PoolTimeout(_NONE_FREE) from None
        finally:
            self._waiting -= 1
        return max(deadline_s - time.monotonic(), _SHORTEST_WAIT_S)

    async def _take_back(self, connection: Connection, lent_at_s: float, for_s: float) -> None:
        """Return a connection; one that was silent ends the idle ones, which may be dead too."""
        try:
            is_silent = time.monotonic() - lent_at_s >= for_s
            if is_silent and lent_at_s > self._drained_at_s:
                self._drained_at_s = time.monotonic()
                await self._pool.drain()
        finally:
            try:
                await self._pool.putconn(connection)
            finally:
                self._free.release()

    async def _set_up(self, connection: Connection) -> None:
        try:
            is_shared = await sessions.prepare(connection, self._session)
        except psycopg.Error as exc:
            self._note_attempt(exc)
            raise
        if is_shared:
            connection.prepare_threshold = None
            if not self._is_shared:
                self._is_shared = True
                logger.info("connection_pool_found")

    @asynccontextmanager
    async def _settled(
        self, connection: Connection, *, in_snapshot: bool = False
    ) -> AsyncIterator[None]:
        """Run the block in a transaction under the session's settings, since servers may change."""
        await connection.execute(self._snapshot if in_snapshot else self._pinned, prepare=False)
        try:
            yield
        except (Exception, GeneratorExit):
            if not connection.closed:
                await connection.rollback()
            raise
        except asyncio.CancelledError:
            await connection.close()  # the server may not answer
            raise
        await connection.commit()

    async def _refuse_broken(self, connection: Connection) -> None:
        """Refuse a pooled connection that has ended, without a round trip for one that has not.

        An idle connection is silent unless it ends. If one has ended others may have as well, so
        all are checked before a request runs out of time.
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

    def _note_attempt(self, error: psycopg.Error | None) -> None:
        self.failure = "" if error is None else explain(error)

    def _note(self, failure: str) -> None:
        """Log why the server is away when that changes, and once it is back."""
        if failure != self._away:
            self._away = failure
            if failure:
                logger.warning("database_away", connections=self._purpose, error=failure)
            else:
                logger.info("database_back", connections=self._purpose)


def _reporting(report: Callable[[psycopg.Error | None], None]) -> type[Connection]:
    """Return a class of connections that reports how each attempt to connect ended.

    The pool tells those who wait only that they have waited too long.
    """

    class Reporting(AsyncConnection[TupleRow]):
        @classmethod
        async def connect(cls, conninfo: str = "", **options: Any) -> Self:
            try:
                connection = await super().connect(conninfo, **options)
            except psycopg.Error as exc:
                report(exc)
                raise
            report(None)
            return connection

    return Reporting


def _pinned(session: Mapping[str, str], isolation: LiteralString) -> Composed:
    """Return the statements that begin a transaction under these settings, in one packet."""
    # A standby refuses READ WRITE; reading there is possible.
    writes = SQL(
        "CASE WHEN NOT pg_catalog.pg_is_in_recovery()"
        " THEN pg_catalog.set_config('transaction_read_only', 'off', true) END"
    )
    expressions = SQL(", ").join([writes, *sessions.assignments(session, for_transaction=True)])
    return SQL("BEGIN ISOLATION LEVEL {}; SELECT {}").format(SQL(isolation), expressions)


async def one_or_none(
    connection: Connection, statement: Statement, values: Mapping[str, Any]
) -> TupleRow | None:
    """Execute a statement and return its first row, if there is one."""
    return await (await connection.execute(statement, values)).fetchone()


async def one(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> TupleRow:
    """Execute a statement that always returns a row, and return it."""
    row = await one_or_none(connection, statement, values)
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row


@contextmanager
def answering(connection: Connection, within_s: float) -> Iterator[None]:
    """End the connection if the block takes longer, so that it fails as one that was lost.

    The task is not cancelled: the driver would first ask the server to cancel the statement, and
    wait for another 5 s.
    """
    timer = asyncio.get_running_loop().call_later(within_s, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    """End a connection as its server would, so that the driver reports it as lost."""
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as shared, suppress(OSError):
            shared.shutdown(socket.SHUT_RDWR)


def _why(exc: BaseException) -> str:
    if isinstance(exc, psycopg.Error) and not isinstance(exc, PoolTimeout):
        return explain(exc)
    return _NONE_FREE


async def _grow_again(pool: AsyncConnectionPool[Any]) -> None:
    """Go on connecting after the pool has given up, whether or not a request waits."""
    await pool.check()


def _is_lost(exc: BaseException) -> bool:
    """Return whether the server is gone, rather than this statement refused."""
    return isinstance(exc, psycopg.InterfaceError) or (
        isinstance(exc, psycopg.OperationalError)
        and exc.sqlstate in (None, "08P01", "57P01", "57P02")  # the first two also of a pool
    )
