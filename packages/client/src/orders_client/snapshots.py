"""Snapshots over HTTP: every page of ``GET /api/orders``."""

from typing import Any

import httpx

from orders_client.errors import SnapshotError
from orders_client.items import Place, Row, Snapshot
from orders_contract.messages import Filter

_PAGE = 1000


async def fetch_snapshot(api: httpx.AsyncClient, wanted: Filter | None = None) -> Snapshot:
    """Return all orders under a filter; ``api`` has the base address.

    Pages are of different moments. The place is the first page's, so what later pages show too
    early is told again by the events that follow, and comes out right.

    Raises:
        SnapshotError: there is none to be had at the moment.

    """
    try:
        return await _all_pages(api, wanted)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
        raise SnapshotError(str(exc) or type(exc).__name__) from exc


async def _all_pages(api: httpx.AsyncClient, wanted: Filter | None) -> Snapshot:
    page = await _page(api, wanted, None)
    place = _place(page)
    orders: list[Row] = page["orders"]
    while (cursor := page["next_cursor"]) is not None:
        page = await _page(api, wanted, cursor)
        here = _place(page)
        if here.stream != place.stream or here.position < place.position:
            raise SnapshotError("the database was replaced between two pages")
        orders += page["orders"]
    return Snapshot(place, tuple(orders))


async def _page(api: httpx.AsyncClient, wanted: Filter | None, cursor: str | None) -> Any:
    query: list[tuple[str, str | int | float | bool | None]] = [("limit", _PAGE)]
    if wanted is not None:  # order_id is no parameter of the API: the book picks
        query += [("status", each) for each in wanted.status or ()]
        query += [("customer_name", each) for each in wanted.customer_name or ()]
    if cursor is not None:
        query.append(("cursor", cursor))
    response = await api.get("/api/orders", params=query)
    response.raise_for_status()
    return response.json()


def _place(page: Any) -> Place:
    return Place(str(page["stream"]), int(page["position"]))
