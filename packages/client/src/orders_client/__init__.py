"""Client of the stream of order changes, as ``docs/client.md`` describes it.

Every change, once and in order, or a reset that says why not::

    async with OrdersClient("ws://localhost:3000/ws") as client:
        async for item in client:
            match item:
                case Event(): ...
                case Reset(): ...

A book of orders that is right at every moment::

    book = OrderBook()
    async with (
        OrdersClient("ws://localhost:3000/ws") as client,
        httpx.AsyncClient(base_url="http://localhost:3000") as api,
    ):
        async for item in follow(client, api, book):
            print(item, len(book.orders))
"""

from orders_client.book import OrderBook
from orders_client.client import OrdersClient
from orders_client.errors import ClientError, RefusedError, SnapshotError
from orders_client.following import follow
from orders_client.items import Event, Place, Reset, Row, Snapshot
from orders_client.state import Phase, State

__all__ = [
    "ClientError",
    "Event",
    "OrderBook",
    "OrdersClient",
    "Phase",
    "Place",
    "RefusedError",
    "Reset",
    "Row",
    "Snapshot",
    "SnapshotError",
    "State",
    "follow",
]
