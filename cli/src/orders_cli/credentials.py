"""The token that commands show."""

from typing import Annotated

import typer

Token = Annotated[
    str | None,
    typer.Option(
        envvar="ORDERS_TOKEN",
        show_envvar=True,
        help="Where tokens are asked for; `orders token` makes one.",
    ),
]


def authorization(token: str | None) -> dict[str, str]:
    """Return the header that shows a token; none for none."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
