"""Joining snapshots and stream: a book that is right at every moment."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx

from orders_client.book import OrderBook
from orders_client.client import OrdersClient
from orders_client.errors import SnapshotError
from orders_client.items import Event, Reset, Snapshot
from orders_client.snapshots import fetch_snapshot
from orders_contract.backoff import Backoff


async def follow(
    client: OrdersClient,
    api: httpx.AsyncClient,
    book: OrderBook,
    *,
    on_trouble: Callable[[str, float], None] = lambda _reason, _retry_in_s: None,
) -> AsyncIterator[Event | Reset | Snapshot]:
    """Keep a book right, and yield whatever changed it, once it has.

    A book that has a place already, perhaps from another time, goes on from the client's place,
    or else its own. The client must have the book's filter. A snapshot that fails is tried again
    without end; ``on_trouble`` hears why, and in how many seconds.
    """
    if book.place is None:
        yield await _load(client, api, book, on_trouble)
    elif client.place is None:
        client.seek(book.place)
    async for item in client:
        if isinstance(item, Reset):
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
            snapshot = await fetch_snapshot(api, book.wanted)
        except SnapshotError as exc:
            delay_s = backoff.next_delay_s()
            on_trouble(str(exc), delay_s)
            await asyncio.sleep(delay_s)
            continue
        book.load(snapshot)
        client.seek(snapshot.place)
        return snapshot
