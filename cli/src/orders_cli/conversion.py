"""Convert texts of a file to values of a column, by the column's kind. Pure.

Ambiguous texts are refused unless the rest of the file or an option decides: ``1,234`` may be 1.234
or 1234, and 03/04/2026 may be in March or April.
"""

import json
import re
import unicodedata
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Literal

from orders_contract.schema import Column

DecimalMark = Literal["point", "comma"]
DayOrder = Literal["dmy", "mdy"]

_TRUE, _FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPED = {
    "point": re.compile(r"[+-]?\d{1,3}([,'’ ]\d{3})+(\.\d*)?", re.ASCII),  # noqa: RUF001
    "comma": re.compile(r"[+-]?\d{1,3}([.'’ ]\d{3})+(,\d*)?", re.ASCII),  # noqa: RUF001
}
_UNGROUPED = {"point": re.compile("[,'’ ]"), "comma": re.compile("[.'’ ]")}  # noqa: RUF001
_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_TIME = re.compile(
    r"[T ,]*(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?)\s*([ap]m)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Conventions:
    """How a file writes numbers, dates and times; None if not known."""

    decimal_mark: DecimalMark | None = None
    day_order: DayOrder | None = None
    timezone: tzinfo = UTC
    """The time zone of times without an offset."""
    translations: tuple[tuple[str, str], ...] = ()
    """Texts in the file, each with the choice that it means."""


def convert(text: str, column: Column, conventions: Conventions) -> Any:
    """Return the value in the form that the API expects in JSON; numbers keep all digits.

    Raises:
        ValueError: the text is not a value of the column's kind; the message does not repeat it.

    """
    if column.kind != "text":
        text = text.strip()
    if "\0" in text:
        raise ValueError("contains a NUL character")
    if column.max_length is not None and len(text) > column.max_length:
        raise ValueError(f"is longer than {column.max_length} characters")
    converter = _CONVERTERS.get(column.kind)
    return text if converter is None else converter(text, column, conventions)


def detect_decimal_mark(texts: Iterable[str]) -> DecimalMark | None:
    """Return the decimal mark of a file's numbers, or None if they show none or both."""
    found: set[DecimalMark] = set()
    for text in map(_without_currency, texts):
        if _AMBIGUOUS.fullmatch(text):
            continue
        if _COMMA.fullmatch(text) or ("," in text and _GROUPED["comma"].fullmatch(text)):
            found.add("comma")
        elif "." in text and (_PLAIN.fullmatch(text) or _GROUPED["point"].fullmatch(text)):
            found.add("point")
    return found.pop() if len(found) == 1 else None


def detect_day_order(texts: Iterable[str]) -> DayOrder | None:
    """Return the order of day and month in dates like 03/04/2026, if a day above 12 shows it."""
    found: set[DayOrder] = set()
    for text in texts:
        if parts := _SLASHES.match(text.strip()):
            if int(parts[1]) > 12:
                found.add("dmy")
            elif int(parts[2]) > 12:
                found.add("mdy")
    return found.pop() if len(found) == 1 else None


def _integer(text: str, _: Column, __: Conventions) -> int:
    if not re.fullmatch(r"[+-]?\d{1,40}(\.0*)?", text, re.ASCII):
        raise ValueError("is not a whole number")
    return int(text.partition(".")[0])


def _number(text: str, _: Column, conventions: Conventions) -> Decimal | str:
    if text in {"NaN", "Infinity", "-Infinity"}:
        return text
    number, mark = _without_currency(text), conventions.decimal_mark
    if mark is None and _AMBIGUOUS.fullmatch(number):
        if "," in number:
            raise ValueError("may mean two numbers; use --decimal point or --decimal comma")
        return Decimal(number)
    if mark != "point" and (_COMMA.fullmatch(number) or _GROUPED["comma"].fullmatch(number)):
        return Decimal(_UNGROUPED["comma"].sub("", number).replace(",", "."))
    if mark != "comma" and _GROUPED["point"].fullmatch(number):
        return Decimal(_UNGROUPED["point"].sub("", number))
    if _PLAIN.fullmatch(number) and (mark != "comma" or "." not in number):
        return Decimal(number)
    raise ValueError("is not a number")


def _without_currency(text: str) -> str:
    """Return a number without currency signs and outer blanks; inner blanks separate groups."""
    kept = "".join(each for each in text if unicodedata.category(each) != "Sc")
    return re.sub(r"\s", " ", kept).strip()


def _boolean(text: str, _: Column, __: Conventions) -> bool:
    if text.casefold() in _TRUE | _FALSE:
        return text.casefold() in _TRUE
    raise ValueError("is not true or false")


def _date(text: str, _: Column, conventions: Conventions) -> str:
    found, rest = _day(text, conventions)
    clock = _TIME.fullmatch(rest)
    if rest and (clock is None or not re.fullmatch(r"0?0:00(:00)?", clock[1])):
        raise ValueError("is not a date like 2026-07-04")
    return found.isoformat()


def _timestamp(text: str, column: Column, conventions: Conventions) -> str:
    if text in {"infinity", "-infinity"}:
        return text
    day, rest = _day(text, conventions)
    found = _TIME.fullmatch(rest or "00:00")
    try:
        at = datetime.combine(day, _clock(*found.groups())) if found else None
    except ValueError:
        at = None
    if at is None:
        raise ValueError("is not a time like 2026-07-04T12:30:00Z")
    if "without" in column.type:
        return at.replace(tzinfo=None).isoformat()
    return (at if at.tzinfo else at.replace(tzinfo=conventions.timezone)).isoformat()


def _clock(clock: str, half: str | None, offset: str | None) -> time:
    """Return the time of day; ``half`` is am or pm in the 12-hour clock, otherwise None."""
    hour, _, rest = clock.replace(",", ".").partition(":")
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("is not an hour of the 12-hour clock")
        hours = hours % 12 + (12 if half.casefold() == "pm" else 0)
    zone = "+00:00" if (offset or "").casefold() in {"z", "utc"} else offset or ""
    return time.fromisoformat(f"{hours:02}:{rest}{zone}")


def _day(text: str, conventions: Conventions) -> tuple[date, str]:
    """Return the date at the beginning of a text, and the rest of the text."""
    if found := _YEAR_FIRST.match(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
    elif found := _SLASHES.match(text):
        order = conventions.day_order
        if order is None and int(found[1]) <= 12 and int(found[2]) <= 12 and found[1] != found[2]:
            raise ValueError("may mean two dates; use --dates dmy or --dates mdy")
        day_first = order == "dmy" or (order is None and int(found[1]) > 12)
        day, month = (found[1], found[2]) if day_first else (found[2], found[1])
        year = found[3]
    else:
        raise ValueError("is not a date like 2026-07-04")
    try:
        return date(int(year), int(month), int(day)), text[found.end() :]
    except ValueError:
        raise ValueError("is not a date that exists") from None


def _choice(text: str, column: Column, conventions: Conventions) -> str:
    choices = column.choices or ()
    text = dict(conventions.translations).get(text, text)
    if text in choices:
        return text
    alike = [each for each in choices if _letters(each) == _letters(text)]
    if len(alike) == 1:
        return alike[0]
    raise ValueError(f"is not one of {', '.join(choices)}")


def _letters(text: str) -> str:
    return "".join(each for each in text.casefold() if each.isalnum())


def _uuid(text: str, _: Column, __: Conventions) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("is not a UUID") from None


def _json(text: str, column: Column, _: Conventions) -> Any:
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if column.kind == "array" and not isinstance(value, list):
        raise ValueError("is not a JSON array")
    return value


_CONVERTERS: dict[str, Callable[[str, Column, Conventions], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "choice": _choice,
    "uuid": _uuid,
    "json": _json,
    "array": _json,
}
