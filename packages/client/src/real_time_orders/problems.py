"""Errors of the API (RFC 9457). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from real_time_orders.items import Row, parse_json


@dataclass(frozen=True)
class Problem:
    """The error in an answer. ``current`` is the row now, if a write was based on an older one."""

    detail: str
    code: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    current: Row | None = None

    @property
    def explained(self) -> str:
        """The detail and the errors by field in one line."""
        listed = "; ".join(f"{name}: {message}" for name, message in self.errors.items())
        return listed or self.detail


def problem_of(text: str, reason: str) -> Problem:
    """Parse the body of an error. Without a detail in it, use ``reason``, of the status line."""
    try:
        body: Any = parse_json(text)
    except ValueError:
        body = None
    return problem_in(body, reason)


def problem_in(body: Any, reason: str = "") -> Problem:
    """Return the problem in a parsed body."""
    if not isinstance(body, dict):
        return Problem(reason)
    listed = body.get("errors") or []
    errors = {
        str(each.get("field")): str(each.get("message"))
        for each in listed
        if isinstance(each, dict)
    }
    current = body.get("order") or body.get("row")
    return Problem(str(body.get("detail") or reason), str(body.get("code") or ""), errors, current)
