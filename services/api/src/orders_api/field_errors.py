"""Messages about fields of a request, each with a code by which clients can translate it. Pure."""

from typing import Any, Self

TEXTS = {
    "invalid": "",
    "required": "is required",
    "unknown": "is not known here",
    "not_writable": "cannot be written",
    "null": "must not be null",
    "empty": "must not be empty",
    "too_long": "must have at most {limit} characters",
    "too_small": "must be at least {limit}",
    "too_large": "must be at most {limit}",
    "out_of_range": "must be between {low} and {high}",
    "not_a_choice": "must be one of {choices}",
    "not_text": "must be a string",
    "not_whole": "must be a whole number",
    "not_number": "must be a number",
    "not_boolean": "must be true or false",
    "not_date": "must be a date, such as 2026-05-31",
    "no_such_date": "must be a date that exists",
    "not_time": "must be a time, such as 2026-05-31T12:00:00Z",
    "not_uuid": "must be a UUID",
    "not_bytes": r"must be bytes in hexadecimal, such as \x00ff",
    "too_few": "must hold at least {limit}",
    "too_many": "must hold at most {limit}",
    "wrong_type": "must be a value of type {type}",
    "not_storable": "holds a value that the database cannot store",
    "rule_violated": "must satisfy {rule} ({constraint})",
    "constraint_violated": "violates the constraint {constraint}",
    "owner_rule": "",
    "taken": "is taken ({constraint})",
    "excluded": "conflicts with another row ({constraint})",
    "no_such_row": "refers to a row that does not exist ({constraint})",
    "referred_to": "rows of {table} refer to it ({constraint})",
    "name_not_allowed": "",
    "name_taken": "is taken; names differ by more than case",
    "view_name_taken": "is the name of another view",
    "too_many_views": "cannot be stored: {limit} views are the most",
    "wrong_password": "is wrong",
    "weak_password": "",
}
"""The message of each code; empty where it differs from case to case. docs/problems.md lists the
codes. Those that only programs meet share the code ``invalid``."""


class Message(str):
    """A message about a field, with its code and the values in it that a translation needs."""

    __slots__ = ("code", "values")
    code: str
    values: dict[str, object]

    def __new__(cls, text: str, code: str, /, **values: object) -> Self:
        """Return a message whose text may differ from that of the code."""
        message = super().__new__(cls, text)
        message.code = code
        message.values = values
        return message


def message(code: str, /, **values: object) -> Message:
    """Return the message of a code, with these values in its text."""
    return Message(TEXTS[code].format(**values), code, **values)


def members(field: str, text: str) -> dict[str, Any]:
    """Return the description of a refused field in a problem."""
    known = text if isinstance(text, Message) else Message(text, "invalid")
    return {"field": field, "message": text, "code": known.code, **known.values}
