"""``orders bench``: run the benchmarks in ``bench/``, some or all."""

import os
import sys
from typing import Annotated

import typer

from orders_cli.errors import OrdersError
from orders_cli.repository import find_repository


def bench(
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few seconds each, to try them.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the benchmarks.")] = False,
) -> None:
    """Run benchmarks and a baseline; without names, all of them."""
    root = find_repository().root
    if not (root / "bench" / "__main__.py").is_file():
        raise OrdersError(f"{root} has no bench; benchmarks run from a clone of the repository")
    options = [*(["--quick"] if quick else []), *(["--list"] if list_ else [])]
    command = [sys.executable, "-m", "bench", *(names or []), *options]
    os.chdir(root)
    os.execv(sys.executable, command)  # noqa: S606  no shell wanted
