"""The paths about all orders together, the log and the system; ``row_routes`` has the others."""

# ruff: noqa: FAST003  CatalogRoute: the endpoints read the request themselves

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from orders_api import preconditions, responses
from orders_api.models import (
    ActivityPage,
    ActivityQuery,
    ActorList,
    BurstPage,
    BurstQuery,
    EventList,
    EventQuery,
    Health,
    HealthSummary,
    Pulse,
    TablesSchema,
)
from orders_api.openapi import ACTIVITY_QUERY, BURST_QUERY, EVENT_QUERY, ORDER_ID, problems
from orders_api.requests import (
    CatalogRoute,
    header,
    parts,
    query,
    require,
    require_no_query,
    row_key,
    sender,
)

router = APIRouter(prefix="/api", route_class=CatalogRoute)


@router.get("/schema", response_model=TablesSchema, responses=problems())
async def get_schema(request: Request) -> Response:
    """Return the watched tables and their columns, as the database's catalog describes them."""
    require(request, "viewer")
    require_no_query(request)
    schema = await parts(request).catalog.current()
    headers = {"ETag": schema.etag, "Cache-Control": "no-cache"}
    if preconditions.if_none_match(header(request, b"if-none-match")).holds(schema.tag):
        return Response(status_code=304, headers=headers)
    return responses.rendered(schema.text, headers=headers)


@router.get("/pulse", response_model=Pulse, responses=problems())
async def get_pulse(request: Request) -> Response:
    """Return the numbers of recent changes and new orders."""
    who = require(request, "viewer")
    require_no_query(request)
    running = parts(request)
    catalog = await running.catalog.current()
    pulse = await running.log.pulse(catalog, datetime.now(UTC), who)
    return responses.rendered(pulse.model_dump_json())


@router.get(
    "/orders/{order_id}/events",
    response_model=EventList,
    responses=problems(404),
    openapi_extra={"parameters": [ORDER_ID, *EVENT_QUERY]},
)
async def get_history(request: Request) -> Response:
    """Return the events of an order, oldest first, even if the order has been deleted."""
    who = require(request, "viewer")
    running = parts(request)
    catalog = await running.catalog.current()
    (order_id,) = row_key(request, catalog.orders)
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
    """Return the events of the log after a position, oldest first."""
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
    """Return changes in groups of similar ones, newest first."""
    who = require(request, "viewer")
    wanted = query(request, ActivityQuery, lists={"operation"})
    running = parts(request)
    catalog = await running.catalog.current()
    return responses.rendered(await running.activity.page(catalog, wanted, who))


@router.get(
    "/activity/events",
    summary="List the events of a group",
    response_model=BurstPage,
    responses=problems(404),
    openapi_extra={"parameters": BURST_QUERY},
)
async def list_burst(request: Request) -> Response:
    """Return the events of one group of the activity, newest first."""
    who = require(request, "viewer")
    wanted = query(request, BurstQuery)
    running = parts(request)
    catalog = await running.catalog.current()
    return responses.rendered(await running.activity.burst(catalog, wanted, who))


@router.get("/activity/actors", response_model=ActorList, responses=problems())
async def list_actors(request: Request) -> Response:
    """Return the names under which the changes in the log were made."""
    who = require(request, "viewer")
    require_no_query(request)
    return responses.rendered(await parts(request).activity.actors(who))


@router.get(
    "/health",
    response_model=Health | HealthSummary,
    responses={
        503: {"model": Health | HealthSummary, "description": "The database does not answer"}
    },
)
async def get_health(request: Request) -> Response:
    """Return the state of the whole system; with details if the sender may read orders."""
    require_no_query(request)
    health = await parts(request).probe.check()
    shown = health if sender(request) is not None else HealthSummary(status=health.status)
    return responses.rendered(shown.model_dump_json(), 503 if health.status == "down" else 200)
