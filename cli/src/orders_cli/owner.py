"""Run SQL statements as the owner of the tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from orders_cli.addresses import owner_database
from orders_cli.errors import BadValueError, UnreachableError
from orders_service.postgres_errors import explain

Parameters = Sequence[Any] | Mapping[str, Any]


def run(data: Path, statement: str, parameters: Parameters = ()) -> list[TupleRow]:
    """Run a statement on the database of the running or configured system; return its rows.

    Raises:
        BadValueError: PostgreSQL refuses the statement.
        UnreachableError: there is no connection to the database.

    """
    return run_at(owner_database(data), statement, parameters)


def run_at(url: str, statement: str, parameters: Parameters = ()) -> list[TupleRow]:
    """Run a statement on the database at a URL; return and raise as ``run``."""
    try:
        with psycopg.connect(url) as connection:
            found = connection.execute(statement.encode(), parameters)
            return found.fetchall() if found.description else []
    except psycopg.errors.UndefinedTable as exc:
        raise BadValueError(
            "the database is of an earlier version: start the system once, or attach it again"
        ) from exc
    except psycopg.Error as exc:
        if exc.diag.message_primary is None:
            raise UnreachableError(f"no connection to the database: {explain(exc)}") from exc
        raise BadValueError(exc.diag.message_primary) from exc
