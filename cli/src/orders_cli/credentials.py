"""The token that commands send."""

from typing import Annotated

import typer

Token = Annotated[
    str | None,
    typer.Option(
        envvar="ORDERS_TOKEN",
        show_envvar=True,
        help="Needed if the system asks for tokens; `orders token` makes one.",
    ),
]


def authorization(token: str | None) -> dict[str, str]:
    """Return the header that carries a token; no header without one."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
