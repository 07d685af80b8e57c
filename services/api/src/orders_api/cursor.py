"""The cursor of a page: opaque to clients, and checked when a client sends it back. Pure."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

_CHECKSUM_BYTES = 6


class MalformedCursorError(ValueError):
    """The cursor is not one that the API has given out for this list."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The end of a page: its last row's values in the sort columns (None for null), and its key."""

    values: tuple[str | None, ...]
    key: tuple[str, ...]


def encode(place: Bookmark, order: str) -> str:
    """Return the cursor of the page after ``place``; ``order`` names the list and its order."""
    # Without sort columns the cursor has one null in their place, as in earlier versions.
    values = place.values or (None,)
    content = json.dumps([order, *values, *place.key], separators=(",", ":")).encode()
    return urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def decode(cursor: str, order: str, sort_columns: int, key_columns: int) -> Bookmark:
    """Return where the previous page ended.

    The checksum finds accidental changes. It is no protection against forged cursors, and none is
    needed: they show only rows that other pages show as well.

    Raises:
        MalformedCursorError: the cursor was altered, or belongs to another list or order.

    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        made_for, *parts = json.loads(raw[_CHECKSUM_BYTES:])
        start = max(sort_columns, 1)
        place = Bookmark(tuple(parts[:start]), tuple(parts[start:]))
        valid = encode(place, made_for) == cursor
    except (ValueError, TypeError):
        valid = False
    if not valid:
        raise MalformedCursorError("is not valid")
    if made_for != order or len(place.key) != key_columns:
        raise MalformedCursorError("belongs to another list or order")
    return Bookmark(place.values[:sort_columns], place.key)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKSUM_BYTES]
