"""Programs written with the Python SDK: live tables, and consumers of every event."""

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.signing import token
from prove.audit import Audit
from prove.chance import Chance
from prove.clients import A_DAY_S
from prove.exact import Row, plain
from prove.filters import Wanted, admits, number
from prove.oracle import Replay
from prove.statements import STATUSES
from prove.tables import LINES, ORDERS
from real_time_orders import Kind, Live, MissedEventsError, OrdersClient, Place, Status
from real_time_orders.table import LiveTable


class _Server(Live):
    """The servers of a run: every message that the SDK gets is checked, too."""

    def __init__(self, urls: list[str], api: str, audit: Audit, kind: Kind) -> None:
        super().__init__(urls[0], token("viewer", ttl_s=A_DAY_S), api=api, transport=kind)
        self._urls = urls
        self._audit = audit

    def stream(self, **options: Any) -> OrdersClient:
        """Return a client of all gateways."""
        return OrdersClient(
            self._urls,
            token=token("viewer", ttl_s=A_DAY_S),
            transport=self._transport,
            on_message=self._audit.hear,
            **options,
        )


@dataclass(frozen=True)
class Shown:
    """What a live table is asked to show."""

    wanted: Wanted
    sort: str
    limit: int | None
    include: Sequence[str]


def random_shown(chance: Chance, wanted: Wanted) -> Shown:
    """Return something to show of all orders, of those of a status, or that match a filter."""
    return Shown(
        chance.one([{}, {"status": chance.some(STATUSES, 2)}, wanted]),
        chance.one(["", "id", "id", "-Price", "-external"]),  # by id: orders that change often
        chance.one([None, 5, 20]),
        chance.one([(), (LINES,)]),
    )


class TableUser:
    """Shows a live table throughout."""

    def __init__(self, audit: Audit, shown: Shown, urls: list[str], api: str, kind: Kind) -> None:
        self.audit = audit
        self.settle = asyncio.Event()
        self._shown = shown
        self._live = _Server(urls, api, audit, kind)
        self._table: LiveTable | None = None

    @property
    def position(self) -> int:
        """The position that the rows include; -1 while they are not live."""
        table = self._table
        if table is None or table.place is None or table.state.status is not Status.LIVE:
            return -1
        return table.place.position

    @property
    def stream(self) -> str | None:
        """The stream that the rows are of."""
        table = self._table
        return None if table is None or table.place is None else table.place.stream

    async def run(self) -> None:
        """Follow until cancelled."""
        shown = self._shown
        async with self._live as live:
            self._table = live.table(
                ORDERS,
                filter=shown.wanted,
                sort=shown.sort,
                limit=shown.limit,
                include=shown.include,
            )
            async for _ in self._table:
                state = self._table.state
                self.audit.note(f"{state.status} at {self.position}: {state.reason}")

    def problems(self, replay: Replay) -> Iterator[str]:
        """Yield how the rows differ from those of the log."""
        assert self._table is not None
        orders = replay.tables[ORDERS]
        keys = [key for key, row in orders.items() if admits(self._shown.wanted, row)]
        want = self._in_order(keys, orders)[: self._shown.limit]
        rows = self._table.rows
        have = [row["id"] for row in rows]
        if have != want:
            yield f"shows {have[:20]}... of {len(have)}, not {want[:20]}... of {len(want)}"
            return
        for row in rows:
            own = {name: value for name, value in row.items() if name != LINES}
            if all(plain(each) != plain(own) for each in replay.renderings(ORDERS, row["id"])):
                yield f"row {row['id']} is {row!r:.300}"
            if self._shown.include:
                yield from self._problems_of_lines(row, replay)

    def _problems_of_lines(self, row: Row, replay: Replay) -> Iterator[str]:
        lines = replay.tables[LINES].items()
        want = sorted(key for key, line in lines if line["order_id"] == row["id"])
        have = [line["id"] for line in row[LINES]]
        if have != want:
            yield f"order {row['id']} has lines {have}, not {want}"

    def _in_order(self, keys: list[Any], orders: dict[Any, Row]) -> list[Any]:
        """Sort as PostgreSQL does: null last, equal values by id in the same direction."""
        descends = not self._shown.sort or self._shown.sort.startswith("-")
        column = self._shown.sort.removeprefix("-") or "id"

        def rank(key: Hashable) -> tuple[Decimal, Any]:
            return number(orders[key][column]), key

        nulls = [key for key in keys if orders[key][column] is None]
        values = [key for key in keys if orders[key][column] is not None]
        return sorted(values, key=rank, reverse=descends) + sorted(nulls, reverse=descends)


class Consumer:
    """Takes every event, ends now and then, and goes on where its store says."""

    def __init__(self, audit: Audit, chance: Chance, urls: list[str], api: str, kind: Kind) -> None:
        self.audit = audit
        self.settle = asyncio.Event()
        self._chance = chance
        self._where = (urls, api, audit, kind)
        self._place: Place | None = None

    async def load(self) -> Place | None:
        """Return the place of the last run: it is its own store."""
        return self._place

    async def save(self, place: Place) -> None:
        """Keep the place."""
        self._place = place

    @property
    def position(self) -> int:
        """Everything up to here is consumed."""
        return -1 if self._place is None else self._place.position

    @property
    def stream(self) -> str | None:
        """The stream of its place."""
        return None if self._place is None else self._place.stream

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            async with _Server(*self._where) as live:
                try:
                    await self._consume(live)
                except MissedEventsError as exc:
                    self.audit.note(f"missed: {exc}")
                    self.audit.seen[f"reset {exc.reason}"] += 1
                    self._place = exc.place

    async def _consume(self, live: Live) -> None:
        self.audit.resume(None if self._place is None else self._place.position)
        events = live.events(store=self)
        async with aclosing(aiter(events)) as taken:
            async for event in taken:
                if self.audit._last is None:
                    self.audit.resume(event.position - 1)
                self.audit.take(event)
                if self._chance.happens(0.002) and not self.settle.is_set():
                    self._place = events.place  # it ends after its work
                    return

    def problems(self, replay: Replay) -> Iterator[str]:  # noqa: ARG002  events were compared as they came
        """Yield nothing: it keeps no rows."""
        return iter(())
