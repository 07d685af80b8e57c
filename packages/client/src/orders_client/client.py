"""The client: sockets and waiting. What to do is decided in ``protocol``."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from orders_client import protocol
from orders_client.errors import ClientError, MalformedMessageError, RefusedError
from orders_client.items import Event, Place, Reset
from orders_client.protocol import (
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
from orders_client.state import Phase, State
from orders_contract.backoff import Backoff
from orders_contract.messages import Filter

HELLO_WITHIN_S = 10.0
"""From the first packet to ``hello``."""

SILENT_HEARTBEATS = 2.0
"""Nothing heard for so many heartbeats: the connection is dead, whatever TCP believes."""

UNAUTHORIZED = 4001

_CLOSE_WITHIN_S = 1.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Socket(ClientConnection):
    """A connection that knows when it heard something last, be it a part of a message."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Be told by the transport that bytes have come."""
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)


class _LostError(ClientError):
    """This connection is of no more use."""


_PASSING = (
    _LostError,
    MalformedMessageError,
    OSError,
    TimeoutError,
    InvalidHandshake,
    ConnectionClosed,
)


class OrdersClient:
    """Iterate over it: every event once and in order, or a ``Reset`` that says why not.

    Without ``after`` and ``stream``, which only mean something together, it starts with what
    happens from now on. With several addresses each attempt takes the next. ``on_state`` hears of
    every change of state, and above all that the client waits, and why: it never gives up by
    itself. What ``on_state`` raises ends the iteration. ``on_message`` hears every message as it
    came, for traces.

    ``token`` is what a system that asks for one is shown: the text, or a function that returns a
    fresh one, by which a connection is renewed before its token ends.

    Nothing is read ahead: a reader that takes its time is slow at the server, which conflates or
    resets it, and grows nothing here.
    """

    def __init__(  # noqa: PLR0913  each is a choice of the caller's
        self,
        url: str | Sequence[str],
        *,
        filter: Filter | None = None,  # noqa: A002  the protocol's word for it
        after: int | None = None,
        stream: str | None = None,
        token: str | Callable[[], str] | None = None,
        on_state: Callable[[State], None] = lambda _: None,
        on_message: Callable[[Message], None] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        if (after is None) != (stream is None):
            raise ValueError("after and stream only mean something together")
        start = None if after is None or stream is None else Place(stream, after)
        self._urls = itertools.cycle([url] if isinstance(url, str) else url)
        self._protocol = Protocol(filter, start)
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
        """Everything up to here has been handed out and taken; where to resume another time."""
        return self._place

    def seek(self, place: Place) -> None:
        """Go on after a place, where a snapshot was taken."""
        self._moved = not self._protocol.seek(place)
        self._place = place

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first item is asked for."""
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close the connection."""
        await self._hang_up()
        self._tell(Phase.CLOSED)

    async def __aiter__(self) -> AsyncIterator[Event | Reset]:
        """Yield events and resets, without end.

        Raises:
            RefusedError: the address or the filter is wrong; trying again would not help.

        """
        while True:
            try:
                await self._connect()
                while not self._moved:
                    async for item in self._next_items():
                        yield item
                reason = "a snapshot of another place"
            except _PASSING as exc:
                self._refuse_if_unauthorized(exc)
                reason = _explain(exc)
            except InvalidURI as exc:
                raise RefusedError("address", str(exc)) from exc
            await self._hang_up()
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
                # The server's heartbeats tell more than pings, whose answers would wait behind
                # everything a slow reader has not read yet.
                ping_interval=None,
                proxy=None if urlsplit(self._url).hostname in _LOOPBACK else True,
            )
        except InvalidStatus as exc:
            if 400 <= exc.response.status_code < 500 and exc.response.status_code not in {408, 429}:
                raise RefusedError(f"status {exc.response.status_code}", self._url) from exc
            raise

    def _fresh_token(self) -> str | None:
        return self._token() if callable(self._token) else self._token

    def _refuse_if_unauthorized(self, exc: Exception) -> None:
        """Give up if the token is refused and there is no way to another."""
        closed = exc.rcvd if isinstance(exc, ConnectionClosed) else None
        if closed is not None and closed.code == UNAUTHORIZED and not callable(self._token):
            raise RefusedError(str(UNAUTHORIZED), closed.reason) from exc

    async def _next_items(self) -> AsyncIterator[Event | Reset]:
        """Wait for one message and yield what it brings."""
        for action in self._protocol.take(await self._receive()):
            if not isinstance(action, Deliver):
                await self._do(action)
                continue
            before = self._place
            for item in action.items:
                yield item
                if self._moved:
                    return
            if self._place is before:  # else the reader has sought a place of its own
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
        """Wait for a message as long as something of it comes: it may be large, and the way slow.

        Raises:
            TimeoutError: nothing has come for too long, though it was waited for.

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

    async def _hang_up(self) -> None:
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
        return "no word for too long"
    return str(exc) or type(exc).__name__
