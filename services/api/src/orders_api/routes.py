"""The paths of the API. Each says what goes in and out; the store does the work."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Header, Query, Response

from orders_api import cursor, preconditions
from orders_api.cursor import MalformedCursorError
from orders_api.errors import InvalidInputError
from orders_api.models import (
    CountQuery,
    EventList,
    EventQuery,
    Health,
    HealthSummary,
    NewOrder,
    OrderChanges,
    OrderCounts,
    OrderList,
    OrderQuery,
    Problem,
    Pulse,
)
from orders_api.records import EventPage, StoredOrder
from orders_api.requests import (
    Admin,
    Clerk,
    IdempotencyKey,
    IfMatch,
    OrderId,
    Probe,
    Somebody,
    Store,
    Viewer,
    without_query,
)
from orders_contract.messages import Order, Status

router = APIRouter(prefix="/api")


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in (401, 403, *statuses, 422, 429, 503)}


_BODY = (408, 413, 415)
_NO_QUERY = [Depends(without_query)]


@router.get("/orders", response_model=OrderList, responses=_problems())
async def list_orders(store: Store, who: Viewer, query: Annotated[OrderQuery, Query()]) -> Response:
    """Return a page of orders, newest first, and the position to follow the stream from."""
    page = await store.page(query, _before(query.cursor), who)
    next_cursor = None if page.last_id is None else cursor.encode(page.last_id)
    return _json(
        f'{{"stream":"{page.stream}","position":{page.position},'
        f'"orders":{page.orders},"next_cursor":{json.dumps(next_cursor)}}}'
    )


@router.post(
    "/orders",
    status_code=201,
    response_model=Order,
    responses=_problems(409, *_BODY),
    dependencies=_NO_QUERY,
)
async def create_order(store: Store, who: Clerk, order: NewOrder, key: IdempotencyKey) -> Response:
    """Create an order. With an Idempotency-Key a repeat gets the first answer again."""
    return created(await store.create(order, key, who))


def created(order: StoredOrder) -> Response:
    """Answer with an order that is there now."""
    return _order(order, 201, {"Location": f"/api/orders/{order.id}"})


@router.get("/orders/counts", response_model=OrderCounts, responses=_problems())
async def count_orders(
    store: Store, who: Viewer, query: Annotated[CountQuery, Query()]
) -> Response:
    """Return how many orders there are of each status, and the position to count on from."""
    found = await store.counts(query, who)
    counts = dict.fromkeys(get_args(Status), 0) | json.loads(found.counts)
    return _json(
        f'{{"stream":"{found.stream}","position":{found.position},"time":"{found.time}",'
        f'"counts":{json.dumps(counts)}}}'
    )


@router.get("/pulse", response_model=Pulse, responses=_problems(), dependencies=_NO_QUERY)
async def get_pulse(store: Store, who: Viewer) -> Response:
    """Return the changes of each minute of the last hour, the new orders of the last day."""
    past = await store.recent_past(datetime.now(UTC), who)
    return _json(
        f'{{"stream":"{past.stream}","position":{past.position},"time":"{past.time}",'
        f'"changes_since":"{past.changes_since.isoformat()}","changes":{past.changes},'
        f'"orders_since":"{past.orders_since.isoformat()}","orders":{past.orders}}}'
    )


@router.get(
    "/orders/{order_id}",
    response_model=Order,
    responses={**_problems(404), 304: {"description": "It is as If-None-Match has it"}},
    dependencies=_NO_QUERY,
)
async def get_order(
    store: Store,
    who: Viewer,
    order_id: OrderId,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return an order; the ETag is its version."""
    order = await store.order(order_id, who)
    if preconditions.if_none_match(if_none_match).holds(order.version):
        return Response(status_code=304, headers={"ETag": order.etag})
    return _order(order)


@router.put(
    "/orders/{order_id}",
    response_model=Order,
    responses=_problems(404, 412, *_BODY),
    dependencies=_NO_QUERY,
)
@router.patch(
    "/orders/{order_id}",
    response_model=Order,
    responses=_problems(404, 412, *_BODY),
    dependencies=_NO_QUERY,
)
async def change_order(
    store: Store, who: Clerk, order_id: OrderId, changes: OrderChanges, if_match: IfMatch
) -> Response:
    """Change the fields that are sent. PUT and PATCH are the same."""
    return _order(await store.change(order_id, changes, if_match, who))


@router.delete(
    "/orders/{order_id}",
    status_code=204,
    responses=_problems(404, 412),
    dependencies=_NO_QUERY,
)
async def delete_order(store: Store, who: Admin, order_id: OrderId, if_match: IfMatch) -> Response:
    """Delete an order; its history stays."""
    await store.delete(order_id, if_match, who)
    return Response(status_code=204)


@router.get("/orders/{order_id}/events", response_model=EventList, responses=_problems(404))
async def get_history(
    store: Store, who: Viewer, order_id: OrderId, query: Annotated[EventQuery, Query()]
) -> Response:
    """Return what happened to an order, oldest first, also after it was deleted."""
    return _events(await store.history(order_id, query.after, query.limit, who))


@router.get("/events", response_model=EventList, responses=_problems())
async def list_events(store: Store, who: Viewer, query: Annotated[EventQuery, Query()]) -> Response:
    """Return events after a position from the full log."""
    return _events(await store.events(query.after, query.limit, who))


@router.get(
    "/health",
    response_model=Health | HealthSummary,
    responses={503: {"model": Health | HealthSummary, "description": "The database is away"}},
    dependencies=_NO_QUERY,
)
async def get_health(probe: Probe, who: Somebody) -> Response:
    """Say how the whole system is; in detail to those who may read orders."""
    health = await probe.check()
    shown = health if who is not None else HealthSummary(status=health.status)
    return _json(shown.model_dump_json(), 503 if health.status == "down" else 200)


def _before(token: str | None) -> int | None:
    try:
        return None if token is None else cursor.decode(token)
    except MalformedCursorError as exc:
        raise InvalidInputError("cursor", "is none that this API gave out") from exc


def _order(
    order: StoredOrder, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return _json(order.json, status, {"ETag": order.etag, **(headers or {})})


def _events(page: EventPage) -> Response:
    return _json(
        f'{{"stream":"{page.stream}","position":{page.position},"events":{page.events},'
        f'"last":{page.last}}}'
    )


def _json(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON as it stands; what is cached must be asked about before it is used."""
    return Response(
        text, status, {"Cache-Control": "no-cache", **(headers or {})}, "application/json"
    )
