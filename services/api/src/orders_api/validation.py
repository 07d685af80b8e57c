"""Translate pydantic's errors about a request into errors of the API. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from orders_api.errors import InvalidInputError
from orders_api.field_errors import Message, message

Location: TypeAlias = Sequence[str | int]
"""The path of a value in the body: names of fields and indexes of lists, outermost first."""

_MAX_ERRORS = 20
_MAX_FIELD_LENGTH = 100
OBJECT_EXPECTED = ("model_attributes_type", "model_type", "dict_type")
_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "string_type": "not_text",
    "string_too_short": "empty",
    "string_too_long": "too_long",
    "int_type": "not_whole",
    "int_parsing": "not_whole",
    "int_from_float": "not_whole",
    "bool_type": "not_boolean",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "literal_error": "not_a_choice",
    "too_short": "too_few",
    "too_long": "too_many",
}
"""The code of a message for types of pydantic's errors."""
_VALUES = {
    "max_length": "limit",
    "min_length": "limit",
    "ge": "limit",
    "le": "limit",
    "expected": "choices",
}
_MESSAGES = {
    "string_unicode": "must be valid Unicode",
    "int_parsing_size": "has too many digits",
    "list_type": "must be a list",
    "json_invalid": "is not JSON: {error}",
    **dict.fromkeys(OBJECT_EXPECTED, "must be a JSON object"),
}


def invalid_input(
    errors: Sequence[Mapping[str, Any]],
    explanation: Callable[[Location], str | None] = lambda _location: None,
) -> InvalidInputError:
    """Return an error with field and message for each error of pydantic, without the values sent.

    ``explanation`` may return a message for the unknown field at a location.
    """
    found = [
        (
            _field(error["loc"])[:_MAX_FIELD_LENGTH],
            (error["type"] == "extra_forbidden" and explanation(error["loc"])) or _message(error),
        )
        for error in errors[:_MAX_ERRORS]
    ]
    return InvalidInputError(*found[0], *found[1:])


def _field(location: Location) -> str:
    """Return the field of an error in the form for clients, such as ``order_lines[2].quantity``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".") or "body"


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        raised: ValueError = context["error"]
        return raised.args[0] if isinstance(raised.args[0], Message) else str(raised)
    if code := _CODES.get(error["type"]):
        values = {_VALUES[name]: value for name, value in context.items() if name in _VALUES}
        return message(code, **values)
    return _MESSAGES.get(error["type"], "is not valid").format(**context)
