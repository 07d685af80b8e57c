"""The ways to carry the stream, and their addresses. Pure."""

from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from real_time_orders.errors import RefusedError

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SECURE = {"ws": "", "http": "", "wss": "s", "https": "s"}


class Kind(StrEnum):
    """A way to carry the stream."""

    WEBSOCKET = "websocket"
    EVENTS = "sse"


def address(url: str, kind: Kind, query: str = "") -> str:
    """Return the address of ``/ws`` or ``/sse``, given the address of either or the origin.

    Raises:
        RefusedError: ``url`` is not an address of HTTP or WebSocket.

    """
    parts = urlsplit(url)
    scheme, end = ("ws", "/ws") if kind is Kind.WEBSOCKET else ("http", "/sse")
    path = parts.path.rstrip("/")
    for known in ("/ws", "/sse"):
        if path.endswith(known):
            path = path.removesuffix(known) + end
            break
    joined = "&".join(each for each in (parts.query, query) if each)
    return urlunsplit((scheme + _secure(url), parts.netloc, path or end, joined, ""))


def origin(url: str) -> str:
    """Return the address of the server, without a path; raises as ``address``."""
    return f"http{_secure(url)}://{urlsplit(url).netloc}"


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine, so that no HTTP proxy must be used."""
    return urlsplit(url).hostname in _LOOPBACK


def _secure(url: str) -> str:
    parts = urlsplit(url)
    secure = _SECURE.get(parts.scheme)
    if secure is None or not parts.hostname:
        raise RefusedError("address", f"{url!r} is not http://HOST or ws://HOST/ws")
    return secure
