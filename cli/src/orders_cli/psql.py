"""``orders psql``: the embedded psql, on the database of the running stack."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from orders_cli.stack import state
from orders_cli.stack.binaries import postgres_binaries
from orders_cli.stack.environment import psql_environment


class Command(TyperCommand):
    """Reads ``--data`` where it comes first; the rest is psql's, even ``--`` and ``--help``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the parser away from what is not ours."""
        ours = 0
        if args and args[0].startswith("--data="):
            ours = 1
        elif args and args[0] == "--data":
            ours = 2
        return super().parse_args(ctx, [*args[:ours], "--", *args[ours:]])


def psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[PSQL ARGUMENTS]...", show_default=False)
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of the stack.")] = state.DEFAULT_DATA,
) -> None:
    """Run psql on the database of the running stack; every argument is psql's own."""
    database = state.read_state(data).database
    program = str(postgres_binaries() / "psql")
    environment = psql_environment(database, dict(os.environ))
    os.execve(program, [program, *(arguments or [])], environment)  # noqa: S606  no shell wanted
