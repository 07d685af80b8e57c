"""A connection to PostgreSQL for one statement at a time, and for notifications."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow

from orders_listener import pooling
from orders_listener.errors import DatabaseUnavailableError, NoAnswerError
from orders_service import sessions
from orders_service.postgres_errors import explain

ANSWER_TIMEOUT_S = 5.0
"""PostgreSQL cancels a statement earlier (settings.py). So no answer at all means that the
connection is dead, even if a proxy in between or a stopped backend keeps it open."""

Row = tuple[bytes, ...]
"""Values as PostgreSQL writes them, in UTF-8; empty for null."""

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class PgConnection:
    """One connection in autocommit mode, on libpq itself. Not for concurrent use.

    Every event waits for these statements. psycopg's cursor also handles types, transactions and
    concurrent users of its connection, so it takes twice as long. After DatabaseUnavailableError,
    or if the caller was cancelled, the connection may only be closed. It may be used again only if
    the server refused a statement.
    """

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._descriptor = pgconn.socket
        self._prepared: dict[str, bytes] = {}
        self._result: PGresult | None = None
        self._answer: asyncio.Future[PGresult] | None = None
        self._notified = asyncio.Event()
        self._lost: DatabaseUnavailableError | None = None
        self.answered_at = time.monotonic()
        self._watch()

    @classmethod
    @asynccontextmanager
    async def connect(cls, conninfo: str, settings: Mapping[str, str]) -> AsyncIterator[Self]:
        """Connect and apply settings; disconnect when the block ends, even during a statement.

        Raises:
            DatabaseUnavailableError: PostgreSQL cannot be reached, or refuses the connection.
            SharedSessionError: a connection pooler in front of it does not keep sessions.

        """
        try:
            connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        except psycopg.Error as exc:
            raise DatabaseUnavailableError(explain(exc)) from exc
        try:
            await _set_up(connection, conninfo, settings)
            opened = cls(connection.pgconn)
            try:
                yield opened
            finally:
                opened._lose(DatabaseUnavailableError("closed"))
        finally:
            await connection.close()

    async def ask(
        self, statement: str, *args: str | int, within_s: float | None = None
    ) -> list[Row]:
        """Run one statement, prepared at its first use, and return its rows."""
        if within_s is None:
            within_s = ANSWER_TIMEOUT_S
        name = self._prepared.get(statement)
        if name is None:
            name = str(len(self._prepared)).encode()
            await self._run(within_s, self._pgconn.send_prepare, name, statement.encode())
            self._prepared[statement] = name
        parameters = [str(arg).encode() for arg in args]
        # Sending would block if the socket's buffer were full. The buffer is empty, because the
        # last statement was answered.
        result = await self._run(within_s, self._pgconn.send_query_prepared, name, parameters)
        columns = range(result.nfields)
        return [
            tuple(result.get_value(row, column) or b"" for column in columns)
            for row in range(result.ntuples)
        ]

    async def wait_for_notification(self, timeout_s: float) -> None:
        """Return when a notification comes, has come since the last call, or the time is up."""
        timer = asyncio.get_running_loop().call_later(timeout_s, self._notified.set)
        try:
            await self._notified.wait()
        finally:
            timer.cancel()
        self._notified.clear()
        self._check()

    async def _run(self, within_s: float, send: Callable[..., None], *args: object) -> PGresult:
        self._check()
        loop = asyncio.get_running_loop()
        self._result, self._answer = None, loop.create_future()
        try:
            send(*args)
        except psycopg.Error as exc:
            self._lose(DatabaseUnavailableError(explain(exc)))
        timer = loop.call_later(within_s, self._give_up, within_s)
        try:
            result = await self._answer
        finally:
            timer.cancel()
        self.answered_at = time.monotonic()
        if result.status in _FAILED:
            failure = errors.error_from_result(result)
            cancelled = isinstance(failure, errors.QueryCanceled)
            error = NoAnswerError if cancelled else DatabaseUnavailableError
            raise error(explain(failure))
        return result

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _watch(self) -> None:
        """Wait for the socket to become readable, with a new registration each time.

        uvloop reports only once that a connection was reset (libuv, issue 3796), and the next read
        may return only what the server sent before.
        """
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        if self._lost is not None:
            return
        try:
            self._pgconn.consume_input()
            self._take_notifications()
            if self._answer is not None:
                self._take_results(self._answer)
                # libpq stops parsing at the result that it returns. A notification after it in the
                # same packet is still unparsed, and no other read would find it.
                self._take_notifications()
            self._watch()
        except psycopg.Error as exc:
            self._lose(DatabaseUnavailableError(explain(exc)))

    def _take_notifications(self) -> None:
        while self._pgconn.notifies() is not None:
            self._notified.set()

    def _take_results(self, answer: asyncio.Future[PGresult]) -> None:
        """Take the results that have arrived. If no more follow, the last one is the answer."""
        while not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is not None:
                self._result = result
                continue
            self._answer = None
            if self._result is not None and not answer.done():  # the caller may be cancelled
                answer.set_result(self._result)
            return

    def _give_up(self, within_s: float) -> None:
        self._read()  # after this process was stopped, the answer may be there already
        if self._answer is not None:
            self._lose(NoAnswerError(f"PostgreSQL did not answer within {within_s:g} s"))

    def _lose(self, error: DatabaseUnavailableError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        # Do this before anything else is opened: libpq may have closed the descriptor, and its
        # number may be used again.
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._notified.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


async def _set_up(
    connection: psycopg.AsyncConnection[TupleRow], conninfo: str, settings: Mapping[str, str]
) -> None:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            if await sessions.prepare(connection, settings):
                await pooling.require_session(connection, conninfo)
    except TimeoutError:
        raise NoAnswerError(f"PostgreSQL did not answer within {ANSWER_TIMEOUT_S:g} s") from None
    except psycopg.Error as exc:
        raise DatabaseUnavailableError(explain(exc)) from exc
