"""The cursor of a page of orders: opaque to clients, checked when it comes back. Pure."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

_VERSION = b"1:"
_CHECKSUM_BYTES = 6


class MalformedCursorError(ValueError):
    """The cursor is none that we gave out."""


def encode(last_id: int) -> str:
    """Return the cursor of the page after the order ``last_id``."""
    content = _VERSION + str(last_id).encode()
    return urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def decode(cursor: str) -> int:
    """Return the id after which the page begins.

    The checksum keeps out accidents and tinkering, not an attacker: a forged cursor shows nothing
    that another page would not show.

    Raises:
        MalformedCursorError: it was changed on the way, or invented.

    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        last_id = int(raw[_CHECKSUM_BYTES:].removeprefix(_VERSION))
    except ValueError as exc:
        raise MalformedCursorError from exc
    if encode(last_id) != cursor:
        raise MalformedCursorError
    return last_id


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKSUM_BYTES]
