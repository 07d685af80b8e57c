"""The same API without ``async``: a thread runs the event loop.

with connect("http://localhost:3000") as live:
    orders = live.table("orders", filter={"status": ["pending"]}, limit=100)
    for rows in orders:
        print(orders.state.status, len(rows))
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Self

from anyio.from_thread import BlockingPortal, start_blocking_portal

from real_time_orders import live as asynchronous
from real_time_orders.bulk import AT_ONCE, Outcome
from real_time_orders.client import Token
from real_time_orders.events import Events, Store
from real_time_orders.items import Event, Place, Row, Tables
from real_time_orders.kinds import Kind
from real_time_orders.table import LiveTable, TableState


class SyncTable:
    """A live table; see ``LiveTable``. Callbacks run in the thread of the event loop."""

    def __init__(self, table: LiveTable, portal: BlockingPortal) -> None:
        self._table = table
        self._portal = portal

    @property
    def rows(self) -> list[Row]:
        """The rows in order."""
        return self._portal.call(lambda: self._table.rows)

    @property
    def state(self) -> TableState:
        """How current the rows are."""
        return self._table.state

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call a function after every change of rows or state; return a function that ends this."""
        end = self._portal.call(self._table.subscribe, callback)
        return lambda: self._portal.call(end)

    def loaded(self) -> Self:
        """Wait until there are rows."""
        self._portal.call(self._table.loaded)
        return self

    def __iter__(self) -> Iterator[list[Row]]:
        """Yield the rows now and after every change."""
        return _iterated(self._portal, aiter(self._table))

    def insert(self, values: Mapping[str, Any]) -> Row:
        """Create a row and return it."""
        return self._portal.call(self._table.insert, values)

    def update(self, key: Hashable, values: Mapping[str, Any], *, read: Row | None = None) -> Row:
        """Change columns of a row and return it."""
        return self._portal.call(lambda: self._table.update(key, values, read=read))

    def delete(self, key: Hashable, *, read: Row | None = None) -> None:
        """Remove a row."""
        self._portal.call(lambda: self._table.delete(key, read=read))

    def update_many(
        self, rows: Iterable[Hashable | Row], values: Mapping[str, Any], *, at_once: int = AT_ONCE
    ) -> Iterator[Outcome]:
        """Change columns of many rows; yield the outcome of each."""
        return _iterated(self._portal, self._table.update_many(rows, values, at_once=at_once))

    def delete_many(
        self, rows: Iterable[Hashable | Row], *, at_once: int = AT_ONCE
    ) -> Iterator[Outcome]:
        """Delete many rows; yield the outcome of each."""
        return _iterated(self._portal, self._table.delete_many(rows, at_once=at_once))


class SyncEvents:
    """Every change; see ``Events``. A store is called in the thread of the event loop."""

    def __init__(self, events: Events, portal: BlockingPortal) -> None:
        self._events = events
        self._portal = portal

    @property
    def place(self) -> Place:
        """The place of the current event."""
        return self._events.place

    def __iter__(self) -> Iterator[Event]:
        """Yield the events."""
        return _iterated(self._portal, aiter(self._events))


class SyncLive:
    """A server and its tables; made by ``connect``, used in ``with``."""

    def __init__(self, url: str, token: Token | None, **options: Any) -> None:
        self._url, self._token, self._options = url, token, options
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start the thread."""
        self._portal = self._open.enter_context(start_blocking_portal())

        async def make() -> asynchronous.Live:
            return asynchronous.connect(self._url, self._token, **self._options)

        self._live = self._open.enter_context(
            self._portal.wrap_async_context_manager(self._portal.call(make))
        )
        return self

    def __exit__(self, *exc: object) -> None:
        """Close all connections and end the thread."""
        self._open.close()

    def table(
        self,
        name: str,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        sort: str = "",
        limit: int | None = None,
        include: Sequence[str] = (),
    ) -> SyncTable:
        """Return a live table; see ``Live.table``."""

        async def make() -> LiveTable:
            return self._live.table(name, filter=filter, sort=sort, limit=limit, include=include)

        return SyncTable(self._portal.call(make), self._portal)

    def events(
        self,
        *,
        tables: Tables | None = None,
        after: int | None = None,
        stream: str | None = None,
        store: Store | None = None,
    ) -> SyncEvents:
        """Return every change, once, in order; see ``Live.events``."""
        events = self._live.events(tables=tables, after=after, stream=stream, store=store)
        return SyncEvents(events, self._portal)


def connect(
    url: str, token: Token | None = None, *, api: str | None = None, transport: Kind | None = None
) -> SyncLive:
    """Return the server at an address; use ``with``. See ``real_time_orders.connect``."""
    return SyncLive(url, token, api=api, transport=transport)


_END = object()


def _iterated(portal: BlockingPortal, items: Any) -> Iterator[Any]:
    """Yield the items of an asynchronous iterator, and close it at the end."""
    try:
        while True:
            waiting = portal.start_task_soon(_next, items)
            try:
                item = waiting.result()
            except BaseException:  # also Ctrl-C: nothing may continue in the background
                waiting.cancel()
                raise
            if item is _END:
                return
            yield item
    finally:
        with suppress(RuntimeError):  # the iterator is being cancelled
            portal.call(items.aclose)


async def _next(items: Any) -> Any:
    return await anext(items, _END)
