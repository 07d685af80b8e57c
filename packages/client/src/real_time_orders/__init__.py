"""Client of the stream of changes, as ``docs/client.md`` describes it.

Every change once and in order, or a reset that gives the reason::

    async with OrdersClient("ws://localhost:3000/ws") as client:
        async for item in client:
            match item:
                case Event(): ...
                case Reset() | SchemaChanged(): ...  # fetch a snapshot

A book of rows that is right at every moment::

    book = OrderBook()
    async with (
        OrdersClient("ws://localhost:3000/ws", tables=book.tables) as client,
        httpx.AsyncClient(base_url="http://localhost:3000") as api,
    ):
        async for item in follow(client, api, book):
            print(item, len(book.orders))
"""

from real_time_orders.book import OrderBook
from real_time_orders.client import OrdersClient
from real_time_orders.errors import ClientError, RefusedError, SnapshotError
from real_time_orders.items import (
    Event,
    Phase,
    Place,
    Reset,
    Row,
    SchemaChanged,
    Snapshot,
    State,
    Tables,
)
from real_time_orders.kinds import Kind
from real_time_orders.snapshots import follow

__all__ = [
    "ClientError",
    "Event",
    "Kind",
    "OrderBook",
    "OrdersClient",
    "Phase",
    "Place",
    "RefusedError",
    "Reset",
    "Row",
    "SchemaChanged",
    "Snapshot",
    "SnapshotError",
    "State",
    "Tables",
    "follow",
]
