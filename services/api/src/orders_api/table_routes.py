"""The paths about rows of any watched table."""

# ruff: noqa: FAST003  CatalogRoute: the endpoints read the request themselves

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response

from orders_api import filters, preconditions, responses
from orders_api.catalog import WatchedTable
from orders_api.columns import read_text
from orders_api.errors import InvalidInputError, TableNotFoundError
from orders_api.models import Row, RowList
from orders_api.openapi import IF_MATCH, KEY, TABLE, problems
from orders_api.requests import (
    CatalogRoute,
    content_type,
    header,
    idempotency_key,
    if_match,
    parts,
    require,
    require_no_query,
)
from orders_api.store import Key

router = APIRouter(prefix="/api/tables", route_class=CatalogRoute)

_BODY = (408, 413, 415)
_PATH_SEGMENTS = 4
"""Number of segments in a table's path: empty, api, tables, the table. The row's key follows."""


@router.get(
    "/{table}",
    response_model=RowList,
    responses=problems(404),
    openapi_extra={"parameters": [TABLE]},
)
async def list_rows(request: Request) -> Response:
    """Return a page of rows, by descending key; filters, search and order as for orders."""
    who = require(request, "viewer")
    watched = await _table(request)
    selection = filters.read(watched.table, request.query_params.multi_items())
    page = await parts(request).store.page(watched, selection, who)
    return responses.page(page, watched.table, selection, "rows")


@router.post(
    "/{table}",
    status_code=201,
    response_model=Row,
    responses=problems(404, 409, *_BODY),
    openapi_extra={"parameters": [TABLE]},
)
async def create_row(request: Request) -> Response:
    """Create a row."""
    who = require(request, "clerk")
    require_no_query(request)
    if idempotency_key(request) is not None:
        raise InvalidInputError("Idempotency-Key", "is accepted for /api/orders only")
    watched = await _table(request)
    body = watched.new_row.read(await request.body(), content_type(request))
    created = await parts(request).store.create(watched, body, who)
    key = ",".join(quote(part, safe="") for part in created.key)
    return responses.created(created, f"/api/tables/{quote(watched.table.name)}/{key}")


@router.get(
    "/{table}/{key:path}",
    response_model=Row,
    responses={**problems(404), 304: {"description": "The row has the tag in If-None-Match"}},
    openapi_extra={"parameters": [TABLE, KEY]},
)
async def get_row(request: Request) -> Response:
    """Return a row; the parts of a composite key are joined by commas."""
    who = require(request, "viewer")
    require_no_query(request)
    watched = await _table(request)
    stored = await parts(request).store.row(watched, _key(request, watched), who)
    if preconditions.if_none_match(header(request, b"if-none-match")).holds(stored.tag):
        return Response(status_code=304, headers={"ETag": stored.etag})
    return responses.row(stored)


@router.patch(
    "/{table}/{key:path}",
    response_model=Row,
    responses=problems(404, 409, 412, *_BODY),
    openapi_extra={"parameters": [TABLE, KEY, IF_MATCH]},
)
async def change_row(request: Request) -> Response:
    """Change the columns that are sent."""
    who = require(request, "clerk")
    require_no_query(request)
    watched = await _table(request)
    key, expected = _key(request, watched), if_match(request)
    body = watched.changes.read(await request.body(), content_type(request))
    return responses.row(await parts(request).store.change(watched, key, body, who, expected))


@router.delete(
    "/{table}/{key:path}",
    status_code=204,
    responses=problems(404, 409, 412),
    openapi_extra={"parameters": [TABLE, KEY, IF_MATCH]},
)
async def delete_row(request: Request) -> Response:
    """Delete a row; its history stays."""
    who = require(request, "admin")
    require_no_query(request)
    watched = await _table(request)
    await parts(request).store.delete(watched, _key(request, watched), who, if_match(request))
    return Response(status_code=204)


async def _table(request: Request) -> WatchedTable:
    tables = (await parts(request).catalog.current()).tables
    try:
        return tables[unquote(_segments(request)[_PATH_SEGMENTS - 1])]
    except KeyError:
        raise TableNotFoundError from None


def _key(request: Request, watched: WatchedTable) -> Key:
    """Return a row's key from the path. Commas and slashes within a part are URL-encoded."""
    given = "/".join(_segments(request)[_PATH_SEGMENTS:]).split(",")
    columns = watched.table.key
    if len(given) != len(columns):
        raise InvalidInputError("key", f"must have {len(columns)} parts, joined by commas")
    try:
        return tuple(
            read_text(watched.table.columns[column], unquote(part, errors="surrogateescape"))
            for column, part in zip(columns, given, strict=True)
        )
    except ValueError as exc:
        raise InvalidInputError("key", str(exc)) from None


def _segments(request: Request) -> list[str]:
    """Return the segments of the path, still URL-encoded."""
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1").partition("?")[0].split("/")
