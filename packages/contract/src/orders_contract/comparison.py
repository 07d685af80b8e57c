"""Convert values to a form in which Python compares them as PostgreSQL does. Pure.

The *form* of a value is hashable and equals the form of every other spelling of the same value:
numbers are exact decimals (``12.50`` equals ``12.5``), booleans never equal numbers, timestamps are
instants, and text is ordered by code point.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from orders_contract.schema import Column

Comparable = Any
Form = Callable[[Any], Comparable]
"""Returns the form of a value of one column."""

INCOMPARABLE = ("incomparable",)
"""The form of a value that no filter can match: an array, an object, an invalid time."""

_TRUE, _FALSE = ("boolean", True), ("boolean", False)


def form_of(column: Column | None) -> Form:
    """Return the function that converts a column's values; ``plain`` for an unknown column."""
    match None if column is None else column.kind:
        case "date" | "timestamp":
            return instant
        case "choice":
            return choice
        case "text" if column is not None and column.type == "citext":
            return _folded
        case "text" if column is not None and column.type.startswith(("character(", "bpchar")):
            return _padded
    return plain


def plain(value: Any) -> Comparable:
    """Return the form of null, text, a number or a boolean."""
    kind = value.__class__
    if kind is str or kind is int or value is None or kind is Decimal:
        return value
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is float and isfinite(value):
        return Decimal(repr(value))
    return INCOMPARABLE


def _padded(value: Any) -> Comparable:
    """Return the form of a ``character(n)``, whose trailing spaces do not count."""
    return value.rstrip(" ") if isinstance(value, str) else plain(value)


def _folded(value: Any) -> Comparable:
    """Return the form of a ``citext``, whose case does not count."""
    return value.lower() if isinstance(value, str) else plain(value)


def choice(value: Any) -> Comparable:
    """Return the form of a choice, which the schema describes as text even if it is a number."""
    if value is None or isinstance(value, str):
        return _padded(value)
    return str(value) if isinstance(value, int | float | Decimal) else INCOMPARABLE


# --- dates and timestamps -------------------------------------------------------------------------

_INSTANT = re.compile(
    r"(\d{4,7})-(\d\d)-(\d\d)"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?"
    r"(?:[Zz]|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?"
    r"( BC)?",
    re.ASCII,
)
_MAX_LENGTH = 50
_DAY_US = 86_400_000_000
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


def instant(value: Any) -> Comparable:
    """Return the form of a date or timestamp: microseconds since 1970 in UTC."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        return INCOMPARABLE
    return _instant(value)


@lru_cache(maxsize=4096)
def _instant(text: str) -> Comparable:
    # Python's types have the years 1 to 9999. PostgreSQL has years BC and 294276, and infinity.
    if text in {"infinity", "-infinity"}:
        return inf if text == "infinity" else -inf
    found = _INSTANT.fullmatch(text)
    if found is None:
        return INCOMPARABLE
    *clock, fraction, sign, off_h, off_m, off_s, bc = found.groups()
    year, month, day, hour, minute, second = (int(digits or 0) for digits in clock)
    days = _days(1 - year if bc else year, month, day)
    if days is None:
        return INCOMPARABLE
    offset_s = _seconds(int(off_h or 0), int(off_m or 0), int(off_s or 0))
    since_midnight_s = _seconds(hour, minute, second) - (-offset_s if sign == "-" else offset_s)
    return days * _DAY_US + since_midnight_s * 1_000_000 + int((fraction or "").ljust(6, "0"))


def _days(year: int, month: int, day: int) -> int | None:
    """Return the days from 1970 to a date; the Gregorian calendar repeats every 400 years."""
    cycles, year_of_cycle = divmod(year, _CYCLE_YEARS)
    try:
        known = date(2000 + year_of_cycle, month, day)
    except ValueError:
        return None
    return (known - date(1970, 1, 1)).days + (cycles - 2000 // _CYCLE_YEARS) * _CYCLE_DAYS


def _seconds(hours: int, minutes: int, seconds: int) -> int:
    return hours * 3600 + minutes * 60 + seconds
