"""The client of the stream: it connects and waits; ``protocol`` decides what to do."""

import asyncio
import inspect
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS
from real_time_orders import protocol
from real_time_orders.errors import (
    BlockedError,
    ClosedError,
    LostError,
    MalformedMessageError,
    RefusedError,
)
from real_time_orders.fallback import Fallback
from real_time_orders.items import Item, Phase, Place, State, Tables
from real_time_orders.kinds import Kind
from real_time_orders.protocol import (
    Action,
    Deliver,
    Live,
    Message,
    Protocol,
    Proven,
    Reconnect,
    Refused,
    Renew,
    Send,
)
from real_time_orders.transports import Connection, EventStream, WebSocket, explain

HELLO_WITHIN_S = 10.0
"""Limit of the time from the first packet to ``hello``."""

SILENT_HEARTBEATS = 2.0
"""After this many heartbeat intervals without a byte the connection counts as dead."""

POLICY_VIOLATION, UNAUTHORIZED = 1008, 4001

MAX_QUERY = 6000
"""A longer filter is sent as a message, because servers refuse URLs of about 8,000 characters."""

Token = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A token, or a function that returns a fresh one."""

_CONNECTIONS: Mapping[Kind, type[Connection]] = {
    Kind.WEBSOCKET: WebSocket,
    Kind.EVENTS: EventStream,
}
_TEMPORARY = (LostError, MalformedMessageError, OSError, TimeoutError)


class OrdersClient:
    """Yields every event once and in order, or a ``Reset`` that gives the reason.

    ``url`` is the address of the server, or of ``/ws`` or ``/sse``; if there are several, each
    attempt takes the next. ``tables`` holds filters by table, ``filter`` is short for
    ``{"orders": filter}``; without either every event of every table is yielded. ``after`` is a
    position of ``stream``; without them the client starts now. ``token`` is a token, or a function
    that returns a fresh token; the client calls it again before the token expires. With
    ``conflate`` the client gets, when it reconnects, the newest state of each row that changed
    instead of every missed event. ``transport`` names the only kind of connection to use; by
    default it is WebSocket, and server-sent events where WebSockets are blocked.

    The client never gives up by itself. ``on_state`` is called with every change of state, and
    may raise to end the iteration. ``on_message`` is called with every message of the server.

    Nothing is read ahead. For a slow reader the server conflates events or sends a reset.
    """

    def __init__(  # noqa: PLR0913  each is a choice of the caller's
        self,
        url: str | Sequence[str],
        *,
        tables: Tables | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        after: int | None = None,
        stream: str | None = None,
        token: Token | None = None,
        conflate: bool = False,
        transport: Kind | None = None,
        on_state: Callable[[State], None] = lambda _: None,
        on_message: Callable[[Message], None] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        if stream is not None and after is None:
            raise ValueError("stream needs a position: give after, too")
        if filter is not None and tables is not None:
            raise ValueError("give tables or filter, not both")
        start = None if after is None or stream is None else Place(stream, after)
        wanted = tables if filter is None else {ORDERS: filter}
        self._urls = itertools.cycle([url] if isinstance(url, str) else url)
        self._protocol = Protocol(wanted, start, after=after)
        self._token = token
        self._conflate = conflate
        self._fallback = Fallback(transport)
        self._on_state = on_state
        self._on_message = on_message
        self._backoff = Backoff() if backoff is None else backoff
        self._connection: Connection | None = None
        self._place = start
        self._moved = False
        self._url = ""
        self._silence_s = HELLO_WITHIN_S
        self._is_live = False

    @property
    def place(self) -> Place | None:
        """The place up to which all events were yielded and processed, to resume from later."""
        return self._place

    @property
    def stream(self) -> str:
        """The id of the stream that is being followed; empty before the first connection."""
        place = self._protocol.place
        return "" if place is None else place.stream

    @property
    def is_live(self) -> bool:
        """Whether the stream is being followed at this moment."""
        return self._is_live and self._connection is not None

    @property
    def connection(self) -> Connection | None:
        """The open connection, if there is one."""
        return self._connection

    def seek(self, place: Place, schema: str = "") -> None:
        """Continue after the place of a snapshot; ``schema`` is the version it was fetched with."""
        self._moved = not self._protocol.seek(place, schema)
        self._place = place

    async def __aenter__(self) -> Self:
        """Return this object. The first iteration opens a connection."""
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close the connection."""
        await self._disconnect()
        self._tell(Phase.CLOSED)

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Yield events, resets and changes of the schema, without end.

        Raises:
            RefusedError: the address, the filter or the token is rejected.

        """
        async for items in self.batches():
            for item in items:
                yield item
                if self._moved:
                    break

    async def batches(self) -> AsyncGenerator[tuple[Item, ...]]:
        """Yield, for each message, a tuple of its items; raises as iteration does.

        The tuple of a message that only moves the place is empty.
        """
        while True:
            try:
                await self._connect()
                while not self._moved:
                    async for items in self._next_items():
                        yield items
                reason = "the snapshot has another place"
            except _TEMPORARY as exc:
                self._give_up_if_useless(exc)
                reason = explain(exc)
            await self._disconnect()
            await self._wait(reason)

    # --- connecting ------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._moved = self._is_live = False
        self._url = next(self._urls)
        self._tell(Phase.CONNECTING)
        self._silence_s = HELLO_WITHIN_S
        token = await self._fresh_token()
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        kind = self._fallback.kind(_now_s())
        try:
            self._connection = await self._open(kind, headers)
        except BlockedError as blocked:
            if (other := self._fallback.other(kind)) is None:
                raise _final(blocked) from blocked
            try:
                self._connection = await self._open(other, headers)
            except BlockedError as exc:
                raise _final(exc, blocked) from exc

    async def _open(self, kind: Kind, headers: Mapping[str, str]) -> Connection:
        query = self._protocol.connect(
            by_query=kind is Kind.EVENTS or self._conflate, conflate=self._conflate
        )
        if kind is Kind.WEBSOCKET and len(query) > MAX_QUERY:
            query = self._protocol.connect()
        return await _CONNECTIONS[kind].open(self._url, query, headers, HELLO_WITHIN_S)

    async def _fresh_token(self) -> str | None:
        if not callable(self._token):
            return self._token
        token = self._token()
        return await token if inspect.isawaitable(token) else token

    def _give_up_if_useless(self, exc: Exception) -> None:
        """Raise if the next connection would be closed for the same reason.

        A rejected token is not final if a function can return another token.
        """
        final = {POLICY_VIOLATION} if callable(self._token) else {POLICY_VIOLATION, UNAUTHORIZED}
        if isinstance(exc, ClosedError) and exc.code in final:
            raise RefusedError(str(exc.code), exc.reason) from exc
        if self._connection is not None and not (self._is_live or isinstance(exc, ClosedError)):
            self._fallback.silent(self._connection.kind)

    # --- following -------------------------------------------------------------------------------

    async def _next_items(self) -> AsyncGenerator[tuple[Item, ...]]:
        """Receive one message and yield its items."""
        for action in self._protocol.take(await self._receive()):
            if not isinstance(action, Deliver):
                await self._do(action)
                continue
            if not action.items:
                self._place = action.place
            before = self._place
            yield action.items
            if self._moved:
                return
            if self._place is before:  # otherwise the reader has called seek()
                self._place = action.place

    async def _do(self, action: Action) -> None:
        match action:
            case Send(text):
                await self._open_connection.send(text)
            case Live(gateway, heartbeat_s):
                self._silence_s = SILENT_HEARTBEATS * heartbeat_s
                self._is_live = True
                self._fallback.works(self._open_connection.kind, _now_s())
                self._tell(Phase.LIVE, gateway)
            case Proven():
                self._backoff.reset()
                if self._fallback.is_over(_now_s()):
                    raise LostError("trying WebSocket again")
            case Reconnect(reason):
                raise LostError(reason)
            case Refused(code, message):
                raise RefusedError(code, message)
            case Renew() if callable(self._token):
                message = json.dumps({"type": "auth", "token": await self._fresh_token()})
                if not await self._open_connection.send(message):
                    raise LostError("the token is renewed by another connection")

    async def _receive(self) -> Message:
        message = protocol.parse(await self._next_message())
        if self._on_message is not None:
            self._on_message(message)
        return message

    async def _next_message(self) -> str | bytes:
        """Wait for a message while bytes of it arrive. It may be large and the network slow.

        Raises:
            TimeoutError: no byte arrived for too long.

        """
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    return await self._open_connection.receive()
            except TimeoutError:
                if _now_s() - self._open_connection.heard_at >= self._silence_s:
                    raise

    @property
    def _open_connection(self) -> Connection:
        assert self._connection is not None, "not connected"  # noqa: S101  for the type checker
        return self._connection

    async def _wait(self, reason: str) -> None:
        delay_s = self._backoff.next_delay_s()
        self._tell(Phase.WAITING, reason=reason, retry_in_s=delay_s)
        await asyncio.sleep(delay_s)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _tell(
        self, phase: Phase, gateway: str | None = None, reason: str = "", retry_in_s: float = 0.0
    ) -> None:
        position = None if self._place is None else self._place.position
        attempts = self._backoff.attempts
        self._on_state(State(phase, self._url, gateway, position, reason, retry_in_s, attempts))


def _final(last: BlockedError, first: BlockedError | None = None) -> Exception:
    """Return the error after all kinds of connections failed; final if the server answered."""
    answered = last.status is not None and (first is None or first.status is not None)
    return RefusedError(f"status {last.status}", last.reason) if answered else last


def _now_s() -> float:
    return asyncio.get_running_loop().time()
