"""The client: sockets and waiting. ``protocol`` decides what to do."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS
from real_time_orders import protocol
from real_time_orders.errors import ClientError, MalformedMessageError, RefusedError
from real_time_orders.items import Item, Phase, Place, State, Tables
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

HELLO_WITHIN_S = 10.0
"""From the first packet to ``hello``."""

SILENT_HEARTBEATS = 2.0
"""After this many heartbeat intervals without a byte the connection counts as dead."""

POLICY_VIOLATION, UNAUTHORIZED = 1008, 4001

_CLOSE_WITHIN_S = 1.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Socket(ClientConnection):
    """A connection that records when its last byte arrived, also within an unfinished message."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Note the time; called by the transport."""
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)


class _LostError(ClientError):
    """This connection can no longer be used."""


_TEMPORARY = (
    _LostError,
    MalformedMessageError,
    OSError,
    TimeoutError,
    InvalidHandshake,
    ConnectionClosed,
)


class OrdersClient:
    """Iterate over it: every event once and in order, or a ``Reset`` that gives the reason.

    ``tables`` holds filters by table, ``filter`` is short for ``{"orders": filter}``; without
    either every event of every table is yielded. ``after`` and ``stream`` belong together; without
    them the client starts now. Of several addresses each attempt takes the next. ``token`` is a
    token, or a function that returns a fresh one and renews connections before theirs expires.

    The client never gives up by itself: ``on_state`` is called with every change of state, and
    may raise to end the iteration. ``on_message`` is called with every message as it came.

    Nothing is read ahead: for a slow reader the server conflates events or resets it.
    """

    def __init__(  # noqa: PLR0913  each is a choice of the caller's
        self,
        url: str | Sequence[str],
        *,
        tables: Tables | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        after: int | None = None,
        stream: str | None = None,
        token: str | Callable[[], str] | None = None,
        on_state: Callable[[State], None] = lambda _: None,
        on_message: Callable[[Message], None] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        if (after is None) != (stream is None):
            raise ValueError("after and stream belong together")
        if filter is not None and tables is not None:
            raise ValueError("either tables or filter")
        start = None if after is None or stream is None else Place(stream, after)
        self._urls = itertools.cycle([url] if isinstance(url, str) else url)
        self._protocol = Protocol(tables if filter is None else {ORDERS: filter}, start)
        self._token = token
        self._on_state = on_state
        self._on_message = on_message
        self._backoff = Backoff() if backoff is None else backoff
        self._socket: ClientConnection | None = None
        self._place = start
        self._moved = False
        self._url = ""
        self._silence_s = HELLO_WITHIN_S

    @property
    def place(self) -> Place | None:
        """Everything up to here has been yielded and processed; where to resume another time."""
        return self._place

    def seek(self, place: Place) -> None:
        """Go on after the place of a snapshot."""
        self._moved = not self._protocol.seek(place)
        self._place = place

    async def __aenter__(self) -> Self:
        """Open no connection yet; the first iteration does."""
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
        while True:
            try:
                await self._connect()
                while not self._moved:
                    async for item in self._next_items():
                        yield item
                reason = "the snapshot has another place"
            except _TEMPORARY as exc:
                self._give_up_if_useless(exc)
                reason = _explain(exc)
            except InvalidURI as exc:
                raise RefusedError("address", str(exc)) from exc
            await self._disconnect()
            await self._wait(reason)

    async def _connect(self) -> None:
        self._moved = False
        self._url = next(self._urls)
        self._tell(Phase.CONNECTING)
        query = self._protocol.connect()
        target = f"{self._url}{'&' if '?' in self._url else '?'}{query}" if query else self._url
        self._silence_s = HELLO_WITHIN_S
        token = self._fresh_token()
        try:
            self._socket = await connect(
                target,
                additional_headers=None if token is None else {"Authorization": f"Bearer {token}"},
                create_connection=_Socket,
                open_timeout=HELLO_WITHIN_S,
                close_timeout=_CLOSE_WITHIN_S,
                max_size=None,  # one change of a row with large texts is one message
                compression="deflate",
                # Heartbeats of the server are used instead: answers to pings would wait behind
                # everything that a slow reader has not read yet.
                ping_interval=None,
                proxy=None if urlsplit(self._url).hostname in _LOOPBACK else True,
            )
        except InvalidStatus as exc:
            if 400 <= exc.response.status_code < 500 and exc.response.status_code not in {408, 429}:
                raise RefusedError(f"status {exc.response.status_code}", self._url) from exc
            raise

    def _fresh_token(self) -> str | None:
        return self._token() if callable(self._token) else self._token

    def _give_up_if_useless(self, exc: Exception) -> None:
        """Give up if the next connection would be closed for the same reason.

        A rejected token is no such reason if a function returns another one.
        """
        closed = exc.rcvd if isinstance(exc, ConnectionClosed) else None
        final = {POLICY_VIOLATION} if callable(self._token) else {POLICY_VIOLATION, UNAUTHORIZED}
        if closed is not None and closed.code in final:
            raise RefusedError(str(closed.code), closed.reason) from exc

    async def _next_items(self) -> AsyncIterator[Item]:
        """Receive one message and yield its items."""
        for action in self._protocol.take(await self._receive()):
            if not isinstance(action, Deliver):
                await self._do(action)
                continue
            before = self._place
            for item in action.items:
                yield item
                if self._moved:
                    return
            if self._place is before:  # else the reader called seek()
                self._place = action.place

    async def _do(self, action: Action) -> None:
        match action:
            case Send(text):
                await self._open.send(text)
            case Live(gateway, heartbeat_s):
                self._silence_s = SILENT_HEARTBEATS * heartbeat_s
                self._tell(Phase.LIVE, gateway)
            case Proven():
                self._backoff.reset()
            case Reconnect(reason):
                raise _LostError(reason)
            case Refused(code, message):
                raise RefusedError(code, message)
            case Renew():
                if callable(self._token):
                    await self._open.send(json.dumps({"type": "auth", "token": self._token()}))

    async def _receive(self) -> Message:
        message = protocol.parse(await self._next_message())
        if self._on_message is not None:
            self._on_message(message)
        return message

    async def _next_message(self) -> str | bytes:
        """Wait for a message, as long as bytes of it arrive: it may be large and the network slow.

        Raises:
            TimeoutError: no byte arrived for too long.

        """
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    return await self._open.recv()
            except TimeoutError:
                if asyncio.get_running_loop().time() - self._heard_at() >= self._silence_s:
                    raise

    def _heard_at(self) -> float:
        return self._socket.heard_at if isinstance(self._socket, _Socket) else 0.0

    @property
    def _open(self) -> ClientConnection:
        assert self._socket is not None, "not connected"  # noqa: S101  for the type checker
        return self._socket

    async def _wait(self, reason: str) -> None:
        delay_s = self._backoff.next_delay_s()
        self._tell(Phase.WAITING, reason=reason, retry_in_s=delay_s)
        await asyncio.sleep(delay_s)

    async def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    def _tell(
        self, phase: Phase, gateway: str | None = None, reason: str = "", retry_in_s: float = 0.0
    ) -> None:
        position = None if self._place is None else self._place.position
        attempts = self._backoff.attempts
        self._on_state(State(phase, self._url, gateway, position, reason, retry_in_s, attempts))


def _explain(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return "no data for too long"
    return str(exc) or type(exc).__name__
