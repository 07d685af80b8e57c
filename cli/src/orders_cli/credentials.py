"""The token that commands send."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orders_cli.errors import BadValueError


def _read(context: typer.Context, param: typer.CallbackParam, value: str | None) -> str | None:
    """Return the token, from the environment variable, from the named file, or (-) from stdin."""
    source = context.get_parameter_source(param.name or "")
    if value is None or source is None or source.name != "COMMANDLINE":
        return value
    try:
        return (sys.stdin.read() if value == "-" else Path(value).read_text("utf-8")).strip()
    except (OSError, ValueError) as exc:
        raise BadValueError(f"the token cannot be read from {value!r}: {exc}") from exc


Token = Annotated[
    str | None,
    # No option takes the token itself, because other users of the machine can see arguments.
    typer.Option(
        "--token-file",
        metavar="FILE",
        envvar="ORDERS_TOKEN",
        show_envvar=False,
        callback=_read,
        help="File with the token, - for stdin. Default: the token in ORDERS_TOKEN. Needed if the "
        "system asks for tokens; `orders token` makes one.",
    ),
]


def authorization(token: str | None) -> dict[str, str]:
    """Return the Authorization header for a token; no header without a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
