"""Clients of many kinds: filters, scopes, pace of reading, disconnections."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from socket import SHUT_RDWR, SO_RCVBUF, SOL_SOCKET
from typing import Any

import httpx

from harness.signing import bearer, token
from orders_contract.backoff import Backoff
from prove.audit import Audit
from prove.chance import Chance
from prove.filters import Scope, Wanted, admits, within
from prove.oracle import Replay, difference_of_client
from prove.tables import BOOKED, ORDERS
from real_time_orders import Kind, OrderBook, OrdersClient, Phase, Place, Row, State, follow

A_DAY_S = 86_400.0
"""Longer than any run."""

Follow = Callable[..., Any]


@dataclass(frozen=True)
class Habit:
    """How a client behaves. Times are means in seconds; zero means never."""

    name: str
    sleeps_s: float = 0.0
    """How long it stops reading now and then."""
    stays_s: float = 0.0
    """How long it stays connected."""
    away_s: float = 0.0
    forgets: float = 0.0
    """Probability that it reconnects with the state of an earlier visit."""


STEADY = Habit("steady")
SLOW = Habit("slow", sleeps_s=8.0)
_SLOW_BUFFER = 65_536
"""Receive buffer of a sleeping client: one segment on the loopback. With a smaller one the sender's
TCP only probes, ever more rarely: a client that woke after 19 s got nothing for another 9 s."""
FLAPPING = Habit("flapping", stays_s=1.0, away_s=0.3)
ABSENT = Habit("absent", stays_s=2.0, away_s=4.0)
FORGETFUL = Habit("forgetful", stays_s=1.5, away_s=0.5, forgets=0.7)

_MIX = [
    (STEADY, False), (STEADY, True), (FLAPPING, False), (STEADY, True), (SLOW, False),
    (FORGETFUL, False), (STEADY, False), (FLAPPING, True), (SLOW, True), (ABSENT, False),
    (STEADY, True), (FORGETFUL, True), (STEADY, False), (ABSENT, True), (STEADY, True),
]  # fmt: skip


def habits(number: int) -> list[tuple[Habit, bool]]:
    """Return the habit of each client, and whether it has a filter."""
    return [_MIX[index % len(_MIX)] for index in range(number)]


class Watcher:
    """One client: follows some tables by its habit, and can be asked to settle."""

    def __init__(
        self,
        name: str,
        habit: Habit,
        wanted: Mapping[str, Wanted] | None,
        chance: Chance,
        *,
        urls: list[str],
        api: httpx.AsyncClient,
        scope: Scope | None = None,
        following: Follow = follow,
        kind: Kind = Kind.WEBSOCKET,
    ) -> None:
        """``run`` connects it.

        ``wanted`` holds its filters by table; without any it follows everything. ``scope`` is what
        its token is restricted to: then it sees only orders.
        """
        self.scope = scope
        claims: dict[str, Any] = {} if scope is None else {"rows": scope}
        self._token = token("viewer", subject=name, ttl_s=A_DAY_S, **claims)
        api.headers.update(bearer(self._token))
        self.habit = habit
        self.wanted = wanted
        everything: Mapping[str, Wanted] = {name: {} for name in BOOKED if scope is None}
        self.book = OrderBook(tables=everything or {ORDERS: {}} if wanted is None else wanted)
        self.audit = Audit(name, time.monotonic(), filtered=wanted is not None, scope=scope)
        self.settle = asyncio.Event()
        """If set: reconnect, stay connected, read without delay."""
        self._chance = chance
        self._urls = urls
        self._api = api
        self._following = following
        self._kind = kind
        self._client: OrdersClient | None = None
        self._place: Place | None = None
        self._remembered: tuple[dict[str, dict[Any, Row]], Place] | None = None

    def sees(self, table: str, row: Row) -> bool:
        """Return whether a row belongs into its book."""
        return admits(self.book.tables[table], row) and within(self.scope, row)

    def problems(self, replay: Replay) -> Iterator[str]:
        """Yield how its rows differ from those of the log."""
        for name, rows in self.book.rows.items():
            wanted = [key for key, row in replay.tables[name].items() if self.sees(name, row)]
            problem = difference_of_client(rows, replay, name, wanted)
            if problem is not None:
                yield f"of {name}: {problem}"

    @property
    def position(self) -> int:
        """Its position; -1 while it is disconnected."""
        place = None if self._client is None else self._client.place
        return -1 if place is None or self.book.place is None else place.position

    @property
    def stream(self) -> str | None:
        """The stream it follows; None while it is disconnected."""
        place = None if self._client is None else self._client.place
        return None if place is None else place.stream

    async def run(self) -> None:
        """Connect and disconnect until cancelled."""
        while True:
            await self._visit()
            if not self.settle.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(
                        self.settle.wait(), self._chance.pause(self.habit.away_s)
                    )
            self._forget_sometimes()

    async def _visit(self) -> None:
        start = self._chance.between(0, len(self._urls) - 1)
        here = self._place
        self.audit.resume(None if here is None else here.position)
        client = OrdersClient(
            self._urls[start:] + self._urls[:start],
            tables=self.wanted,
            after=None if here is None else here.position,
            stream=None if here is None else here.stream,
            token=self._token,
            transport=self._kind,
            on_state=self._tell,
            on_message=self.audit.hear,
            backoff=Backoff(ceiling_s=1.0, rand=self._chance.unit),
        )
        self._client = client
        async with client:
            following = asyncio.create_task(self._follow(client))
            try:
                await self._stay(following)
                if self._chance.happens(0.5) and client.connection is not None:
                    with suppress(OSError):  # it may just have been closed
                        client.connection.socket.shutdown(SHUT_RDWR)
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
                self._client = None
                self._place = client.place

    async def _stay(self, following: asyncio.Task[None]) -> None:
        """Return when it is time to disconnect; never while clients settle."""
        if not self.habit.stays_s:
            await following
        await asyncio.wait({following}, timeout=self._chance.pause(self.habit.stays_s))
        if self.settle.is_set() or following.done():
            await following

    async def _follow(self, client: OrdersClient) -> None:
        items = self._following(client, self._api, self.book, on_trouble=self._trouble)
        async with aclosing(items):
            async for item in items:
                self.audit.take(item)
                if self.habit.sleeps_s and self._chance.happens(0.01):
                    await self._sleep()

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.settle.wait(), self._chance.pause(self.habit.sleeps_s))

    def _forget_sometimes(self) -> None:
        """Sometimes go back to the state of an earlier visit; sometimes remember this one."""
        if not self.habit.forgets or self.book.place is None or self._place is None:
            return
        now = ({name: dict(rows) for name, rows in self.book.rows.items()}, self._place)
        if self._remembered is not None and self._chance.happens(self.habit.forgets):
            rows, self._place = self._remembered
            self.book.rows = {name: dict(rows[name]) for name in rows}
            self.book.place = self._place
        if self._remembered is None or self._chance.happens(0.2):
            self._remembered = now

    def _tell(self, state: State) -> None:
        self.audit.tell(state)
        if state.phase is Phase.LIVE and self.habit is SLOW and self._client is not None:
            connection = self._client.connection
            if connection is not None:
                connection.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, _SLOW_BUFFER)

    def _trouble(self, reason: str, retry_in_s: float) -> None:
        self.audit.note(f"no snapshot: {reason}; again in {retry_in_s:.1f} s")
