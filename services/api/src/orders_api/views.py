"""Saved views of a table, a person's own or shared: rows of ``order_views``.

A view stores the query of a list, as in the address of the dashboard. Everyone may save views of
their own; clerks and admins may save shared views. A person restricted to some rows neither sees
nor changes shared views, because the conditions in them may reveal other rows. In open mode all
views are shared.
"""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from psycopg.rows import TupleRow
from pydantic import AfterValidator, BaseModel, Field, StrictBool

from orders_access.principal import Principal
from orders_api.columns import storable
from orders_api.database import one_or_none
from orders_api.errors import (
    UNIQUE,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    RowNotFoundError,
    StatementError,
)
from orders_api.field_errors import message
from orders_api.models import RequestModel, Stored, shown_name
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Viewer, parts

MAX_VIEWS = 100
"""Maximum number of views of one person, and of shared views."""
_SHARED = ""
"""The owner of a shared view."""

_COLUMNS = """id, "table", name, query, owner = ''"""
_LIST = f"""
    SELECT {_COLUMNS} FROM order_views WHERE owner = %(own)s OR owner = '' AND %(shared)s
     ORDER BY lower(name), id
"""  # noqa: S608  a constant
# Requests that add views at the same time wait for one another, so that MAX_VIEWS holds.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('orders.views'), hashtext(%(owner)s))"
_ADD = f"""
    INSERT INTO order_views ("table", name, query, owner)
    SELECT %(table)s, %(name)s, %(query)s, %(owner)s
     WHERE (SELECT count(*) FROM order_views WHERE owner = %(owner)s) < %(most)s
    RETURNING {_COLUMNS}
"""  # noqa: S608
_OWNER = "SELECT owner FROM order_views WHERE id = %(id)s"
_CHANGE = f"""
    UPDATE order_views SET name = coalesce(%(name)s, name), query = coalesce(%(query)s, query),
           changed_at = now()
     WHERE id = %(id)s RETURNING {_COLUMNS}
"""  # noqa: S608
_REMOVE = "DELETE FROM order_views WHERE id = %(id)s RETURNING id"


def _readable(text: str) -> str:
    parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    return storable(text)


Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(shown_name)]
Query = Annotated[str, Field(max_length=4000), AfterValidator(_readable)]


class NewView(RequestModel):
    """A view to save. `query` is the query of the list, such as `status=pending&sort=-total`."""

    table: Annotated[str, Field(max_length=200)]
    name: Name
    query: Query
    shared: StrictBool = False


class ViewChanges(RequestModel):
    """The values to change; null leaves a value as it is."""

    name: Name | None = None
    query: Query | None = None


class View(Stored):
    """A saved view. Everyone who may see all rows sees `shared` views."""

    id: int
    table: str
    name: str
    query: str
    shared: bool


class ViewList(BaseModel):
    """The views that the sender may see, sorted by name."""

    views: list[View]


router = APIRouter(prefix="/api/views", dependencies=[UNCACHED])


@router.get("", responses=problems())
async def list_views(request: Request, who: Viewer) -> ViewList:
    """Return the person's own views and the shared ones, of every table."""
    values = {"own": _own(request, who), "shared": who.rows is None}
    rows = await parts(request).accounts.all(_LIST, values)
    return ViewList(views=[View.of(row) for row in rows])


@router.post("", status_code=201, responses=problems(409, 413, 415))
async def save_view(request: Request, who: Viewer, wanted: NewView) -> View:
    """Save a view. Names are unique among a person's own views, and among shared views."""
    catalog = await parts(request).catalog.current()
    if wanted.table not in catalog.tables:
        raise InvalidInputError("table", "must be a watched table")
    own = _own(request, who)
    owner = _SHARED if wanted.shared else own
    if owner == _SHARED:
        _require_shared(who)
    values = wanted.model_dump(include={"table", "name", "query"})
    values |= {"owner": owner, "most": MAX_VIEWS}
    row = await _written(request, _ADD, values, lock=True)
    if row is None:
        raise InvalidInputError("name", message("too_many_views", limit=MAX_VIEWS))
    return View.of(row)


@router.patch("/{view_id}", responses=problems(404, 409, 413, 415))
async def change_view(request: Request, who: Viewer, view_id: int, wanted: ViewChanges) -> View:
    """Change the name or the query of a view."""
    await _require_owned(request, who, view_id)
    row = await _written(request, _CHANGE, {**wanted.model_dump(), "id": view_id})
    if row is None:
        raise RowNotFoundError("order_views")
    return View.of(row)


@router.delete("/{view_id}", status_code=204, responses=problems(404))
async def delete_view(request: Request, who: Viewer, view_id: int) -> Response:
    """Delete a view."""
    await _require_owned(request, who, view_id)
    if await _written(request, _REMOVE, {"id": view_id}) is None:
        raise RowNotFoundError("order_views")
    return Response(status_code=204)


def _own(request: Request, who: Principal) -> str:
    """Return the owner of a person's own views; in open mode these are shared."""
    return _SHARED if parts(request).settings.is_open else who.subject


def _require_shared(who: Principal) -> None:
    if not who.may("clerk") or who.rows is not None:
        raise ForbiddenError


async def _require_owned(request: Request, who: Principal, view_id: int) -> None:
    """Raise an error unless the person may change the view; views of others are not found."""
    row = await parts(request).accounts.one_or_none(_OWNER, {"id": min(view_id, 2**63 - 1)})
    owner = None if row is None else row[0]
    if owner == _SHARED:
        _require_shared(who)
    elif owner is None or owner != _own(request, who):
        raise RowNotFoundError("order_views")


async def _written(
    request: Request, statement: str, values: dict[str, Any], *, lock: bool = False
) -> TupleRow | None:
    try:
        async with parts(request).accounts.transaction() as connection:
            if lock:
                await connection.execute(_LOCK, values)
            return await one_or_none(connection, statement, values)
    except StatementError as exc:
        if exc.sqlstate == UNIQUE:
            raise ConflictError(("name", message("view_name_taken"))) from None
        raise
