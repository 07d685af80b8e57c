"""Fail-overs at random: ``python -m prove.failover [--seconds N] [--seed N]``.

Three PostgreSQL under Patroni, with etcd and HAProxy; writers that keep a ledger; clients of every
kind. After each fault all must agree: the clients with the primary that survived, its tables with
its log, and its log with every event that a client has ever seen on the stream it has now.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import psycopg

from harness.forked import forked
from harness.patroni import Patroni, missing
from harness.pipeline import Pipeline
from harness.processes import LOOPBACK
from harness.readers import Reader, Rows
from harness.restarted import Restarted
from harness.valkey import Valkey
from orders_contract.schema import ORDERS
from prove.chance import Chance
from prove.exact import digest
from prove.failover_faults import FAULTS, switched_over
from prove.failover_ledger import Ledger, Seen
from prove.failover_writes import INSERT, change, ids_of
from prove.hands import by_hand
from prove.report import Report
from prove.streams import EventSource, Other, Poller
from real_time_orders import OrderBook

AGREED_WITHIN_S = 90.0
WHOLE_WITHIN_S = 150.0
FOLLOWS_WITHIN_S = 40.0
"""A former primary that pg_rewind does not help is copied again after this time."""

_WRITERS = 3
_CALM_S = 2.0
"""How long everything runs undisturbed before each fault."""

_LOG = "SELECT position, order_event_json(event) FROM order_events AS event ORDER BY position"


class Proof:
    """One run."""

    def __init__(self, seed: int, seconds: float, *, quiet: bool = False) -> None:
        """``run`` runs it."""
        self.report = Report(seed, quiet=quiet)
        self._chance = Chance(seed)
        self._seconds = seconds
        self._cluster = Patroni()
        self._seen = Seen()
        self._ledger = Ledger()
        self._writing = asyncio.Event()
        self._idle = 0
        self._readers: list[Reader] = []
        self._others: list[Other] = []
        self._system: Restarted
        self._valkey: Valkey
        self.table: list[tuple[str, ...]] = []
        self._number = 0

    async def run(self) -> Report:
        """Start everything, bring faults until the time is over, and end everything."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            await self._agree("at the beginning", lossless=True)
            ends_at = time.monotonic() + self._seconds
            fault = 0
            while time.monotonic() < ends_at and not self.report.findings:
                await self._round(fault)
                fault += 1
        for line in table(self.table):
            self.report.say(line)
        return self.report

    async def _start(self, stack: AsyncExitStack) -> None:
        cluster = self._cluster
        stack.push_async_callback(cluster.close)
        await cluster.open()
        await by_hand(cluster.nodes[0].start)
        await self._until(lambda: by_hand(cluster.primary), WHOLE_WITHIN_S, "a primary")
        await by_hand(cluster.start)
        await self._until(lambda: by_hand(cluster.whole), WHOLE_WITHIN_S, "three nodes")
        await self._until(lambda: by_hand(self._answers, "postgres"), 30, "HAProxy")
        await by_hand(cluster.create_database)
        self._valkey = await by_hand(Valkey)
        stack.push_async_callback(by_hand, self._valkey.stop)
        pipeline = stack.enter_context(Pipeline(cluster.database, self._valkey, start=forked))
        # As tests of conflation are elsewhere, every event is to be seen.
        self._system = Restarted(
            pipeline, CONFLATE_AFTER_EVENTS="1000000", REQUESTS_PER_SECOND="10000"
        )
        await by_hand(self._system.start)
        await self._until(lambda: by_hand(self._system.well), WHOLE_WITHIN_S, "services")
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=self._system.api, timeout=10)
        )
        group = await stack.enter_async_context(_background())
        for number in range(_WRITERS):
            group(self._write(number))
        self._follow(api, group)
        self._writing.set()

    def _follow(self, api: httpx.AsyncClient, group: Callable[[Awaitable[None]], None]) -> None:
        for number in range(6):
            reader = self._system.reader()
            if number % 3 == 2:
                reader.book = OrderBook({"status": ["pending"]})
            else:
                reader.on_message = self._seen.listener_of()
            self._readers.append(reader)
            group(self._visit(reader, number))
        gateway = f"http://{LOOPBACK}:{self._system.ports['gateway']}"
        for kind in (EventSource, Poller):
            self._others.append(kind(gateway, api, self._seen.note))
            group(self._others[-1].run())

    async def _visit(self, reader: Reader, number: int) -> None:
        """Three stay connected; the others come and go, one of them seldom."""
        chance = self._chance.part("client", number)
        while True:
            async with reader.connected():
                if number < 3:
                    await asyncio.Event().wait()
                await asyncio.sleep(chance.pause(2))
                await self._writing.wait()  # before: all are to agree
            await asyncio.sleep(chance.pause(8 if number == 5 else 0.5))

    # --- writers ---------------------------------------------------------------------------------

    async def _write(self, number: int) -> None:
        chance = self._chance.part("writer", number)
        options = "-c statement_timeout=10s" + (" -c synchronous_commit=off" if number == 2 else "")
        sql: psycopg.AsyncConnection[Any] | None = None
        ids: list[int] = []
        while True:
            self._idle += 1
            await self._writing.wait()
            self._idle -= 1
            self._number += 1
            text = f"{number}.{self._number}"
            try:
                if sql is None:
                    sql = await self._connect(options)
                    ids = await ids_of(sql)
                await change(sql, chance, text, ids)
                self._ledger.acknowledged.add(text)
            except (psycopg.Error, OSError):
                self._ledger.in_doubt.add(text)
                if sql is not None:
                    await sql.close()
                sql = None
            await asyncio.sleep(chance.pause(0.03))

    async def _connect(self, options: str = "") -> psycopg.AsyncConnection[Any]:
        url = self._cluster.database.url
        return await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=3, options=options
        )

    def _answers(self, name: str) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(
                host=LOOPBACK, port=self._cluster.port, user="postgres", dbname=name
            ).close()
            return True
        return False

    # --- faults ----------------------------------------------------------------------------------

    async def _round(self, number: int) -> None:
        """Bring a fault, each kind once at first, and let all agree again."""
        chance = self._chance.part("fault", number)
        fault = FAULTS[number] if number < len(FAULTS) else chance.one(FAULTS)
        also = [name for name in ("redis", "listener", "gateway", "api") if chance.happens(0.2)]
        await asyncio.sleep(_CALM_S)
        self.report.say(f"fault    {fault.__name__}{''.join(f' + {each}' for each in also)}")
        before = [len(each.resets) for each in self._readers[:3]]
        began = time.monotonic()
        timeline = await by_hand(self._cluster.timeline)
        await fault(self._cluster, chance)
        await by_hand(self._system.kill, also)
        acted = time.monotonic() - began
        await asyncio.sleep(chance.seconds(0, 1) if also else 0)
        await by_hand(self._system.start, also)
        written, seen = await self._probe(began)
        # On a machine with much to do, Patroni may also lose its lead by itself.
        once = await by_hand(self._cluster.timeline) == timeline + 1
        lossless = once and fault is switched_over
        lost, renewed = await self._agree(fault.__name__, lossless=lossless)
        resets = [
            "; ".join(each.resets[at:]) or "none"
            for at, each in zip(before, self._readers[:3], strict=True)
        ]
        self.table.append((
            fault.__name__.replace("_", " "), ", ".join(also) or "nothing", f"{acted:.1f}",
            f"{written:.1f}", f"{seen:.1f}", str(lost), "yes" if renewed else "no", resets[0],
        ))  # fmt: skip

    async def _probe(self, began: float) -> tuple[float, float]:
        """Return after how many seconds a write succeeds, and a client that stays sees it."""
        text = f"probe {time.monotonic()}"

        async def written() -> bool:
            self._ledger.in_doubt.add(text)
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with asyncio.timeout(5):
                    sql = await self._connect()
                    async with sql:
                        await sql.execute(INSERT, [text])
                return True
            return False

        async def seen() -> bool:
            return any(name == text for _, name in self._readers[0].rows.values())

        await self._until(written, WHOLE_WITHIN_S, "writes")
        written_s = time.monotonic() - began
        with suppress(AssertionError):  # the write itself may be lost, too
            await self._until(seen, 30, "the write seen")
        return written_s, time.monotonic() - began

    # --- agreement -------------------------------------------------------------------------------

    async def _agree(self, after: str, *, lossless: bool) -> tuple[int, bool]:
        """Heal everything, let all come to rest, compare; return what was lost."""
        cluster, system = self._cluster, self._system
        for node in cluster.nodes:
            node.reconnect() if node.is_cut_off else None
        await by_hand(cluster.start)
        await by_hand(system.start)
        with suppress(AssertionError):
            await self._until(lambda: by_hand(cluster.whole), FOLLOWS_WITHIN_S, "three nodes")
        for node in cluster.nodes:
            if not await by_hand(node.role):
                await by_hand(node.renew)
        await self._until(lambda: by_hand(cluster.whole), WHOLE_WITHIN_S, "three nodes")
        await self._until(lambda: by_hand(system.well), WHOLE_WITHIN_S, "services")
        self._writing.clear()
        await self._until(self._is_idle, 30, "writers at rest")
        try:
            await self._until(self._all_same, AGREED_WITHIN_S, "agreement")
            return await self._compare_log(after, lossless=lossless)
        except AssertionError:
            self.report.find(await self._differences(after))
            return 0, False
        finally:
            self._writing.set()

    async def _is_idle(self) -> bool:
        return self._idle == _WRITERS

    async def _state(self) -> tuple[str, bool, Rows, dict[int, str]]:
        async with await self._connect("-c timezone=UTC") as sql:
            row = await (
                await sql.execute(
                    "SELECT id::text, EXISTS (SELECT FROM order_outbox) FROM order_stream"
                )
            ).fetchone()
            assert row is not None
            found = await sql.execute("SELECT id, version, customer_name, status FROM orders")
            rows = await found.fetchall()
        states = {id_: status for id_, _, _, status in rows}
        return row[0], row[1], {id_: (v, name) for id_, v, name, _ in rows}, states

    async def _all_same(self) -> bool:
        with suppress(psycopg.Error, OSError):
            return not await self._differences("")
        return False

    async def _differences(self, after: str) -> list[str]:
        stream, waiting, rows, states = await self._state()
        findings = [f"I3: {after}: the outbox is not empty"] if waiting else []
        pending = {id_: row for id_, row in rows.items() if states[id_] == "pending"}
        named: dict[str, Reader | Other] = {
            **{f"reader {number}": each for number, each in enumerate(self._readers)},
            **{type(each).__name__: each for each in self._others},
        }
        for name, each in named.items():
            wanted = pending if each.book.tables[ORDERS] else rows
            place = each.book.place
            if each.rows != wanted:
                wrong = dict(set(each.rows.items()) ^ set(wanted.items()))
                findings.append(f"I7: {after}: {name} at {place} differs: {wrong!r:.300}")
            elif place is None or place.stream != stream:
                findings.append(f"I7: {after}: {name} at {place}, the stream is {stream}")
        return findings

    async def _compare_log(self, after: str, *, lossless: bool) -> tuple[int, bool]:
        async with await self._connect("-c timezone=UTC") as sql:
            found = await sql.execute("SELECT id::text FROM order_stream")
            ((stream,),) = await found.fetchall()
            log = await (await sql.execute(_LOG)).fetchall()
        events = {position: json.loads(text) for position, text in log}
        digests = {position: digest(event) for position, event in events.items()}
        findings = [f"{after}: {each}" for each in self._seen.findings]
        findings += [
            f"I7: {after}: event {position} of the present stream is not the one that was seen"
            for (of, position), known in self._seen.digests.items()
            if of == stream and digests.get(position) != known
        ]
        logged = Counter(
            row["customer_name"]
            for event in events.values()
            if event["operation"] != "DELETE" and (row := event["order"])
        )
        lost, wrong = self._ledger.compare(logged)
        earlier, self._stream = getattr(self, "_stream", stream), stream
        renewed = earlier != stream
        if lossless and lost:
            findings.append(f"{after}: {lost} transactions were lost")
        if lossless and renewed:
            findings.append(f"I7: {after}: nothing was lost, and everyone was reset")
        self.report.find([*findings, *wrong])
        self._seen.findings.clear()
        self.report.say(
            f"agreed   {len(events)} events, {len(self._ledger.acknowledged)} transactions,"
            f" {lost} lost{', another stream' if renewed else ''}"
        )
        return lost, renewed

    async def _until(
        self, condition: Callable[[], Awaitable[Any]], within_s: float, what: str
    ) -> None:
        give_up = time.monotonic() + within_s
        while not await condition():
            if time.monotonic() > give_up:
                raise AssertionError(f"not within {within_s:.0f} s: {what}")
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _background() -> AsyncIterator[Callable[[Awaitable[None]], None]]:
    """Run coroutines until the block ends."""
    tasks: list[asyncio.Future[None]] = []
    try:
        yield lambda work: tasks.append(asyncio.ensure_future(work))
        failed = [task for task in tasks if task.done()]
        assert not failed, failed
    finally:
        running = set(tasks)
        while running:  # again: a cancellation may be taken for the failure of a connection
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=1)


_HEADINGS = (
    "fault", "lost with it", "lasted s", "writes again s", "seen s", "lost", "new stream",
    "resets of one client",
)  # fmt: skip


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return what was measured as lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in [_HEADINGS, ("---",) * len(_HEADINGS), *rows]]


def main() -> int:
    """Run once; return 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="prove.failover", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args()
    if reason := missing():
        sys.stdout.write(f"prove    {reason}\n")
        return 0
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    sys.stdout.write(f"prove    fail-over, seed {seed}, {chosen.seconds:.0f} s\n")
    sys.stdout.flush()
    report = asyncio.run(Proof(seed, chosen.seconds).run())
    sys.stdout.write(f"prove    seed {seed}: {'FAILED' if report.findings else 'passed'}\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
