"""The paths about rows: ``/api/orders``, and ``/api/tables/{table}`` for every watched table."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from orders_api import exports, filters, preconditions, responses
from orders_api.errors import InvalidInputError
from orders_api.models import BulkAnswer, OrderCounts, OrderList, Row, RowList
from orders_api.openapi import (
    ATTENTION,
    EXPORT,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    INCLUDE,
    KEY,
    ORDER_ID,
    SEARCH,
    TABLE,
    Document,
    problems,
)
from orders_api.requests import (
    CatalogRoute,
    content_type,
    header,
    idempotency_key,
    if_match,
    parts,
    require,
    require_no_query,
    row_key,
    table_of,
)
from orders_contract.messages import Role


async def list_rows(request: Request) -> Response:
    """Return a page of rows, newest first, and the position from which to follow the stream."""
    who = require(request, "viewer")
    watched = await table_of(request)
    selection = filters.read(
        watched.table, request.query_params.multi_items(), children=watched.children
    )
    page = await parts(request).store.page(watched, selection, who)
    member = "rows" if "table" in request.path_params else "orders"
    return responses.page(page, watched.table, selection, member)


async def count_rows(request: Request) -> Response:
    """Return the number of rows with each status, and the position at which it is exact.

    A table without a status column has one number, under "".
    """
    who = require(request, "viewer")
    watched = await table_of(request)
    status = watched.table.display.get("status") or ""
    selection = filters.read(
        watched.table, request.query_params.multi_items(), paged=False, refused={status}
    )
    found = await parts(request).store.counts(watched, selection, status, who)
    return responses.rendered(found.model_dump_json())


async def export_rows(request: Request) -> Response:
    """Return all rows that match the filters as CSV, sorted as in the list.

    All rows are read in one snapshot. A text that a spreadsheet would execute gets a leading `'`.
    If the database fails meanwhile, the connection closes before the end of the answer.
    """
    who = require(request, "viewer")
    watched = await table_of(request)
    wanted = exports.read(watched.table, request.query_params.multi_items())
    pieces = parts(request).exports.pieces(watched, wanted, who)
    return responses.Csv(watched.table.name, await anext(pieces), pieces)


async def create_row(request: Request) -> Response:
    """Create a row and its children in one transaction; the answer has all of them.

    A repeated request with the same Idempotency-Key gets the first answer again.
    """
    who = require(request, "clerk")
    require_no_query(request)
    idempotent = idempotency_key(request)
    watched = await table_of(request)
    body = watched.new_row.read(await request.body(), content_type(request))
    created = await parts(request).store.create(watched, body, who, idempotent)
    key = ",".join(quote(part, safe="") for part in created.key)
    listed = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    return responses.created(created, f"{listed}/{key}")


async def get_row(request: Request) -> Response:
    """Return a row, and the children that `include` names. The ETag covers row and children."""
    who = require(request, "viewer")
    watched = await table_of(request)
    require_no_query(request, but="include")
    include = filters.read_include(request.query_params.getlist("include"), watched.children)
    stored = await parts(request).store.row(watched, row_key(request, watched), who, include)
    if preconditions.if_none_match(header(request, b"if-none-match")).holds(stored.tag):
        return Response(status_code=304, headers={"ETag": stored.etag})
    return responses.row(stored)


async def change_row(request: Request) -> Response:
    """Change the columns that are sent; the others keep their values."""
    who = require(request, "clerk")
    require_no_query(request)
    watched = await table_of(request)
    key, expected = row_key(request, watched), if_match(request)
    body = watched.changes.read(await request.body(), content_type(request))
    return responses.row(await parts(request).store.change(watched, key, body, who, expected))


async def delete_row(request: Request) -> Response:
    """Delete a row. Its history is kept."""
    who = require(request, "admin")
    require_no_query(request)
    watched = await table_of(request)
    await parts(request).store.delete(watched, row_key(request, watched), who, if_match(request))
    return Response(status_code=204)


async def change_rows(request: Request) -> Response:
    """Change up to 1,000 rows. Each succeeds or fails separately; the answer has each outcome.

    A body of more than 64 kB, or with a value that its column cannot hold, is refused as a whole.

    `rows` names each row once, by the columns of its key, preferably with the `version` that you
    have seen; `If-Match` is refused. `set` has the new values; a row may have its own `set`
    instead. The outcomes are in the order of the request. `status` is the status that a request for
    this row alone would get, and `problem` says why the row was not changed (it leaves out a large
    row). Rows that could not be reached within 10 seconds get 503. If the answer is lost, repeat
    the request: with the same Idempotency-Key it changes only rows that have not been changed, and
    with versions it changes no row twice.
    """
    return await _write_rows(request, "clerk")


async def delete_rows(request: Request) -> Response:
    """Delete up to 1,000 rows, as `PATCH` changes them. Their history is kept."""
    return await _write_rows(request, "admin")


async def _write_rows(request: Request, role: Role) -> Response:
    who = require(request, role)
    require_no_query(request)
    if header(request, b"if-match") is not None:  # refused, because it must not be ignored
        raise InvalidInputError(
            "If-Match", "is not known here: each row of the body names the version that was seen"
        )
    idempotent = idempotency_key(request)
    watched = await table_of(request)
    rows = watched.bulk_deletions if request.method == "DELETE" else watched.bulk_changes
    wanted = rows.read(await request.body(), content_type(request))
    return responses.outcomes(await parts(request).bulk.write(watched, wanted, who, idempotent))


def _routes(
    noun: str, rows: str, key: str, parameters: list[Document], page: type[BaseModel]
) -> APIRouter:
    """Return the routes of the path ``rows`` and of the path ``key`` below it.

    ``parameters`` describe the parameters in the path; the last one is the key.
    """
    row, table = f"{rows}/{key}", parameters[:-1]
    router = APIRouter(route_class=CatalogRoute)
    unknown_table = (404,) if table else ()
    writing = (409, 408, 413, 415)
    changing = {"parameters": [*parameters, IF_MATCH]}
    router.add_api_route(
        rows,
        list_rows,
        response_model=page,
        summary=f"List {noun}s",
        responses=problems(*unknown_table),
        openapi_extra={"parameters": table},
    )
    router.add_api_route(
        rows,
        create_row,
        methods=["POST"],
        status_code=201,
        response_model=Row,
        summary=f"Create {noun}",
        responses=problems(*unknown_table, *writing),
        openapi_extra={"parameters": [*table, IDEMPOTENCY_KEY]},
    )
    for method, endpoint, verb in (
        ("PATCH", change_rows, "Change"),
        ("DELETE", delete_rows, "Delete"),
    ):
        router.add_api_route(
            rows,
            endpoint,
            methods=[method],
            response_model=BulkAnswer,
            summary=f"{verb} many {noun}s",
            responses=problems(*unknown_table, 408, 413, 415),
            openapi_extra={"parameters": [*table, IDEMPOTENCY_KEY]},
        )
    router.add_api_route(
        row,
        get_row,
        response_model=Row,
        summary=f"Get {noun}",
        responses={
            **problems(404),
            304: {"description": "The row still has the ETag in If-None-Match"},
        },
        openapi_extra={"parameters": [*parameters, INCLUDE]},
    )
    for method in ("PATCH", "PUT"):
        router.add_api_route(
            row,
            change_row,
            methods=[method],
            response_model=Row,
            summary=f"Change {noun}",
            responses=problems(404, 412, *writing),
            openapi_extra=changing,
        )
    router.add_api_route(
        row,
        delete_row,
        methods=["DELETE"],
        status_code=204,
        summary=f"Delete {noun}",
        responses=problems(404, 409, 412),
        openapi_extra=changing,
    )
    return router


def _counting() -> APIRouter:
    router = APIRouter(route_class=CatalogRoute)
    for path, noun, unknown in (
        ("/api/orders/counts", "orders", ()),
        ("/api/counts/{table}", "rows", (404,)),
    ):
        router.add_api_route(
            path,
            count_rows,
            response_model=OrderCounts,
            summary=f"Count {noun}",
            responses=problems(*unknown),
            openapi_extra={"parameters": [TABLE, SEARCH, ATTENTION] if unknown else []},
        )
    return router


def _exporting() -> APIRouter:
    router = APIRouter(route_class=CatalogRoute)
    router.add_api_route(
        "/api/export/{table}",
        export_rows,
        response_class=Response,
        summary="Export rows as CSV",
        responses={**problems(404), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        openapi_extra={"parameters": EXPORT},
    )
    return router


ROUTERS = (
    _counting(),  # first, because /api/orders/counts also fits the route of one order
    _routes("order", "/api/orders", "{order_id}", [ORDER_ID], OrderList),
    _routes("row", "/api/tables/{table}", "{key:path}", [TABLE, KEY], RowList),
    _exporting(),
)
