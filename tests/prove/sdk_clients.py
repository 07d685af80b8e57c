"""Programs written with the SDKs: live tables, and consumers of every event."""

import asyncio
import json
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Hashable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.node_programs import NODE
from harness.signing import token
from prove.audit import Audit
from prove.chance import Chance
from prove.clients import A_DAY_S
from prove.exact import Row, parse, plain
from prove.filters import Wanted, admits, number
from prove.oracle import Replay
from prove.statements import STATUSES
from prove.tables import LINES, ORDERS
from real_time_orders import (
    Event,
    Kind,
    Live,
    MissedEventsError,
    OrdersClient,
    Place,
    Status,
)
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


_LONGEST_LINE = 1 << 26


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


class Shows(ABC):
    """Shows a live table throughout; can be asked whether it is right."""

    def __init__(self, audit: Audit, shown: Shown) -> None:
        self.audit = audit
        self.settle = asyncio.Event()
        self._shown = shown

    @property
    @abstractmethod
    def rows(self) -> Sequence[Row]:
        """The rows, in order."""

    def problems(self, replay: Replay) -> Iterator[str]:
        """Yield how the rows differ from those of the log."""
        orders = replay.tables[ORDERS]
        keys = [key for key, row in orders.items() if admits(self._shown.wanted, row)]
        want = self._in_order(keys, orders)[: self._shown.limit]
        rows = self.rows
        have = [row["id"] for row in rows]
        if have != want:
            yield f"shows {have[:20]}... of {len(have)}, not {want[:20]}... of {len(want)}"
            return
        for row in rows:
            own = {name: value for name, value in row.items() if name != LINES}
            shown = plain(own, by_value=self.audit.by_value)
            logged = replay.renderings(ORDERS, row["id"])
            if all(plain(each, by_value=self.audit.by_value) != shown for each in logged):
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


class TableUser(Shows):
    """A live table of the Python SDK."""

    def __init__(self, audit: Audit, shown: Shown, urls: list[str], api: str, kind: Kind) -> None:
        super().__init__(audit, shown)
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

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, in order."""
        assert self._table is not None
        return self._table.rows


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
        return 0 if self._place is None else self._place.position

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
        events = live.events(after=0, store=self)  # not from now: it may connect late
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


class NodeProgram:
    """A process of ``sdk_program.mjs``, which the TypeScript SDK keeps right."""

    def __init__(self, urls: list[str], api: str, kind: Kind, **task: Any) -> None:
        self._task = {
            "gateways": [url.replace("ws://", "http://").removesuffix("/ws") for url in urls],
            "api": api,
            "token": token("viewer", ttl_s=A_DAY_S),
            "isWebSocket": kind is Kind.WEBSOCKET,
            **task,
        }

    async def lines(self) -> AsyncGenerator[dict[str, Any], None]:
        """Run it until cancelled; yield what it prints."""
        process = await asyncio.create_subprocess_exec(
            str(NODE),
            "--conditions=source",  # the package as it is, without a build
            "--disable-warning=ExperimentalWarning",
            str(Path(__file__).with_name("sdk_program.mjs")),
            json.dumps(self._task),
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            env={"PATH": os.environ["PATH"]},
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                yield parse(line.decode())
            message = f"sdk_program.mjs ended with status {await process.wait()}"
            raise AssertionError(message)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class NodeTableUser(Shows):
    """A live table of the TypeScript SDK."""

    def __init__(self, audit: Audit, shown: Shown, urls: list[str], api: str, kind: Kind) -> None:
        super().__init__(audit, shown)
        self.audit.by_value = True
        options = {"filter": shown.wanted, "include": shown.include, "limit": shown.limit or 50}
        if shown.sort:
            options["sort"] = shown.sort
        self._shown = replace(shown, limit=shown.limit or 50)
        self._program = NodeProgram(urls, api, kind, table=ORDERS, options=options)
        self._said: dict[str, Any] = {"stream": None, "position": -1, "rows": []}

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, in order."""
        rows: Sequence[Row] = self._said["rows"]
        return rows

    @property
    def position(self) -> int:
        """The position that the rows include; -1 while they are not live."""
        return int(self._said["position"])

    @property
    def stream(self) -> str | None:
        """The stream that the rows are of."""
        stream: str | None = self._said["stream"]
        return stream

    async def run(self) -> None:
        """Follow until cancelled."""
        async with aclosing(self._program.lines()) as lines:
            async for said in lines:
                self._said = said
                self.audit.schema = said["schema"]
                self.audit.note(f"{len(self.rows)} rows at {self.position} of {self.stream}")


class NodeConsumer:
    """Takes every event with the TypeScript SDK; ends now and then, and goes on at its place."""

    def __init__(self, audit: Audit, urls: list[str], api: str, kind: Kind) -> None:
        self.audit = audit
        self.audit.schema = None
        self.audit.by_value = True
        self.settle = asyncio.Event()
        self._program = NodeProgram(urls, api, kind, restartsAfter=500)
        self._place: Place | None = None

    @property
    def position(self) -> int:
        """Everything up to here is consumed."""
        return 0 if self._place is None else self._place.position

    @property
    def stream(self) -> str | None:
        """The stream of its place."""
        return None if self._place is None else self._place.stream

    async def run(self) -> None:
        """Consume until cancelled."""
        async with aclosing(self._program.lines()) as lines:
            async for said in lines:
                if "event" in said:
                    self._take(said["event"])
                else:
                    self.audit.seen[f"reset {said['lost']}"] += 1
                    self._place = Place(**said["place"])
                    self.audit.resume(self._place.position)

    def _take(self, said: dict[str, Any]) -> None:
        stream = said.pop("stream")
        if self._place is None:
            self.audit.resume(said["position"] - 1)
        if said["order_id"] is not None and said["table"] == ORDERS:
            said["key"] = {"id": said["order_id"]}
        self.audit.take(Event(**said))
        self._place = Place(stream, said["position"])

    def problems(self, replay: Replay) -> Iterator[str]:  # noqa: ARG002  events were compared as they came
        """Yield nothing: it keeps no rows."""
        return iter(())
