"""Clients of packages/client that keep a book of orders through every loss of connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from real_time_orders import OrderBook, OrdersClient, Place, Reset, follow

Rows = dict[int, tuple[int, str]]
"""Version and customer of each order, by id."""


@dataclass
class Reader:
    """A client that may disconnect and return; it records the reasons of resets."""

    urls: list[str]
    api: str
    book: OrderBook = field(default_factory=OrderBook)
    place: Place | None = None
    resets: list[str] = field(default_factory=list)
    on_message: Callable[[dict[str, Any]], None] | None = None
    here: bool = False

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Stay connected within the block, while there are gateways."""
        following = asyncio.create_task(self._follow())
        self.here = True
        try:
            yield
            assert not following.done(), following.result()
        finally:
            self.here = False
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _follow(self) -> None:
        client = OrdersClient(self.urls, tables=self.book.tables, on_message=self.on_message)
        if self.place is not None:
            client.seek(self.place)
        async with client, httpx.AsyncClient(base_url=self.api) as api:
            async for item in follow(client, api, self.book):
                self.place = client.place
                if isinstance(item, Reset):
                    self.resets.append(item.reason)

    @property
    def rows(self) -> Rows:
        """Version and customer of each order in the book."""
        orders = self.book.orders.items()
        return {id_: (row["version"], row["customer_name"]) for id_, row in orders}
