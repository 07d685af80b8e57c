"""``connect``: live tables and events of one server."""

import inspect
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx

from real_time_orders.client import OrdersClient, Token
from real_time_orders.events import Events, Store
from real_time_orders.items import Tables
from real_time_orders.kinds import Kind, is_loopback, origin
from real_time_orders.table import LiveTable
from real_time_orders.view import View

_TIMEOUT_S = 15.0


class Live:
    """A server and its tables; made by ``connect``, used in ``async with``."""

    def __init__(
        self,
        url: str,
        token: Token | None = None,
        *,
        api: str | None = None,
        transport: Kind | None = None,
    ) -> None:
        self.url = url
        self._token = token
        self._transport = transport
        self._tables: list[LiveTable] = []
        self._open = AsyncExitStack()
        self.api = httpx.AsyncClient(
            base_url=origin(url) if api is None else api,
            auth=_Bearer(token),
            timeout=_TIMEOUT_S,
            trust_env=not is_loopback(url),
        )
        """The HTTP API of the server, with the token: ``await live.api.get("/api/schema")``."""

    async def __aenter__(self) -> Self:
        """Return this object. The first use opens a connection."""
        await self._open.enter_async_context(self.api)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop following tables and close all connections."""
        for table in self._tables:
            await table.close()
        await self._open.aclose()

    def table(
        self,
        name: str,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        sort: str = "",
        limit: int | None = None,
        include: Sequence[str] = (),
    ) -> LiveTable:
        """Return a live table: the rows that match a filter, in order, at most ``limit``.

        ``sort`` is ``column`` or ``-column``, or several with commas; by default the newest key
        comes first. ``include`` names child tables of orders. Each order then has, under the name
        of each child table, a list of its rows. A table that is only written to opens no stream.
        """
        view = View(name, filter, sort=sort, limit=limit, include=include)
        table = LiveTable(view, self.api, self.stream)
        self._tables.append(table)
        return table

    def events(
        self,
        *,
        tables: Tables | None = None,
        after: int | None = None,
        stream: str | None = None,
        store: Store | None = None,
    ) -> Events:
        """Return an iterator over every change, once, in order, of all tables or of ``tables``.

        The iterator begins after the place in ``store``, else after ``after``, else now. See
        ``Events``.
        """
        return Events(self.stream, tables, after, stream, store)

    def stream(self, **options: Any) -> OrdersClient:
        """Return a client of the stream itself, with the options of ``OrdersClient``."""
        return OrdersClient(self.url, token=self._token, transport=self._transport, **options)


def connect(
    url: str, token: Token | None = None, *, api: str | None = None, transport: Kind | None = None
) -> Live:
    """Return the server at an address, such as ``http://localhost:3000``; use ``async with``.

    ``token`` is a token, or a function, async or not, that returns a fresh token. ``api`` is the
    address of the API if it differs from that of the stream. ``transport`` names the only kind of
    connection to use; by default it is WebSocket, and server-sent events where WebSockets are
    blocked.
    """
    return Live(url, token, api=api, transport=transport)


class _Bearer(httpx.Auth):
    """Sends a token with each request."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the Authorization header, if there is a token."""
        token = self._token() if callable(self._token) else self._token
        token = await token if inspect.isawaitable(token) else token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        yield request
