"""Convert values to a form in which Python compares them as PostgreSQL does. Pure.

The *form* of a value is hashable and equals the form of every other spelling of the same value:
numbers are exact decimals (``12.50`` equals ``12.5``), booleans never equal numbers, timestamps are
instants, and text is ordered by code point.
"""

import re
from collections.abc import Callable
from ctypes import c_float
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

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
_LENGTH = re.compile(r"\(.*?\)")
_TRUE, _FALSE = ("boolean", True), ("boolean", False)


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


def _lower(value: Any) -> Comparable:
    """Return the form of a ``bytea``, whose hexadecimal digits may have either case."""
    return value.lower() if isinstance(value, str) else plain(value)


def _number(value: Any) -> Comparable:
    """Return the form of a number, which a filter or the schema may have as text."""
    return Decimal(value) if isinstance(value, str) and NUMBER.fullmatch(value) else plain(value)


def _double(value: Any) -> Comparable:
    """Return the form of a ``double precision``: the nearest number that the type has."""
    form = plain(value)
    return float(Decimal(form)) if isinstance(form, int | Decimal) else form


def _single(value: Any) -> Comparable:
    """Return the form of a ``real``: the nearest number that the type has."""
    form = _double(value)
    return c_float(form).value if isinstance(form, float) else form


def choice(value: Any) -> Comparable:
    """Return the form of a choice, which the schema describes as text even if it is a number."""
    if value is None or isinstance(value, str):
        return value
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
    return _instant(value, has_zone=True)


def local_instant(value: Any) -> Comparable:
    """Return the form of a ``timestamp without time zone``, which ignores the offset of a value."""
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        return instant(value)
    return _instant(value, has_zone=False)


@lru_cache(maxsize=4096)
def _instant(text: str, *, has_zone: bool) -> Comparable:
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
    offset_s = _seconds(int(off_h or 0), int(off_m or 0), int(off_s or 0)) if has_zone else 0
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


# --- columns --------------------------------------------------------------------------------------

_BY_TYPE: dict[str, Form] = {
    "timestamp without time zone": local_instant,
    "real": _single,
    "double precision": _double,
    "character": _padded,
    "bpchar": _padded,
}
_CHOICES: dict[str, Form] = {
    "date": instant,
    "timestamp with time zone": instant,
    "smallint": _number,
    "integer": _number,
    "bigint": _number,
    "numeric": _number,
    "real": lambda value: _single(_number(value)),
    "double precision": lambda value: _double(_number(value)),
}
_BY_KIND: dict[str, Form] = {
    "choice": choice,
    "date": instant,
    "timestamp": instant,
    "binary": _lower,
}


def form_of(column: Column | None) -> Form:
    """Return the function that converts a column's values; ``plain`` for an unknown column."""
    if column is None or column.kind in {"json", "array"}:
        return plain
    base = _base(column.type)
    if column.kind == "choice" and base in _CHOICES:
        return _CHOICES[base]
    return _BY_TYPE.get(base) or _BY_KIND.get(column.kind, plain)


@lru_cache(maxsize=256)
def _base(type_: str) -> str:
    """Return the name of a type without its length, precision and schema."""
    return _LENGTH.sub("", type_).rpartition(".")[2]
