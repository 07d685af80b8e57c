"""``orders psql``: run psql on the database of the running or configured system."""

import os
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from orders_cli.addresses import Data, owner_database
from orders_cli.errors import NotRunningError
from orders_cli.stack.binaries import postgres_binaries
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.stack.postgres import psql_environment


class Command(TyperCommand):
    """Parses only a leading ``--data``; passes all else to psql, even ``--`` and ``--help``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert ``--`` before the arguments of psql, so that they are not parsed."""
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
    data: Data = DEFAULT_DATA,
) -> None:
    """Run psql on the database of the running stack; all arguments are psql's."""
    program = str(postgres_binaries() / "psql")
    try:
        environment = psql_environment(owner_database(data), os.environ)
    except NotRunningError:
        if not any(_needs_no_database(each) for each in arguments or []):
            raise
        environment = dict(os.environ)
    os.execve(program, [program, *(arguments or [])], environment)  # noqa: S606  no shell wanted


def _needs_no_database(argument: str) -> bool:
    return argument in {"-?", "-V", "--version"} or argument.partition("=")[0] == "--help"
