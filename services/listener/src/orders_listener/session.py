"""A session of PostgreSQL that asks, one question at a time, and hears the bell."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from orders_listener.errors import DatabaseUnavailableError

Row = tuple[bytes, ...]
"""Values as PostgreSQL writes them, in UTF-8; empty for null."""

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Session:
    """One connection in autocommit mode, straight on libpq. Not for concurrent use.

    Every event waits for what is done here, and a cursor, which knows about types, transactions and
    other users of its connection, takes twice as long over a question. Each method raises
    DatabaseUnavailableError when the session is lost or the server refuses; after that, and after
    a question that was given up, it is of no more use.
    """

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._descriptor = pgconn.socket
        self._prepared: dict[str, bytes] = {}
        self._result: PGresult | None = None
        self._answered: asyncio.Future[PGresult] | None = None
        self._rung = asyncio.Event()
        self._lost = ""
        self._watch()

    @classmethod
    @asynccontextmanager
    async def connect(cls, conninfo: str) -> AsyncIterator[Self]:
        """Connect; close on leaving, whatever is under way."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, client_encoding="UTF8"
            )
        except psycopg.Error as exc:
            raise DatabaseUnavailableError(str(exc).strip()) from exc
        session = cls(connection.pgconn)
        try:
            yield session
        finally:
            session._lose("closed")
            await connection.close()

    async def ask(self, statement: str, *args: str | int) -> list[Row]:
        """Run one statement, which is prepared the first time, and return its rows."""
        name = self._prepared.get(statement) or await self._prepare(statement)
        params = [str(arg).encode() for arg in args]
        with self._asking():
            # This could wait for room to send; there is: the question before was answered.
            self._pgconn.send_query_prepared(name, params)
        result = await self._answer()
        columns = range(result.nfields)
        return [
            tuple(result.get_value(row, column) or b"" for column in columns)
            for row in range(result.ntuples)
        ]

    async def wait_for_bell(self, timeout_s: float) -> None:
        """Return when the bell rings, has rung since the last call, or the time is up."""
        timer = asyncio.get_running_loop().call_later(timeout_s, self._rung.set)
        try:
            await self._rung.wait()
        finally:
            timer.cancel()
        self._rung.clear()
        self._check()

    async def _prepare(self, statement: str) -> bytes:
        name = str(len(self._prepared)).encode()
        with self._asking():
            self._pgconn.send_prepare(name, statement.encode())
        await self._answer()
        self._prepared[statement] = name
        return name

    @contextmanager
    def _asking(self) -> Iterator[None]:
        self._check()
        try:
            yield
        except psycopg.Error as exc:
            self._lose(str(exc).strip())
            raise DatabaseUnavailableError(self._lost) from exc

    async def _answer(self) -> PGresult:
        self._result = None
        self._answered = asyncio.get_running_loop().create_future()
        result = await self._answered
        if result.status in _FAILED:
            raise DatabaseUnavailableError(str(psycopg.errors.error_from_result(result)).strip())
        return result

    def _check(self) -> None:
        if self._lost:
            raise DatabaseUnavailableError(self._lost)

    def _watch(self) -> None:
        """Hear of what comes next.

        Before each wait anew: of a connection that was reset uvloop tells once and never again
        (libuv, issue 3796), and one look need not see the end, if the server said something first.
        """
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        """Take what the server sent."""
        if self._lost:
            return
        try:
            self._pgconn.consume_input()
            while self._pgconn.notifies() is not None:
                self._rung.set()
            if self._answered is not None:
                self._take_results(self._answered)
            self._watch()
        except psycopg.Error as exc:
            self._lose(str(exc).strip())

    def _take_results(self, answered: asyncio.Future[PGresult]) -> None:
        """Take the results that are there. The answer is the last, and whole when none follows."""
        while not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is not None:
                self._result = result
                continue
            self._answered = None
            if self._result is not None and not answered.done():  # who asked may have given up
                answered.set_result(self._result)
            return

    def _lose(self, why: str) -> None:
        if self._lost:
            return
        self._lost = why
        # Before anything else is opened: libpq may have closed it, and its number is free again.
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._rung.set()
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(DatabaseUnavailableError(why))
