"""A listener's session of a real PostgreSQL: questions, the bell, and the end of it."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvloop

from harness.servers import Database
from orders_listener.errors import DatabaseUnavailableError
from orders_listener.pg_connection import PgConnection

WHO = "SELECT pg_backend_pid()"


async def _end_from_outside(database: Database, pid: bytes) -> None:
    with database.connect() as sql:
        sql.execute("SELECT pg_terminate_backend(%s)", [int(pid)])


async def _wait_for(connection: PgConnection, what: str) -> None:
    match what:
        case "bell":
            await connection.wait_for_notification(60)
        case "answer":
            await connection.ask("SELECT pg_sleep(60)")
        case _:
            await asyncio.sleep(0.2)  # the end comes meanwhile


@pytest.mark.anyio
async def test_answers_come_as_text_in_rows(database: Database) -> None:
    """Whatever the types: as PostgreSQL writes them, null as nothing."""
    async with PgConnection.connect(database.url) as connection:
        rows = await connection.ask(
            "SELECT n, n > 1, nullif(n, 2), 'ä' FROM generate_series(1, $1) AS n", 2
        )
        assert rows == [(b"1", b"f", b"1", "ä".encode()), (b"2", b"t", b"", "ä".encode())]
        assert await connection.ask("SELECT WHERE false") == []


@pytest.mark.anyio
async def test_large_answers_come_whole(database: Database) -> None:
    """Many reads, one answer."""
    async with PgConnection.connect(database.url) as connection:
        ((text,),) = await connection.ask("SELECT repeat('x', $1)", 5_000_000)
        assert text == b"x" * 5_000_000


@pytest.mark.anyio
async def test_the_bell_is_heard_also_while_a_question_is_asked(database: Database) -> None:
    """What rang since the last look counts; what rang before does not."""
    async with PgConnection.connect(database.url) as connection:
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


@pytest.mark.anyio
async def test_a_refusal_says_why(database: Database) -> None:
    """PostgreSQL's own words."""
    async with PgConnection.connect(database.url) as connection:
        with pytest.raises(DatabaseUnavailableError, match="division by zero"):
            await connection.ask("SELECT 1 / $1", 0)
        with pytest.raises(DatabaseUnavailableError, match="no_such_table"):
            await connection.ask("SELECT FROM no_such_table")


@pytest.mark.anyio
@pytest.mark.parametrize("waiting_for", ["bell", "answer", "nothing"])
async def test_the_end_is_noticed(database: Database, waiting_for: str) -> None:
    """Whatever is waited for; and nothing stays behind in the loop for whoever gets its number."""
    for _ in range(3):  # the descriptors are used again
        async with PgConnection.connect(database.url) as connection:
            ((pid,),) = await connection.ask(WHO)
            task = asyncio.create_task(_wait_for(connection, waiting_for))
            await asyncio.sleep(0.05)  # until it waits
            await _end_from_outside(database, pid)
            async with asyncio.timeout(5):
                (error,) = await asyncio.gather(task, return_exceptions=True)
            expected = type(None) if waiting_for == "nothing" else DatabaseUnavailableError
            assert isinstance(error, expected), error
            with pytest.raises(DatabaseUnavailableError):
                await connection.ask(WHO)
            async with PgConnection.connect(database.url) as other:
                assert await other.ask("SELECT 1") == [(b"1",)]


@pytest.mark.anyio
async def test_a_question_given_up_ends_the_session(database: Database) -> None:
    """Its answer would be taken for another's."""
    async with PgConnection.connect(database.url) as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connection.ask("SELECT pg_sleep(1)")
        with pytest.raises(DatabaseUnavailableError):
            await connection.ask("SELECT 1")


@pytest.mark.anyio
async def test_who_is_not_let_in_is_told(database: Database) -> None:
    """As an error of ours."""
    with pytest.raises(DatabaseUnavailableError, match="password"):
        async with PgConnection.connect(database.url.replace(database.password, "wrong")):
            pass


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_an_end_while_nobody_looked_is_noticed(
    database: Database, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    """A process that was frozen asks first and finds out after."""

    async def asks() -> None:
        async with PgConnection.connect(database.url) as connection:
            ((pid,),) = await connection.ask(WHO)
            with database.connect() as sql:
                sql.execute("SELECT pg_terminate_backend(%s, 5000)", [int(pid)])
            with pytest.raises(DatabaseUnavailableError):
                async with asyncio.timeout(5):  # wait_for would let the loop look first
                    await connection.ask(WHO)

    run(asks())
