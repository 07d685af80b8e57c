"""Snapshots over HTTP, and joining them with the stream into a book that is always right."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS, Schema
from real_time_orders.book import OrderBook
from real_time_orders.client import OrdersClient
from real_time_orders.errors import SnapshotError
from real_time_orders.items import (
    Event,
    Item,
    Place,
    Row,
    Snapshot,
    Tables,
    parse_json,
    row_key,
)

_PAGE = 1000

QueryItem = tuple[str, str | int | float | bool | None]
"""As httpx types them; these are always texts."""


async def follow(
    client: OrdersClient,
    api: httpx.AsyncClient,
    book: OrderBook,
    *,
    on_trouble: Callable[[str, float], None] = lambda _reason, _retry_in_s: None,
) -> AsyncIterator[Item | Snapshot]:
    """Keep a book right; yield each event, reset and snapshot once it is applied.

    A book that has a place already, perhaps from an earlier run, goes on from the client's place
    or else its own. The client must have the book's filters. A snapshot that fails is repeated
    without end; ``on_trouble`` is called with the reason and the delay in seconds.
    """
    if book.place is None:
        yield await _load(client, api, book, on_trouble)
    elif client.place is None:
        client.seek(book.place)
    async for item in client:
        if not isinstance(item, Event):
            yield item
            yield await _load(client, api, book, on_trouble)
        elif book.apply(item):
            yield item


async def _load(
    client: OrdersClient,
    api: httpx.AsyncClient,
    book: OrderBook,
    on_trouble: Callable[[str, float], None],
) -> Snapshot:
    backoff = Backoff()
    while True:
        try:
            snapshot = await fetch_snapshot(api, book.tables)
        except SnapshotError as exc:
            delay_s = backoff.next_delay_s()
            on_trouble(str(exc), delay_s)
            await asyncio.sleep(delay_s)
            continue
        book.load(snapshot)
        client.seek(snapshot.place)
        return snapshot


async def fetch_snapshot(api: httpx.AsyncClient, tables: Tables | None = None) -> Snapshot:
    """Return all rows of the tables under their filters; ``api`` has the base address.

    Pages are of different moments. The place is that of the first page: what later pages show
    too early is repeated by the events that follow, and comes out right.

    Raises:
        SnapshotError: it could not be fetched.

    """
    wanted = {ORDERS: {}} if tables is None else tables
    try:
        schema = Schema.parse(await _get(api, "/api/schema", []))
        keys = {name: schema.tables[name].key for name in wanted}
        place: Place | None = None
        rows: dict[str, dict[Hashable, Row]] = {}
        for name, conditions in wanted.items():
            rows[name] = {}
            query = list(_query(name, keys[name], conditions))
            async for page in _pages(api, name, query):
                here = Place(str(page["stream"]), int(page["position"]))
                place = place or here
                if here.stream != place.stream or here.position < place.position:
                    raise SnapshotError("the database was replaced between two pages")
                for row in page["orders" if name == ORDERS else "rows"]:
                    rows[name][row_key({column: row[column] for column in keys[name]})] = row
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
        raise SnapshotError(str(exc) or type(exc).__name__) from exc
    if place is None:
        raise SnapshotError("no table is wanted")
    return Snapshot(place, rows)


async def _pages(
    api: httpx.AsyncClient, table: str, conditions: list[QueryItem]
) -> AsyncIterator[Any]:
    path = "/api/orders" if table == ORDERS else f"/api/tables/{quote(table, safe='')}"
    query: list[QueryItem] = [("limit", _PAGE), *conditions]
    cursor: str | None = None
    while True:
        page = await _get(api, path, query if cursor is None else [*query, ("cursor", cursor)])
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def _get(api: httpx.AsyncClient, path: str, query: list[QueryItem]) -> Any:
    response = await api.get(path, params=query)
    response.raise_for_status()
    return parse_json(response.text)


def _query(table: str, key: tuple[str, ...], conditions: Mapping[str, Any]) -> Iterator[QueryItem]:
    """Yield the query parameters that select the rows matching a filter."""
    for name, condition in conditions.items():
        column = key[0] if table == ORDERS and name == "order_id" else name
        operators = condition if isinstance(condition, Mapping) else {"eq": condition}
        for operator, value in operators.items():
            for each in value if isinstance(value, list | tuple) else [value]:
                if each is None:
                    yield f"{column}.is", "not_null" if operator == "not" else "null"
                else:
                    parameter = column if operator == "eq" else f"{column}.{operator}"
                    yield parameter, str(each).lower() if isinstance(each, bool) else str(each)
