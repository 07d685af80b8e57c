"""Connections to PostgreSQL: a pool that reconnects, and translation of the driver's errors."""

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
"""Longer than statement_timeout: it covers servers that do not enforce statement_timeout, and
connections that TCP keeps open although no data passes."""
_MAX_WAITING = 1000
_NONE_FREE = (
    f"no connection to PostgreSQL became free within {_POOL_TIMEOUT_S:g} s: it does not answer, or "
    "all are in use (DB_POOL_CONNECTIONS, DB_WRITE_CONNECTIONS)"
)
_SHORTEST_WAIT_S = 0.001

Connection: TypeAlias = AsyncConnection[TupleRow]
Statement: TypeAlias = LiteralString | bytes | Composed
logger = structlog.get_logger()

# The server is gone, full, shutting down, too slow, or has become a standby. Clients can try again.
_UNAVAILABLE = (
    psycopg.OperationalError,  # includes PoolTimeout and TooManyRequests
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    TimeoutError,
)
# These are OperationalErrors too, but the request causes them: a value is too large.
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

    The pool retries to connect after about 1, 2 and 1 s, with jitter, and repeats that sequence
    without end. ``session`` are the session settings of every statement. Behind a connection pooler
    such as PgBouncer, each transaction may run in another session of the server. Each statement
    then runs in a transaction of its own that begins with the settings, and none is prepared.
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
        """Yield a connection in autocommit mode: each statement is a transaction of its own.

        The block may take ``for_s`` seconds, by default 12. With ``in_snapshot`` all statements
        are in one transaction; see ``snapshot``.

        Raises:
            DatabaseUnavailableError: no connection became free in time, or the connection was lost.
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
                await connection.close()  # to drop its prepared statements
                raise
            finally:
                await self._take_back(connection, lent_at_s, for_s)
        except _TOO_LARGE as exc:
            if exc.diag.source_function == "PreCommit_Notify":  # the NOTIFY queue is full
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
        """Yield a connection whose statements all see the same state of the database.

        Only the whole block is limited, to ``for_s`` seconds: use ``answering`` around each
        statement. Raises the errors of ``connection``.
        """
        async with self.connection(for_s=for_s, in_snapshot=True) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self, actor: str = "") -> AsyncIterator[Connection]:
        """Yield a connection in a transaction, which is committed at the end of the block.

        ``actor`` is recorded in the log as the author of the changes; empty for no author.

        Raises:
            DatabaseUnavailableError: as for ``connection``. If the connection was lost during the
                commit, it is unknown whether the changes were made. They are not retried.

        """
        async with self.connection() as connection, connection.transaction():
            if actor:
                await connection.execute(SET_ACTOR, {"actor": actor})
            yield connection

    async def one(self, statement: Statement, values: Mapping[str, Any]) -> TupleRow:
        """Execute a single statement that always returns a row, and return that row."""
        async with self.connection() as connection:
            return await one(connection, statement, values)

    async def one_or_none(self, statement: Statement, values: Mapping[str, Any]) -> TupleRow | None:
        """Execute a single statement and return its first row, or None."""
        async with self.connection() as connection:
            return await one_or_none(connection, statement, values)

    async def all(
        self, statement: Statement, values: Mapping[str, Any] | None = None
    ) -> list[TupleRow]:
        """Execute a single statement and return its rows."""
        async with self.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def run(self, statement: Statement, values: Mapping[str, Any] | None = None) -> None:
        """Execute a single statement."""
        async with self.connection() as connection:
            await connection.execute(statement, values)

    async def _lend(self, within_s: float) -> Connection:
        """Return a free connection.

        Requests wait here and not in the pool, which would make a task for each of them.
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
        """Wait until a connection becomes free; return the remaining time in seconds."""
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
        """Give a connection back to the pool.

        If the server did not answer on it in time, also close the idle connections, which may be
        dead too.
        """
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
        """Run the block in a transaction that begins with the session settings.

        Behind a pooler they would not last: the next transaction may run in another session.
        """
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
        """Raise an error if a pooled connection has ended; an intact one costs no round trip.

        An idle connection receives data only when it ends. If one has ended, others may have too,
        so all are checked before a request runs out of time.
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
        """Log the reason when the server goes away or the reason changes, and when it is back."""
        if failure != self._away:
            self._away = failure
            if failure:
                logger.warning("database_away", connections=self._purpose, error=failure)
            else:
                logger.info("database_back", connections=self._purpose)


def _reporting(report: Callable[[psycopg.Error | None], None]) -> type[Connection]:
    """Return a class of connections that reports the result of each attempt to connect.

    The pool itself reports only that a request has waited too long.
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
    """Return the statements that begin a transaction with these settings, as one query text."""
    # A standby refuses READ WRITE, but can be read.
    writes = SQL(
        "CASE WHEN NOT pg_catalog.pg_is_in_recovery()"
        " THEN pg_catalog.set_config('transaction_read_only', 'off', true) END"
    )
    expressions = SQL(", ").join([writes, *sessions.assignments(session, for_transaction=True)])
    return SQL("BEGIN ISOLATION LEVEL {}; SELECT {}").format(SQL(isolation), expressions)


async def one_or_none(
    connection: Connection, statement: Statement, values: Mapping[str, Any]
) -> TupleRow | None:
    """Execute a statement and return its first row, or None."""
    return await (await connection.execute(statement, values)).fetchone()


async def one(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> TupleRow:
    """Execute a statement that always returns a row, and return that row."""
    row = await one_or_none(connection, statement, values)
    if row is None:
        raise LookupError("a statement that always returns a row returned none")
    return row


@contextmanager
def answering(connection: Connection, within_s: float) -> Iterator[None]:
    """Shut the connection down if the block takes longer; the block then fails as if it was lost.

    The task is not cancelled, because the driver would then ask the server to cancel the statement
    and wait for another 5 s.
    """
    timer = asyncio.get_running_loop().call_later(within_s, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    """Shut down the socket of a connection, so that the driver reports the connection as lost."""
    if not connection.closed:
        with socket.socket(fileno=os.dup(connection.fileno())) as shared, suppress(OSError):
            shared.shutdown(socket.SHUT_RDWR)


def _why(exc: BaseException) -> str:
    if isinstance(exc, psycopg.Error) and not isinstance(exc, PoolTimeout):
        return explain(exc)
    return _NONE_FREE


async def _grow_again(pool: AsyncConnectionPool[Any]) -> None:
    """Make the pool connect again after it has given up, even if no request waits."""
    await pool.check()


def _is_lost(exc: BaseException) -> bool:
    """Return whether the connection to the server was lost; False if a statement was refused."""
    return isinstance(exc, psycopg.InterfaceError) or (
        isinstance(exc, psycopg.OperationalError)
        and exc.sqlstate in (None, "08P01", "57P01", "57P02")  # a pooler causes the first two too
    )
