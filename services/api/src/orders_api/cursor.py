"""The cursor of a page: opaque to clients, checked when it comes back. Pure."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

_CHECKSUM_BYTES = 6


class MalformedCursorError(ValueError):
    """The cursor is not one that the API has given out for this list."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a page ended: the last row's value in the sort column, null included, and its key."""

    value: str | None
    key: tuple[str, ...]


def encode(place: Bookmark, order: str) -> str:
    """Return the cursor of the page after ``place`` in a list; ``order`` names list and order."""
    content = json.dumps([order, place.value, *place.key], separators=(",", ":")).encode()
    return urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def decode(cursor: str, order: str, key_columns: int) -> Bookmark:
    """Return where the page before ended.

    The checksum reveals accidents and tampering, not an attacker: a forged cursor shows nothing
    that another page would not show.

    Raises:
        MalformedCursorError: it was altered, or belongs to another list or order.

    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        made_for, value, *key = json.loads(raw[_CHECKSUM_BYTES:])
        place = Bookmark(value, tuple(key))
        valid = encode(place, made_for) == cursor
    except (ValueError, TypeError):
        valid = False
    if not valid:
        raise MalformedCursorError("is not valid")
    if made_for != order or len(key) != key_columns:
        raise MalformedCursorError("belongs to another list or order")
    return place


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKSUM_BYTES]
