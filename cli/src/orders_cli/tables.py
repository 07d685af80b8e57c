"""``orders tables``, ``watch-table`` and ``unwatch-table``: list and choose watched tables."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from psycopg.rows import TupleRow

from orders_cli import owner
from orders_cli.addresses import Data
from orders_cli.errors import BadValueError
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.terminal import columns, printable
from orders_contract.schema import Schema, Table

Name = Annotated[
    str, typer.Argument(metavar="TABLE", help="As in SQL: notes, sales.items, '\"Notes\"'.")
]
_WARNINGS = {
    "missing": "triggers are missing, so changes make no events; watch the table again",
    "disabled": "triggers are disabled, so changes make no events;"
    " ALTER TABLE ... ENABLE TRIGGER ALL",
    "keyless": "it has no primary key, so changes make no events and it is not shown as watched;"
    " ALTER TABLE ... ADD PRIMARY KEY (...)",
    "replica": "triggers fire for replication only, so other changes make no events;"
    " ALTER TABLE ... ENABLE ALWAYS TRIGGER ...",
}
"""Warnings by the state that ``order_trigger_states()`` returns."""


def tables(data: Data = DEFAULT_DATA) -> None:
    """List the watched tables of the running stack, and whether their triggers fire."""
    document, states = _query(
        data,
        "SELECT order_schema()::text, (SELECT json_object_agg(t.table, state)::text"
        " FROM order_trigger_states() AS t)",
    )
    state_of = json.loads(states or "{}")
    rows = [("TABLE", "KEY", "ORDER", "TRIGGERS", "COLUMNS")]
    warnings = [
        f"warning: {name}: {_WARNINGS[state]}"
        for name, state in state_of.items()
        if state in _WARNINGS
    ]
    for table in Schema.parse(document).tables.values():
        parent = table.parent.column if table.parent else "-"
        key, of_columns = ",".join(table.key), " ".join(table.columns)
        rows.append((_names(table), key, parent, state_of[table.name], of_columns))
    for line in columns(rows):
        typer.echo(line)
    for warning in warnings:
        typer.echo(printable(warning), err=True)


def _names(table: Table) -> str:
    """Return the table's name in events, and its name in the database if that is different."""
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
        # PostgreSQL's message does not contain a name that it cannot parse.
        raise BadValueError(f"{table!r} is not changed: {exc}") from exc


def _query(data: Path, statement: str, parameters: Sequence[str] = ()) -> TupleRow:
    """Run a statement as the owner of the tables; return its first row, empty if there is none."""
    return next(iter(owner.run(data, statement, parameters)), ())
