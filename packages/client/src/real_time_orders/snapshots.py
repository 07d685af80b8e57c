"""Fetch snapshots over HTTP, and keep them current with the events of the stream."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS, Schema, Table
from real_time_orders.book import OrderBook
from real_time_orders.client import OrdersClient
from real_time_orders.errors import SnapshotError
from real_time_orders.items import (
    Event,
    Item,
    Place,
    Row,
    SchemaChanged,
    Snapshot,
    Tables,
    parse_json,
    row_key,
)
from real_time_orders.problems import problem_of

_PAGE = 1000
_SCHEMA_ATTEMPTS = 5
_PAGE_INCLUDING = 100
"""The API returns at most this many orders at once if their children are included."""

QueryItem = tuple[str, str | int | float | bool | None]
"""A query parameter as httpx types it. Here the value is always a text."""


async def follow(
    client: OrdersClient,
    api: httpx.AsyncClient,
    book: OrderBook,
    *,
    on_trouble: Callable[[str, float], None] = lambda _reason, _retry_in_s: None,
) -> AsyncIterator[Item | Snapshot]:
    """Keep a book current; yield each event, reset and snapshot once it is applied.

    If the book has a place already, perhaps from an earlier run, no snapshot is fetched at first;
    the client continues from its own place, or else from the book's. The client must have the
    book's filters. A snapshot that fails is repeated without end; ``on_trouble`` is called with the
    reason and the delay in seconds.
    """

    async def fetch() -> Snapshot:
        return await fetch_snapshot(api, book.tables)

    def trouble(exc: SnapshotError, retry_in_s: float) -> None:
        on_trouble(str(exc), retry_in_s)

    if book.place is None:
        yield await load(client, book, fetch, trouble)
    elif client.place is None:
        client.seek(book.place, book.schema)
    async for item in client:
        if not isinstance(item, Event):
            yield item
            await api_follows(api, item)
            yield await load(client, book, fetch, trouble)
        elif book.apply(item):
            yield item


async def load(
    client: OrdersClient,
    book: OrderBook,
    fetch: Callable[[], Awaitable[Snapshot]],
    on_trouble: Callable[[SnapshotError, float], None],
) -> Snapshot:
    """Replace the rows of a book by a snapshot; move the client to the snapshot's place.

    A snapshot that fails is repeated without end, unless ``on_trouble`` raises.
    """
    backoff = Backoff()
    while True:
        try:
            snapshot = await fetch()
        except SnapshotError as exc:
            delay_s = backoff.next_delay_s()
            on_trouble(exc, delay_s)
            await asyncio.sleep(delay_s)
            continue
        book.load(snapshot)
        client.seek(snapshot.place, book.schema)
        return snapshot


async def api_follows(api: httpx.AsyncClient, item: Item) -> None:
    """Wait until the API has read a schema that the stream has announced.

    Gateways may hear of it up to a second earlier. Rows would then be kept by the former key. The
    wait is limited, because the API may also have a later schema.
    """
    backoff = Backoff()
    while isinstance(item, SchemaChanged) and backoff.attempts < _SCHEMA_ATTEMPTS:
        with suppress(SnapshotError, httpx.HTTPError, ValueError):
            if Schema.parse(await _get(api, "/api/schema", [])).version == item.version:
                return
        await asyncio.sleep(backoff.next_delay_s())


@dataclass(frozen=True)
class Selection:
    """The rows to fetch: the first ``limit`` by ``sort``, with the child tables in ``include``."""

    sort: str = ""
    limit: int | None = None
    include: Sequence[str] = ()


async def fetch_snapshot(
    api: httpx.AsyncClient, tables: Tables | None = None, selection: Selection = Selection()
) -> Snapshot:
    """Return the rows of the tables under their filters; ``api`` has the base address.

    Pages are read at different times. The place is that of the first page, so the next events
    repeat changes that later pages already have. Children that are included come with their orders,
    and need no filter of their own.

    Raises:
        SnapshotError: the request failed; ``status`` is the status of the answer, if any.

    """
    wanted = {ORDERS: {}} if tables is None else tables
    try:
        schema = Schema.parse(await _get(api, "/api/schema", []))
        pages = _Pages(api, schema, selection)
        for name, conditions in wanted.items():
            if name not in selection.include:
                await pages.fetch(name, conditions)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
        raise SnapshotError(str(exc) or type(exc).__name__) from exc
    if pages.place is None:
        raise SnapshotError("no table is wanted")
    return Snapshot(pages.place, pages.rows, schema, pages.has_more, pages.parents)


class _Pages:
    """Collects the rows of all pages."""

    def __init__(self, api: httpx.AsyncClient, schema: Schema, selection: Selection) -> None:
        self._api = api
        self._schema = schema
        self._selection = selection
        self.place: Place | None = None
        self.rows: dict[str, dict[Hashable, Row]] = {name: {} for name in selection.include}
        self.has_more = False
        self.parents = {name: self._parent_column(name) for name in selection.include}

    def _parent_column(self, name: str) -> str:
        table = self._schema.tables.get(name)
        if table is None or table.parent is None:
            raise SnapshotError(f"{name} is not watched, or no child of orders", 404)
        return table.parent.column

    async def fetch(self, name: str, conditions: Mapping[str, Any]) -> None:
        """Fetch the rows of a table, page by page."""
        table = self._schema.tables.get(name)
        if table is None:
            raise SnapshotError(f"{name} is not watched", 404)
        limit, include = self._selection.limit, self._selection.include
        size = min(limit or _PAGE, _PAGE_INCLUDING if include else _PAGE)
        query: list[QueryItem] = [("limit", size), *_query(name, table.key, conditions)]
        query += [("sort", self._selection.sort)] if self._selection.sort else []
        query += [("include", ",".join(include))] if include else []
        rows = self.rows[name] = {}
        async for row in self._rows(name, query, limit):
            await self._take_children(row, table)
            rows[_key_of(row, table)] = row

    async def _rows(
        self, name: str, query: list[QueryItem], limit: int | None = None
    ) -> AsyncIterator[Row]:
        path = "/api/orders" if name == ORDERS else f"/api/tables/{quote(name, safe='')}"
        cursor: str | None = None
        number = 0
        while limit is None or number < limit:
            more = [] if cursor is None else [("cursor", cursor)]
            page = await _get(self._api, path, [*query, *more])
            self._note_place(page)
            for row in page["orders" if name == ORDERS else "rows"]:
                number += 1
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return
        self.has_more = True

    def _note_place(self, page: Any) -> None:
        here = Place(str(page["stream"]), int(page["position"]))
        self.place = self.place or here
        if here.stream != self.place.stream or here.position < self.place.position:
            raise SnapshotError("the database was replaced between two pages")

    async def _take_children(self, row: Row, parent: Table) -> None:
        """Move the children of an order from its row to the rows of their tables."""
        for name, column in self.parents.items():
            children, child = row.pop(name), self._schema.tables[name]
            if row.pop(f"{name}.more", False):
                query: list[QueryItem] = [("limit", _PAGE), (column, str(row[parent.key[0]]))]
                children = [each async for each in self._rows(name, query)]
            for each in children:
                self.rows[name][_key_of(each, child)] = each


def _key_of(row: Row, table: Table) -> Hashable:
    return row_key({column: row[column] for column in table.key})


async def _get(api: httpx.AsyncClient, path: str, query: list[QueryItem]) -> Any:
    response = await api.get(path, params=query)
    if response.is_error:
        problem = problem_of(response.text, response.reason_phrase)
        raise SnapshotError(problem.explained, response.status_code, problem.code)
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
