"""What each person has chosen for the pages they use: rows of ``order_preferences``."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import AfterValidator

from orders_access.principal import Principal
from orders_api.access_routes import no_query, uncached
from orders_api.columns import storable
from orders_api.errors import (
    InvalidInputError,
    OpenModeError,
    StatementError,
    UnsupportedMediaTypeError,
)
from orders_api.openapi import problems
from orders_api.requests import parts, require

MAX_BYTES = 8192
MAX_NAMES = 200
_DATA = ("22", "54")
"""Classes of PostgreSQL's errors that a value causes: NUL in a text, a nesting without end."""

_READ = "SELECT value::text FROM order_preferences WHERE subject = %(subject)s AND name = %(name)s"
_KEEP = """
    INSERT INTO order_preferences AS kept (subject, name, value)
    SELECT %(subject)s, %(name)s, %(value)s::jsonb
     WHERE EXISTS (SELECT FROM order_preferences WHERE subject = %(subject)s AND name = %(name)s)
        OR (SELECT count(*) FROM order_preferences WHERE subject = %(subject)s) < %(most)s
    ON CONFLICT (subject, name) DO UPDATE SET value = excluded.value, changed_at = now()
    RETURNING name
"""


async def _somebody(request: Request) -> Principal:
    """Return who asks; where nobody signs in, a browser keeps its own preferences."""
    if parts(request).settings.is_open:
        raise OpenModeError
    return require(request, "viewer")


Somebody = Annotated[Principal, Depends(_somebody)]
Name = Annotated[str, Path(min_length=1, max_length=200), AfterValidator(storable)]
router = APIRouter(prefix="/api/preferences", dependencies=[Depends(no_query)])


@router.get("/{name:path}", responses=problems(409))
async def get_preference(request: Request, who: Somebody, name: Name) -> Response:
    """Return what the person has kept under a name; `null` if nothing."""
    row = await parts(request).accounts.one_or_none(_READ, {"subject": who.subject, "name": name})
    return uncached("null" if row is None else row[0])


@router.put("/{name:path}", status_code=204, responses=problems(409, 413, 415))
async def put_preference(
    request: Request, who: Somebody, name: Name, value: Annotated[Any, Body()]
) -> Response:
    """Keep any JSON value of at most 8 kB under a name, for the person alone."""
    if isinstance(value, bytes):  # not sent as JSON
        raise UnsupportedMediaTypeError
    text = _rendered(value)
    try:
        values = {"value": text, "subject": who.subject, "name": name, "most": MAX_NAMES}
        kept = await parts(request).accounts.one_or_none(_KEEP, values)
    except StatementError as exc:
        if exc.sqlstate.startswith(_DATA):
            raise InvalidInputError("value", "cannot be stored") from None
        raise
    if kept is None:
        raise InvalidInputError("name", f"is one too many: at most {MAX_NAMES} can be kept")
    return Response(status_code=204)


def _rendered(value: Any) -> str:
    try:
        text = storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (ValueError, RecursionError):
        raise InvalidInputError("value", "cannot be stored") from None
    if len(text.encode()) > MAX_BYTES:
        raise InvalidInputError("value", f"must have at most {MAX_BYTES} bytes")
    return text
