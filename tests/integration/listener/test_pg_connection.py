"""The listener's connection to a real PostgreSQL: questions, notifications, and its end."""

import asyncio
import select
import time
from collections.abc import Callable, Coroutine

import pytest
import uvloop
from psycopg.conninfo import make_conninfo

from harness.processes import LOOPBACK
from harness.proxy import Filter, Proxy
from harness.servers import Database
from orders_listener import pg_connection
from orders_listener.errors import DatabaseUnavailableError, NoAnswerError
from orders_listener.pg_connection import PgConnection

BACKEND = "SELECT pg_backend_pid()"


async def _terminate(database: Database, pid: bytes) -> None:
    with database.connect() as sql:
        sql.execute("SELECT pg_terminate_backend(%s)", [int(pid)])


async def _wait_for(connection: PgConnection, what: str) -> None:
    match what:
        case "notification":
            await connection.wait_for_notification(60)
        case "answer":
            await connection.ask("SELECT pg_sleep(60)")
        case _:
            await asyncio.sleep(0.2)  # the end comes meanwhile


@pytest.mark.anyio
async def test_answers_are_rows_of_text(database: Database) -> None:
    """Values of all types come as PostgreSQL writes them; null comes as an empty value."""
    async with PgConnection.connect(database.url, {}) as connection:
        rows = await connection.ask(
            "SELECT n, n > 1, nullif(n, 2), 'ä' FROM generate_series(1, $1) AS n", 2
        )
        assert rows == [(b"1", b"f", b"1", "ä".encode()), (b"2", b"t", b"", "ä".encode())]
        assert await connection.ask("SELECT WHERE false") == []


@pytest.mark.anyio
async def test_a_large_answer_is_complete(database: Database) -> None:
    """An answer that takes many reads is returned whole."""
    async with PgConnection.connect(database.url, {}) as connection:
        ((text,),) = await connection.ask("SELECT repeat('x', $1)", 5_000_000)
        assert text == b"x" * 5_000_000


