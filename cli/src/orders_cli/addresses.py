"""Addresses of the system to which a command connects."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from orders_cli.errors import BadValueError, NotRunningError
from orders_cli.settings import load_settings
from orders_cli.stack.data_folder import DEFAULT_DATA, read_state

Api = Annotated[
    str | None,
    typer.Option(
        help="Address. Default: ORDERS_API, else that of the running stack, else port 3000 of this "
        "host."
    ),
]
Data = Annotated[Path, typer.Option(help="Data folder of the stack.")]


def edge_address(explicit: str | None, data: Path = DEFAULT_DATA) -> str:
    """Return the HTTP address of the edge: explicit, that of the running stack, or the default.

    Raises:
        BadValueError: the explicit address, or ORDERS_API, is not an HTTP address.

    """
    explicit = explicit or os.environ.get("ORDERS_API") or None
    if explicit is not None:
        return _checked(explicit, "http", "https").rstrip("/").removesuffix("/api")
    try:
        return str(read_state(data)["edge"])
    except NotRunningError:
        return f"http://localhost:{load_settings().port}"


def stream_address(explicit: str | None, data: Path = DEFAULT_DATA) -> str:
    """Return the WebSocket address: explicit, that of the running stack, or the default.

    Raises:
        BadValueError: the explicit address is not a WebSocket address.

    """
    if explicit is not None:
        return _checked(explicit, "ws", "wss")
    return edge_address(None, data).replace("http", "ws", 1) + "/ws"


def owner_database(data: Path = DEFAULT_DATA) -> str:
    """Return the URL of the running stack's database, or of the configured one, for its owner.

    Raises:
        NotRunningError: no stack runs, and neither DB_HOST nor DATABASE_URL is set.

    """
    try:
        return str(read_state(data)["database"])
    except NotRunningError:
        configured = load_settings().own_database()
        if configured is None:
            raise
        return configured


def _checked(address: str, *schemes: str) -> str:
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise BadValueError(f"{address!r} is not an address like {schemes[0]}://localhost:3000")
    return address
