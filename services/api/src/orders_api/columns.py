"""Validation of a column's values in requests: as JSON values and as texts in a query. Pure.

Types, ranges, lengths and choices are checked here, before a statement is sent. PostgreSQL checks
the rest: CHECK, foreign key, unique and domain constraints, and the less common types.
"""

import json
import re
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from orders_api.field_errors import message
from orders_contract.comparison import INCOMPARABLE, form_of, instant
from orders_contract.schema import Column, Table

INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
_FRACTIONS = {"numeric", "real", "double precision"}

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WHOLE = re.compile(r"-?[0-9]+")
_INTEGER = re.compile(r"-?[0-9]{1,1000}")
_MAX_DIGITS = 19
_NUMBER = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,5})?|NaN|-?Infinity", re.ASCII
)
_DAY = r"(?P<day>[0-9]{4,7}-[0-9]{2}-[0-9]{2})"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_ZONE = r"([Zz]|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2})?)?)?"
_DATE = re.compile(rf"{_DAY}(?P<bc> BC)?|-?infinity")
_TIMESTAMP = re.compile(rf"{_DAY}([T ]{_TIME}{_ZONE})?(?P<bc> BC)?|-?infinity")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BYTES = re.compile(r"\\x([0-9a-fA-F]{2})*")

_FORMS = {
    "number": (_NUMBER, "not_number"),
    "date": (_DATE, "not_date"),
    "timestamp": (_TIMESTAMP, "not_time"),
    "uuid": (_UUID, "not_uuid"),
    "binary": (_BYTES, "not_bytes"),
}
_JSON_SCHEMAS: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "binary": {"type": "string", "pattern": r"^\\x([0-9a-fA-F]{2})*$"},
}


def version_of(table: Table) -> Column | None:
    """Return the column that holds the version of each row; None if the table has none."""
    version = table.columns.get("version")
    return version if version is not None and version.type in INTEGER_BITS else None


def storable(text: str) -> str:
    """Return ``text`` unchanged; raise ValueError if PostgreSQL cannot store it."""
    if found := _UNSTORABLE.search(text):
        what = "the character U+0000" if found[0] == "\x00" else "half of a surrogate pair"
        raise ValueError(f"must not contain {what}")
    return text


def _storable_within(value: object) -> object:
    """Return a JSON value unchanged; raise ValueError if PostgreSQL cannot store a text within it.

    PostgreSQL reads all values from one JSON text, and would refuse that text as a whole.
    """
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                storable(text)
            case list() as items:
                left += items
            case dict() as members:
                left += [*members, *members.values()]
    return value


def json_type(column: Column) -> Any:
    """Return the pydantic type of a column's values in JSON."""
    kind = _not_null_type(column)
    return kind | None if column.nullable else kind


def read_text(column: Column, text: str) -> str:
    """Return a value from a query string, checked, so that it can be cast to the column's type.

    Raises:
        ValueError: the column cannot hold the value; the message says which values it can hold.

    """
    match column.kind:
        case "choice":
            return _choice(column, text)
        case "integer":
            low, high = _bounds(column)
            if not _WHOLE.fullmatch(text):
                raise ValueError(message("not_whole"))
            # The digits are counted first, because int() refuses texts of thousands of digits.
            if len(text.lstrip("-0")) > _MAX_DIGITS or not low <= int(text) <= high:
                raise ValueError(message("out_of_range", low=low, high=high))
        case "boolean" if text not in ("true", "false"):
            raise ValueError(message("not_boolean"))
        case "json" | "array":
            raise ValueError("has lists or objects, which cannot be compared")
        case kind if kind in _FORMS:
            return _of_form(kind, text)
    return storable(text)


def _choice(column: Column, text: str) -> str:
    """Return a choice as the schema has it: PostgreSQL cannot cast ``1.0`` to an integer."""
    choices, form = column.choices or (), form_of(column)
    for choice in choices:
        if form(choice) == form(text):
            return choice
    raise ValueError(message("not_a_choice", choices=", ".join(choices)))


def _not_null_type(column: Column) -> Any:  # noqa: PLR0911  one for each kind
    match column.kind:
        case "text":
            length = Field(strict=True, max_length=column.max_length)
            return Annotated[str, length, AfterValidator(storable)]
        case "choice" if column.choices:
            if not is_numeric(column):
                return Literal[column.choices]
            # The schema lists the choices of every type as text.
            check = partial(_numeric_choice, column.choices)
            values = [json.loads(choice) for choice in column.choices]
            return Annotated[Any, PlainValidator(check), WithJsonSchema({"enum": values})]
        case "integer":
            low, high = _bounds(column)
            whole = Annotated[int, Field(strict=True, ge=low, le=high)]
            # JavaScript cannot represent integers beyond 2^53, so clients may send them as text.
            return Annotated[whole, BeforeValidator(_from_digits)] if high > 2**53 else whole
        case "boolean":
            return Annotated[bool, Field(strict=True)]
        case "json":
            return Annotated[Any, AfterValidator(_storable_within), WithJsonSchema({})]
        case "array":
            return Annotated[list[Any], AfterValidator(_storable_within)]
        case kind if kind in _FORMS:
            form = PlainValidator(_number if kind == "number" else partial(_of_form, kind))
            return Annotated[Any, form, WithJsonSchema(_JSON_SCHEMAS[kind])]
        case _:
            return Annotated[Any, AfterValidator(_not_null), WithJsonSchema({})]


def is_numeric(column: Column) -> bool:
    """Return whether the column's type in PostgreSQL is numeric, even if its kind is choice."""
    return column.type in INTEGER_BITS or column.type.partition("(")[0] in _FRACTIONS


def _numeric_choice(choices: tuple[str, ...], value: object) -> object:
    numeric = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not numeric or Decimal(str(value)) not in map(Decimal, choices):
        raise ValueError(message("not_a_choice", choices=", ".join(choices)))
    return value


def _bounds(column: Column) -> tuple[int, int]:
    bits = INTEGER_BITS.get(column.type, 64)
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _from_digits(value: object) -> object:
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(message(_FORMS["number"][1]))  # noqa: TRY004  pydantic expects ValueError
    return _of_form("number", value) if isinstance(value, str) else value


def _of_form(kind: str, value: object) -> str:
    pattern, code = _FORMS[kind]
    found = pattern.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(message(code))
    day = found.groupdict().get("day")
    if day is not None and instant(day + (found["bc"] or "")) == INCOMPARABLE:
        raise ValueError(message("no_such_date"))
    return found.string


def _not_null(value: object) -> object:
    if value is None:
        raise ValueError(message("null"))
    return value
