"""``orders psql``: the embedded psql, on the database of the running stack."""

import os
from pathlib import Path
from typing import Annotated

import typer

from orders_cli.stack import state
from orders_cli.stack.binaries import postgres_binaries
from orders_cli.stack.postgres import psql_environment
from orders_cli.up import DEFAULT_DATA

CONTEXT = {
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}
"""How to read this command's line: what is not ``--data`` is psql's, ``--help`` too."""


def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[PSQL ARGUMENTS]...", show_default=False)
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the stack.")] = DEFAULT_DATA,
) -> None:
    """Run psql on the database of the running stack; every argument is psql's own."""
    database = state.read_state(data).database
    program = str(postgres_binaries() / "psql")
    environment = psql_environment(database, dict(os.environ))
    os.execve(program, [program, *(arguments or [])], environment)  # noqa: S606  no shell wanted
