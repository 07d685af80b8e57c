"""Where the running stack is reached from the command line."""

from pathlib import Path
from urllib.parse import urlsplit

from orders_cli.errors import BadValueError, NotRunningError
from orders_cli.settings import load_settings
from orders_cli.stack import state


def edge_address(explicit: str | None, data: Path = state.DEFAULT_DATA) -> str:
    """Return the HTTP address of an edge: the one given, a running stack's, or the usual one.

    Raises:
        BadValueError: what was given is no address.

    """
    if explicit is not None:
        return checked(explicit, "http", "https").rstrip("/").removesuffix("/api")
    try:
        return state.read_state(data).edge
    except NotRunningError:
        return f"http://localhost:{load_settings().port}"


def stream_address(explicit: str | None, data: Path = state.DEFAULT_DATA) -> str:
    """Return the WebSocket address: the one given, a running stack's, or the usual one.

    Raises:
        BadValueError: what was given is no address.

    """
    if explicit is not None:
        return checked(explicit, "ws", "wss")
    return edge_address(None, data).replace("http", "ws", 1) + "/ws"


def checked(address: str, *schemes: str) -> str:
    """Return the address if it is one of these schemes'.

    Raises:
        BadValueError: it is not.

    """
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise BadValueError(f"{address!r} is no address like {schemes[0]}://localhost:3000")
    return address