@pytest.mark.anyio
async def test_a_notification_during_a_question_is_kept(database: Database) -> None:
    """A notification since the last wait counts, also one that comes with an answer; once only."""
    async with PgConnection.connect(database.url, {}) as connection:
        await connection.ask("LISTEN orders_changes")
        with database.connect() as sql:
            sql.execute("NOTIFY orders_changes")
        async with asyncio.timeout(5):
            await connection.wait_for_notification(60)
        with database.connect() as sql:
            sql.execute("NOTIFY orders_changes")
        assert await connection.ask("SELECT 1") == [(b"1",)]
        async with asyncio.timeout(5):
            await connection.wait_for_notification(60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connection.wait_for_notification(60)
        await connection.wait_for_notification(0.01)


class _JoiningProxy(Proxy):
    """When set to hold, sends an answer only together with the notification that follows it."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.hold = False
        self.held = asyncio.Event()
        self._pending = b""

    def _inbound(self) -> Filter:
        return self._join

    def _join(self, data: bytes) -> bytes:
        self._pending += data
        if self.hold and b"behind\0" not in self._pending:
            self.held.set()
            return b""
        joined, self._pending = self._pending, b""
        return joined


@pytest.mark.anyio
async def test_a_notification_behind_an_answer_is_received(database: Database) -> None:
    """I3: a notification that arrives in the same packet, after an answer, needs no further read.

    libpq leaves it unparsed when it returns the answer.
    """
    proxy = _JoiningProxy(database.port)
    await proxy.open()
    conninfo = make_conninfo(database.url, hostaddr=LOOPBACK, port=proxy.port)
    async with PgConnection.connect(conninfo, {}) as connection:
        await connection.ask("LISTEN orders_changes")
        await connection.ask("SELECT 1")  # prepares it
        proxy.hold = True
        answer = asyncio.create_task(connection.ask("SELECT 1"))
        await proxy.held.wait()
        with database.connect() as sql:
            sql.execute("NOTIFY orders_changes, 'behind'")
        assert await answer == [(b"1",)]
        async with asyncio.timeout(0.5):
            await connection.wait_for_notification(60)
    await proxy.close()


@pytest.mark.anyio
async def test_a_refusal_says_why(database: Database) -> None:
    """PostgreSQL's message is the error's text, and the connection stays usable."""
    async with PgConnection.connect(database.url, {}) as connection:
        with pytest.raises(DatabaseUnavailableError, match="division by zero"):
            await connection.ask("SELECT 1 / $1", 0)
        with pytest.raises(DatabaseUnavailableError, match="no_such_table"):
            await connection.ask("SELECT FROM no_such_table")
        assert await connection.ask("SELECT 1") == [(b"1",)]


@pytest.mark.anyio
async def test_a_cancelled_statement_is_no_answer(database: Database) -> None:
    """A statement that statement_timeout cancels is a NoAnswerError: fewer changes may succeed."""
    conninfo = make_conninfo(database.url, options="-c statement_timeout=50ms")
    async with PgConnection.connect(conninfo, {}) as connection:
        with pytest.raises(NoAnswerError, match="statement timeout"):
            await connection.ask("SELECT pg_sleep(60)")


@pytest.mark.anyio
async def test_silence_ends_the_connection(
    database: Database, database_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3: a half-open connection, kept by a proxy that passes nothing on, ends the question."""
    monkeypatch.setattr(pg_connection, "ANSWER_TIMEOUT_S", 0.3)
    conninfo = make_conninfo(database.url, hostaddr=LOOPBACK, port=database_proxy.port)
    async with PgConnection.connect(conninfo, {}) as connection:
        assert await connection.ask("SELECT 1") == [(b"1",)]
        database_proxy.freeze()
        async with asyncio.timeout(5):
            with pytest.raises(NoAnswerError, match=r"within 0\.3 s"):
                await connection.ask("SELECT 1")
        with pytest.raises(NoAnswerError):
            await connection.ask("SELECT 1")


def test_an_answer_that_came_while_the_process_was_stopped_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After SIGCONT timers run first: an answer that has arrived is read before giving up."""
    monkeypatch.setattr(pg_connection, "ANSWER_TIMEOUT_S", 0.05)

    async def asks() -> None:
        async with PgConnection.connect(database.url, {}) as connection:
            await connection.ask("SELECT 1")  # prepares it

            def stop() -> None:
                assert select.select([connection._descriptor], [], [], 5)[0]
                time.sleep(0.1)  # longer than the timeout: the process does not run

            asyncio.get_running_loop().call_soon(stop)
            assert await connection.ask("SELECT 1") == [(b"1",)]

    uvloop.run(asks())


@pytest.mark.anyio
@pytest.mark.parametrize("waiting_for", ["notification", "answer", "nothing"])
async def test_the_end_is_noticed(database: Database, waiting_for: str) -> None:
    """A terminated session ends every wait, and leaves no reader for the next descriptor."""
    for _ in range(3):  # the descriptors are used again
        async with PgConnection.connect(database.url, {}) as connection:
            ((pid,),) = await connection.ask(BACKEND)
            task = asyncio.create_task(_wait_for(connection, waiting_for))
            await asyncio.sleep(0.05)  # until it waits
            await _terminate(database, pid)
            async with asyncio.timeout(5):
                (error,) = await asyncio.gather(task, return_exceptions=True)
            expected = type(None) if waiting_for == "nothing" else DatabaseUnavailableError
            assert isinstance(error, expected), error
            with pytest.raises(DatabaseUnavailableError):
                await connection.ask(BACKEND)
            async with PgConnection.connect(database.url, {}) as other:
                assert await other.ask("SELECT 1") == [(b"1",)]


@pytest.mark.anyio
async def test_a_cancelled_question_ends_the_connection(database: Database) -> None:
    """The answer of a cancelled question must not be taken for that of the next one."""
    async with PgConnection.connect(database.url, {}) as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connection.ask("SELECT pg_sleep(1)")
        with pytest.raises(DatabaseUnavailableError):
            await connection.ask("SELECT 1")


@pytest.mark.anyio
async def test_a_wrong_password_is_reported(database: Database) -> None:
    """A refused connection is a DatabaseUnavailableError with PostgreSQL's reason."""
    with pytest.raises(DatabaseUnavailableError, match="password"):
        async with PgConnection.connect(database.url.replace(database.password, "wrong"), {}):
            pass


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_an_end_while_the_loop_did_not_run_is_noticed(
    database: Database, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    """A process that was stopped sends a question before it learns that the session ended."""

    async def asks() -> None:
        async with PgConnection.connect(database.url, {}) as connection:
            ((pid,),) = await connection.ask(BACKEND)
            with database.connect() as sql:
                sql.execute("SELECT pg_terminate_backend(%s, 5000)", [int(pid)])
            with pytest.raises(DatabaseUnavailableError):
                async with asyncio.timeout(5):  # wait_for would let the loop run first
                    await connection.ask(BACKEND)

    run(asks())
