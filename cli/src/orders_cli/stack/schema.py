"""The database script, run on the database of the stack."""

from pathlib import Path

import psycopg

from orders_cli.errors import StackError
from orders_service.postgres_errors import NO_DATABASE, explain


async def apply_schema(script: Path, url: str) -> None:
    """Run the database script, which may run any number of times.

    Not with psql: the embedded one does not speak TLS.

    Raises:
        StackError: it failed.

    """
    statements = script.read_bytes()  # noqa: ASYNC240  a small file
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(statements)
    except psycopg.Error as exc:
        sentence = explain(exc)
        if sentence == NO_DATABASE:
            raise StackError(f"{NO_DATABASE}; to restore a dump: docs/backup.md") from exc
        raise StackError(f"{script} failed: {sentence}") from exc
