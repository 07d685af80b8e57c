"""The subcommands of ``orders``."""

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

from orders_cli.errors import OrdersError
from orders_cli.terminal import printable

COMMANDS = {
    "up": "up:up",
    "attach": "attach:attach",
    "watch": "watch:watch",
    "simulate": "simulate:simulate",
    "replay": "replay:replay",
    "import": "import_file:import_file",
    "export": "export:export",
    "types": "row_types:types",
    "tables": "tables:tables",
    "watch-table": "tables:watch_table",
    "unwatch-table": "tables:unwatch_table",
    "bench": "bench:bench",
    "psql": "psql:psql",
    "token": "tokens:tokens",
    "user": "users:users",
}
"""Module and function of each subcommand, imported only if needed: all take most of a second."""


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command ``orders`` with these subcommands."""
    app = typer.Typer(
        name="orders",
        help="Real-Time Orders on the command line.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(lambda: None)  # with a single subcommand Typer would drop its name
    for name in names:
        module_name, _, attribute = COMMANDS[name].partition(":")
        module = import_module(f"orders_cli.{module_name}")
        found = getattr(module, attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, cls=getattr(module, "Command", None))(found)
    return app


def run() -> int:
    """Run the command and return its exit status; print an error as a sentence on stderr."""
    asked = sys.argv[1:2]
    try:
        build(asked if asked and asked[0] in COMMANDS else COMMANDS)()
    except OrdersError as exc:
        sys.stderr.write(f"orders: {printable(str(exc))}\n")
        return exc.exit_status
    return 0
