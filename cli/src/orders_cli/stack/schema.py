"""Run the database script on the database of the stack."""

from pathlib import Path

import psycopg

from orders_cli.errors import StackError
from orders_service.postgres_errors import NO_DATABASE, explain

# On one machine the same user owns the files of the database and runs the API: docs/adr/0036.
_LET_ADMINS = b"""
    GRANT EXECUTE ON FUNCTION order_admin_watch, order_admin_add_choice, order_admin_remove_choice
       TO orders_api
"""


async def apply_schema(script: Path, url: str, *, embedded: bool) -> None:
    """Run the database script, which may run any number of times.

    In an embedded database, also let admins use the dashboard for tasks of the tables' owner. psql
    cannot be used here, because the psql of the packages has no TLS.

    Raises:
        StackError: the script failed.

    """
    statements = script.read_bytes()  # noqa: ASYNC240  a small file
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(statements)
            if embedded:
                await connection.execute(_LET_ADMINS)
    except psycopg.Error as exc:
        sentence = explain(exc)
        if sentence == NO_DATABASE:
            raise StackError(f"{NO_DATABASE}; to restore a dump: docs/backup.md") from exc
        raise StackError(f"{script} failed: {sentence}") from exc
