"""Sessions of PostgreSQL: their settings, and detection of a connection pooler."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, errors
from psycopg.sql import SQL, Composed, Literal

_ATTEMPTS = 20


def assignments(settings: Mapping[str, str], *, for_transaction: bool) -> list[Composed]:
    """Return, for each setting, an expression that sets it for the transaction or session."""
    return [
        SQL("pg_catalog.set_config({}, {}, {})").format(
            Literal(name), Literal(value), Literal(for_transaction)
        )
        for name, value in settings.items()
    ]


async def prepare(connection: AsyncConnection[Any], settings: Mapping[str, str]) -> bool:
    """Apply settings to a new session; return whether a connection pooler is in between.

    A pooler announces its own process id when a client connects, because the server process behind
    it may change. That id differs from ``pg_backend_pid()``.
    """
    if "statement_timeout" in settings:
        await _lift_timeout(connection)
    expressions = [
        SQL("pg_catalog.pg_backend_pid()"),
        *assignments(settings, for_transaction=False),
    ]
    statement = SQL("SELECT {}").format(SQL(", ").join(expressions))
    row = await (await connection.execute(statement, prepare=False)).fetchone()
    return row is None or row[0] != connection.info.backend_pid


async def _lift_timeout(connection: AsyncConnection[Any]) -> None:
    """Lift the role's statement_timeout. If it is very short, this takes several attempts."""
    for _ in range(_ATTEMPTS):
        with suppress(errors.QueryCanceled):
            await connection.execute("SET statement_timeout = 0", prepare=False)
            return
