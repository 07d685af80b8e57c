"""Translate pydantic's errors about a request into errors of the API. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from orders_api.errors import InvalidInputError

Location: TypeAlias = Sequence[str | int]
"""The path of a value in the body: names of fields and indexes of lists, outermost first."""

_MAX_ERRORS = 20
_MAX_FIELD_LENGTH = 100
OBJECT_EXPECTED = ("model_attributes_type", "model_type", "dict_type")
_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "value_error": "{error}",
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
    return _MESSAGES.get(error["type"], "is not valid").format(**error.get("ctx", {}))
