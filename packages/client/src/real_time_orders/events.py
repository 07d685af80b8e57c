"""Every change, once and in order, also after a restart of the consumer."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Protocol

from real_time_orders.client import OrdersClient
from real_time_orders.errors import ClientError
from real_time_orders.items import Event, Place, Reset, Tables


class MissedEventsError(ClientError):
    """Events up to ``place`` are lost to this consumer. To accept that, continue from there."""

    def __init__(self, reason: str, place: Place) -> None:
        super().__init__(f"events up to {place.position} are missing: {reason}")
        self.reason = reason
        self.place = place


class Store(Protocol):
    """Keeps the place of a consumer over restarts."""

    async def load(self) -> Place | None:
        """Return the place; None before the first event."""

    async def save(self, place: Place) -> None:
        """Keep the place, up to which all events have been processed."""


class FileStore:
    """Keeps the place in a file that is replaced as a whole."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def load(self) -> Place | None:
        """Return the place in the file; None if there is no file.

        Raises:
            ValueError: the file holds something else.

        """
        if not await asyncio.to_thread(self._path.exists):
            return None
        try:
            kept = json.loads(await asyncio.to_thread(self._path.read_text))
            return Place(str(kept["stream"]), int(kept["position"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise ValueError(f"{self._path} holds no place") from exc

    async def save(self, place: Place) -> None:
        """Replace the file."""
        await asyncio.to_thread(self._save, place)

    def _save(self, place: Place) -> None:
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps({"stream": place.stream, "position": place.position}))
        new.replace(self._path)


class Events:
    """Yields every change once, in order, without end.

    ``place`` is the place of the current event. A consumer that stores it in the transaction of its
    own work processes each event exactly once. With a ``store`` the place is saved when the loop
    continues to the next event; a consumer that is killed before that gets the event again.
    """

    def __init__(
        self,
        connect: Callable[..., OrdersClient],
        tables: Tables | None,
        after: int | None,
        stream: str | None,
        store: Store | None,
    ) -> None:
        """``connect`` makes the client of a stream, given its options."""
        self._connect = connect
        self._tables = tables
        self._after, self._stream = after, stream
        self._store = store
        self._place: Place | None = None

    @property
    def place(self) -> Place:
        """The place of the current event; raises ClientError before the first one."""
        if self._place is None:
            raise ClientError("there is no event yet")
        return self._place

    async def __aiter__(self) -> AsyncGenerator[Event]:
        """Yield the events.

        Raises:
            MissedEventsError: events are lost to this client.
            RefusedError: the server refuses the address, the filter or the token.

        """
        after, stream = self._after, self._stream
        kept = None if self._store is None else await self._store.load()
        if kept is not None:
            after, stream = kept.position, kept.stream
        async with self._connect(tables=self._tables, after=after, stream=stream) as client:
            async for items in client.batches():
                for item in items:
                    if isinstance(item, Reset):
                        raise MissedEventsError(item.reason, item.place)
                    if isinstance(item, Event):
                        self._place = Place(client.stream, item.position)
                        yield item
                        await self._save()
                if not items and client.place != self._place:
                    self._place = client.place
                    await self._save()

    async def _save(self) -> None:
        if self._store is not None and self._place is not None:
            await self._store.save(self._place)
