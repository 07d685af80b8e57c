"""The paths about orders and their log."""

# ruff: noqa: FAST003  CatalogRoute: the endpoints read the request themselves

import json
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from orders_api import filters, preconditions, responses
from orders_api.models import (
    ActivityPage,
    ActivityQuery,
    EventList,
    EventQuery,
    Health,
    HealthSummary,
    OrderCounts,
    OrderList,
    Pulse,
    Row,
    TablesSchema,
)
from orders_api.openapi import (
    ACTIVITY_QUERY,
    EVENT_QUERY,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    ORDER_ID,
    problems,
)
from orders_api.requests import (
    CatalogRoute,
    content_type,
    header,
    idempotency_key,
    if_match,
    order_key,
    parts,
    query,
    require,
    require_no_query,
    sender,
)

router = APIRouter(prefix="/api", route_class=CatalogRoute)

_BODY = (408, 413, 415)


@router.post(
    "/orders",
    status_code=201,
    response_model=Row,
    responses=problems(409, *_BODY),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
async def create_order(request: Request) -> Response:
    """Create an order. With an Idempotency-Key a repeated request gets the first answer again."""
    who = require(request, "clerk")
    require_no_query(request)
    key = idempotency_key(request)
    running = parts(request)
    orders = (await running.catalog.current()).orders
    body = orders.new_row.read(await request.body(), content_type(request))
    created = await running.store.create(orders, body, who, key)
    return responses.created(created, f"/api/orders/{created.key[0]}")


@router.get("/schema", response_model=TablesSchema, responses=problems())
async def get_schema(request: Request) -> Response:
    """Return the watched tables and their columns, from the database's catalog."""
    require(request, "viewer")
    require_no_query(request)
    schema = await parts(request).catalog.current()
    headers = {"ETag": schema.etag, "Cache-Control": "no-cache"}
    if preconditions.if_none_match(header(request, b"if-none-match")).holds(schema.tag):
        return Response(status_code=304, headers=headers)
    return responses.rendered(schema.text, headers=headers)


@router.get("/orders", response_model=OrderList, responses=problems())
async def list_orders(request: Request) -> Response:
    """Return a page of orders, newest first, and the position to follow the stream from."""
    who = require(request, "viewer")
    running = parts(request)
    orders = (await running.catalog.current()).orders
    selection = filters.read(orders.table, request.query_params.multi_items())
    page = await running.store.page(orders, selection, who)
    return responses.page(page, orders.table, selection, "orders")


@router.get("/orders/counts", response_model=OrderCounts, responses=problems())
async def count_orders(request: Request) -> Response:
    """Return how many orders there are of each status, and the position to count on from."""
    who = require(request, "viewer")
    running = parts(request)
    orders = (await running.catalog.current()).orders
    status = orders.table.display.get("status") or ""
    selection = filters.read(
        orders.table, request.query_params.multi_items(), paged=False, refused={status}
    )
    found = await running.store.counts(orders, selection, status, who)
    return responses.rendered(
        f'{{"stream":"{found.stream}","position":{found.position},"time":"{found.time}",'
        f'"counts":{json.dumps(found.counts)}}}'
    )


@router.get("/pulse", response_model=Pulse, responses=problems())
async def get_pulse(request: Request) -> Response:
    """Return the changes of each minute of the last hour, the new orders of the last day."""
    who = require(request, "viewer")
    require_no_query(request)
    running = parts(request)
    catalog = await running.catalog.current()
    past = await running.log.recent_past(catalog, datetime.now(UTC), who)
    return responses.rendered(
        f'{{"stream":"{past.stream}","position":{past.position},"time":"{past.time}",'
        f'"changes_since":"{past.changes_since.isoformat()}","changes":{past.changes},'
        f'"orders_since":"{past.orders_since.isoformat()}","orders":{past.orders}}}'
    )


@router.get(
    "/orders/{order_id}",
    response_model=Row,
    responses={**problems(404), 304: {"description": "The order has the tag in If-None-Match"}},
    openapi_extra={"parameters": [ORDER_ID]},
)
async def get_order(request: Request) -> Response:
    """Return an order; the ETag is its version."""
    who = require(request, "viewer")
    require_no_query(request)
    running = parts(request)
    orders = (await running.catalog.current()).orders
    order = await running.store.row(orders, order_key(request, orders), who)
    if preconditions.if_none_match(header(request, b"if-none-match")).holds(order.tag):
        return Response(status_code=304, headers={"ETag": order.etag})
    return responses.row(order)


@router.put(
    "/orders/{order_id}",
    response_model=Row,
    responses=problems(404, 409, 412, *_BODY),
    openapi_extra={"parameters": [ORDER_ID, IF_MATCH]},
)
@router.patch(
    "/orders/{order_id}",
    response_model=Row,
    responses=problems(404, 409, 412, *_BODY),
    openapi_extra={"parameters": [ORDER_ID, IF_MATCH]},
)
async def change_order(request: Request) -> Response:
    """Change the columns that are sent. PUT and PATCH are the same."""
    who = require(request, "clerk")
    require_no_query(request)
    running = parts(request)
    orders = (await running.catalog.current()).orders
    key, expected = order_key(request, orders), if_match(request)
    body = orders.changes.read(await request.body(), content_type(request))
    return responses.row(await running.store.change(orders, key, body, who, expected))


@router.delete(
    "/orders/{order_id}",
    status_code=204,
    responses=problems(404, 409, 412),
    openapi_extra={"parameters": [ORDER_ID, IF_MATCH]},
)
async def delete_order(request: Request) -> Response:
    """Delete an order; its history stays."""
    who = require(request, "admin")
    require_no_query(request)
    running = parts(request)
    orders = (await running.catalog.current()).orders
    await running.store.delete(orders, order_key(request, orders), who, if_match(request))
    return Response(status_code=204)


@router.get(
    "/orders/{order_id}/events",
    response_model=EventList,
    responses=problems(404),
    openapi_extra={"parameters": [ORDER_ID, *EVENT_QUERY]},
)
async def get_history(request: Request) -> Response:
    """Return the events of an order, oldest first, also after it was deleted."""
    who = require(request, "viewer")
    running = parts(request)
    catalog = await running.catalog.current()
    (order_id,) = order_key(request, catalog.orders)
    wanted = query(request, EventQuery)
    return responses.events(
        await running.log.history(catalog, int(order_id), wanted.after, wanted.limit, who)
    )


@router.get(
    "/events",
    response_model=EventList,
    responses=problems(),
    openapi_extra={"parameters": EVENT_QUERY},
)
async def list_events(request: Request) -> Response:
    """Return events after a position from the full log."""
    who = require(request, "viewer")
    wanted = query(request, EventQuery)
    running = parts(request)
    catalog = await running.catalog.current()
    return responses.events(await running.log.events(catalog, wanted.after, wanted.limit, who))


@router.get(
    "/activity",
    response_model=ActivityPage,
    responses=problems(),
    openapi_extra={"parameters": ACTIVITY_QUERY},
)
async def list_activity(request: Request) -> Response:
    """Return the changes before a position in groups, newest first."""
    who = require(request, "viewer")
    wanted = query(request, ActivityQuery, lists={"operation"})
    running = parts(request)
    catalog = await running.catalog.current()
    return responses.rendered(await running.activity.page(catalog, wanted, who))


@router.get(
    "/health",
    response_model=Health | HealthSummary,
    responses={503: {"model": Health | HealthSummary, "description": "The database is away"}},
)
async def get_health(request: Request) -> Response:
    """Return the state of the whole system; in detail to those who may read orders."""
    require_no_query(request)
    health = await parts(request).probe.check()
    shown = health if sender(request) is not None else HealthSummary(status=health.status)
    return responses.rendered(shown.model_dump_json(), 503 if health.status == "down" else 200)
