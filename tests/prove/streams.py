"""Clients of the other kinds: server-sent events, and a program that polls the log over HTTP."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness.readers import Rows
from real_time_orders import OrderBook, Place
from real_time_orders.errors import SnapshotError
from real_time_orders.items import parse_event, parse_json
from real_time_orders.snapshots import fetch_snapshot

Saw = Callable[[str, dict[str, Any]], None]
"""Is told of each event with its stream."""

_PAUSE_S = 0.2


@dataclass
class Other(ABC):
    """A client that keeps a book by its own means, until cancelled."""

    gateway: str
    api: httpx.AsyncClient
    saw: Saw
    book: OrderBook = field(default_factory=OrderBook)
    resets: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Follow through every failure."""
        while True:
            with suppress(httpx.HTTPError, SnapshotError, OSError):
                if self.book.place is None:
                    self.book.load(await fetch_snapshot(self.api))
                await self._follow(self._place())
            await asyncio.sleep(_PAUSE_S)

    @property
    def rows(self) -> Rows:
        """What the book holds."""
        orders = self.book.orders.items()
        return {id_: (row["version"], row["customer_name"]) for id_, row in orders}

    @abstractmethod
    async def _follow(self, place: Place) -> None:
        """Apply what comes after a place until the connection ends."""

    def _place(self) -> Place:
        assert self.book.place is not None
        return self.book.place

    def _take(self, stream: str, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["position"] > self._place().position:
                self.saw(stream, event)
                self.book.apply(parse_event(event))

    def _forget(self, reason: str) -> None:
        self.resets.append(reason)
        self.book.place = None


class EventSource(Other):
    """Reads /sse and resumes by Last-Event-ID, as a browser does."""

    async def _follow(self, place: Place) -> None:
        headers = {"Last-Event-ID": f"{place.stream}:{place.position}"}
        async with (
            httpx.AsyncClient(timeout=6) as http,
            http.stream("GET", f"{self.gateway}/sse", headers=headers) as response,
        ):
            response.raise_for_status()
            stream = place.stream
            async for line in response.aiter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line.removeprefix("data:"))
                match message["type"]:
                    case "hello":
                        stream = message["stream"]
                    case "events" if not message.get("conflated"):
                        self._take(stream, message["events"])
                    case "reset":
                        self._forget(message["reason"])
                        return


class Poller(Other):
    """Asks GET /api/events for what comes next."""

    async def _follow(self, place: Place) -> None:
        query = {"after": place.position, "limit": 500}
        response = await self.api.get("/api/events", params=query)
        response.raise_for_status()
        page = parse_json(response.text)
        if page["stream"] != place.stream or page["position"] < place.position:
            self._forget("another stream")
        else:
            self._take(place.stream, page["events"])
