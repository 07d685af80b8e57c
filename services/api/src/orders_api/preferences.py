"""Preferences of each person for the dashboard: rows of ``order_preferences``."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import AfterValidator

from orders_api import responses
from orders_api.columns import storable
from orders_api.errors import (
    DATA,
    LIMIT,
    InvalidInputError,
    StatementError,
    UnsupportedMediaTypeError,
)
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Viewer, closed, parts

MAX_BYTES = 8192
MAX_NAMES = 200

_READ = "SELECT value::text FROM order_preferences WHERE subject = %(subject)s AND name = %(name)s"
_KEEP = """
    INSERT INTO order_preferences AS kept (subject, name, value)
    SELECT %(subject)s, %(name)s, %(value)s::jsonb
     WHERE EXISTS (SELECT FROM order_preferences WHERE subject = %(subject)s AND name = %(name)s)
        OR (SELECT count(*) FROM order_preferences WHERE subject = %(subject)s) < %(most)s
    ON CONFLICT (subject, name) DO UPDATE SET value = excluded.value, changed_at = now()
    RETURNING name
"""


Name = Annotated[str, Path(min_length=1, max_length=200), AfterValidator(storable)]
# Closed in open mode: there are no users, and each browser stores its own preferences.
router = APIRouter(prefix="/api/preferences", dependencies=[UNCACHED, Depends(closed)])


@router.get("/{name:path}", responses=problems(409))
async def get_preference(request: Request, who: Viewer, name: Name) -> Response:
    """Return the value that the sender has stored under a name; `null` if there is none."""
    row = await parts(request).accounts.one_or_none(_READ, {"subject": who.subject, "name": name})
    return responses.rendered("null" if row is None else row[0])


@router.put("/{name:path}", status_code=204, responses=problems(409, 413, 415))
async def put_preference(
    request: Request, who: Viewer, name: Name, value: Annotated[Any, Body()]
) -> Response:
    """Store any JSON value of at most 8 kB under a name, for the sender only."""
    if isinstance(value, bytes):  # not sent as JSON
        raise UnsupportedMediaTypeError
    text = _rendered(value)
    try:
        values = {"value": text, "subject": who.subject, "name": name, "most": MAX_NAMES}
        kept = await parts(request).accounts.one_or_none(_KEEP, values)
    except StatementError as exc:
        if exc.sqlstate.startswith((DATA, LIMIT)):  # NUL in a text, or nested too deep
            raise InvalidInputError("value", "cannot be stored") from None
        raise
    if kept is None:
        raise InvalidInputError("name", f"cannot be stored: {MAX_NAMES} names are the most")
    return Response(status_code=204)


def _rendered(value: Any) -> str:
    try:
        text = storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (ValueError, RecursionError):
        raise InvalidInputError("value", "cannot be stored") from None
    if len(text.encode()) > MAX_BYTES:
        raise InvalidInputError("value", f"must have at most {MAX_BYTES} bytes")
    return text
