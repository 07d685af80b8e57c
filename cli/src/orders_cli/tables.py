"""``orders tables``, ``watch-table`` and ``unwatch-table``: which tables' changes are events."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from orders_cli.addresses import Data, owner_database
from orders_cli.errors import BadValueError, UnreachableError
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.terminal import printable
from orders_contract.schema import Schema, Table
from orders_service.postgres_errors import explain

Name = Annotated[
    str, typer.Argument(metavar="TABLE", help="As in SQL: notes, sales.items, '\"Notes\"'.")
]
_WARNINGS = {
    "missing": "triggers are missing, so changes make no events; watch the table again",
    "disabled": "triggers are disabled, so changes make no events;"
    " ALTER TABLE ... ENABLE TRIGGER ALL",
    "replica": "triggers fire for replication only, so other changes make no events;"
    " ALTER TABLE ... ENABLE ALWAYS TRIGGER ...",
}
"""By state of ``order_trigger_states()``."""


def tables(data: Data = DEFAULT_DATA) -> None:
    """List the watched tables of the running stack, and whether their triggers fire."""
    document, states = _query(
        data,
        "SELECT order_schema()::text, (SELECT json_object_agg(t.table, state)::text"
        " FROM order_trigger_states() AS t)",
    )
    state_of = json.loads(states or "{}")
    rows = [("TABLE", "KEY", "ORDER", "TRIGGERS", "COLUMNS")]
    warnings = []
    for table in Schema.parse(document).tables.values():
        parent = table.parent.column if table.parent else "-"
        state = state_of[table.name]
        rows.append((_names(table), ",".join(table.key), parent, state, " ".join(table.columns)))
        if state in _WARNINGS:
            warnings.append(f"warning: {table.name}: {_WARNINGS[state]}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo(printable("  ".join(map(str.ljust, row, widths)).rstrip()))
    for warning in warnings:
        typer.echo(printable(warning), err=True)


def _names(table: Table) -> str:
    """Return the name in events and, where it is another, the one in the database."""
    own = f"{table.namespace}.{table.relation}"
    return table.name if table.name in (own, table.relation) else f"{table.name} = {own}"


def watch_table(table: Name, data: Data = DEFAULT_DATA) -> None:
    """Make each change of a table an event. The table needs a primary key."""
    _change(data, "SELECT watch_table(%s::regclass)::text", table)
    typer.echo(f"{table} is watched")


def unwatch_table(table: Name, data: Data = DEFAULT_DATA) -> None:
    """Stop making events of a table's changes."""
    _change(data, "SELECT unwatch_table(%s::regclass)::text", table)
    typer.echo(f"{table} is not watched")


def _change(data: Path, statement: str, table: str) -> None:
    try:
        _query(data, statement, [table])
    except BadValueError as exc:
        # PostgreSQL does not repeat a name that it cannot read.
        raise BadValueError(f"{table!r} is not changed: {exc}") from exc


def _query(data: Path, statement: str, parameters: Iterable[str] = ()) -> tuple[str, ...]:
    """Run a statement as the owner of the tables; return its row."""
    try:
        with psycopg.connect(owner_database(data)) as connection:
            row = connection.execute(statement, list(parameters)).fetchone()
    except psycopg.Error as exc:
        if exc.diag.message_primary is None:
            raise UnreachableError(f"no connection to the database: {explain(exc)}") from exc
        raise BadValueError(exc.diag.message_primary) from exc
    return row or ()
