"""Errors of the API (RFC 9457). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from real_time_orders.items import Row, parse_json


@dataclass(frozen=True)
class Problem:
    """What an answer says about an error; ``current`` is the present row after a late write."""

    detail: str
    errors: Mapping[str, str] = field(default_factory=dict)
    current: Row | None = None

    @property
    def explained(self) -> str:
        """The detail and the errors by field in one line."""
        listed = "; ".join(f"{name}: {message}" for name, message in self.errors.items())
        return listed or self.detail


def problem_of(text: str, reason: str) -> Problem:
    """Read the body of an error. Whatever it is, there is a detail: the status line's reason."""
    try:
        body: Any = parse_json(text)
    except ValueError:
        body = None
    return problem_in(body, reason)


def problem_in(body: Any, reason: str = "") -> Problem:
    """Read an error that is JSON."""
    if not isinstance(body, dict):
        return Problem(reason)
    listed = body.get("errors") or []
    errors = {
        str(each.get("field")): str(each.get("message"))
        for each in listed
        if isinstance(each, dict)
    }
    current = body.get("order") or body.get("row")
    return Problem(str(body.get("detail") or reason), errors, current)
