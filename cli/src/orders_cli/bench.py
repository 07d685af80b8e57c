"""``orders bench``: the measurements of ``bench/``, one or all."""

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
    quick: Annotated[bool, typer.Option("--quick", help="Some seconds each, to try them.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Say what there is.")] = False,
) -> None:
    """Measure, next to a baseline. Without a name: everything."""
    root = find_repository().root
    if not (root / "bench" / "__main__.py").is_file():
        raise OrdersError(f"{root} has no bench: measuring works from a clone of the repository")
    options = [*(["--quick"] if quick else []), *(["--list"] if list_ else [])]
    command = [sys.executable, "-m", "bench", *(names or []), *options]
    os.chdir(root)
    os.execv(sys.executable, command)  # noqa: S606  no shell wanted
