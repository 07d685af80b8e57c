"""The command ``orders``."""

import sys

import typer

from orders_cli.bench import bench
from orders_cli.errors import OrdersError
from orders_cli.psql import PsqlCommand, psql
from orders_cli.replay import replay
from orders_cli.simulate import simulate
from orders_cli.tokens import tokens
from orders_cli.up import up
from orders_cli.watch import watch


def build() -> typer.Typer:
    """Return the command with its subcommands."""
    app = typer.Typer(
        name="orders",
        help="Real-Time Orders on the command line.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for command in (up, watch, simulate, replay, bench):
        app.command()(command)
    app.command(cls=PsqlCommand)(psql)
    app.add_typer(tokens, name="token")
    return app


def main() -> int:
    """Run the command; an error is a sentence on stderr and an exit status."""
    try:
        build()()
    except OrdersError as exc:
        sys.stderr.write(f"orders: {exc}\n")
        return exc.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
