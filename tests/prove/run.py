"""One run: start the system, then load and faults, settle, compare, until the time is up."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import LiteralString

import httpx
import psycopg

from harness.servers import Postgres
from harness.signing import bearer, token
from harness.waiting import under_load
from prove import columns, tables
from prove.audit import Audit
from prove.backup import Backup
from prove.chance import Chance
from prove.clients import A_DAY_S, Follow, Watcher, habits
from prove.ddl import Owner
from prove.exact import PINNED, Table, read_table
from prove.filters import random_filter, random_scope, random_tables
from prove.hands import by_hand
from prove.ledger import Ledger
from prove.oracle import LogRow, Replay, difference
from prove.report import Report, summary
from prove.sdk_clients import Consumer, NodeConsumer, NodeTableUser, TableUser, random_shown
from prove.system import NotWellError, System
from prove.weather import FAULTS, Faults, Weather
from prove.writers import MARKS, ApiWriter, Gate, PatientWriter, Writer
from real_time_orders import Kind, follow

LOG = (
    'SELECT position, "table", operation, order_id, key::text, "row"::text, changed::text, actor'
    " FROM order_events WHERE position > %s ORDER BY position"
)
_READ_PAUSE_S = 0.5
_KINDS = (Kind.WEBSOCKET, Kind.EVENTS)
Client = Watcher | TableUser | Consumer | NodeTableUser | NodeConsumer
SCOPED_EACH = 4
"""One client of this many has a restricted token."""


@dataclass(frozen=True)
class Plan:
    """The parameters of a run."""

    seed: int
    seconds: float
    clients: int = 50
    programs: int = 8
    """Programs written with the SDK: live tables, and consumers of every event."""
    writers: int = 6
    writer_pause_s: float = 0.12
    quiet_after_s: float = 15.0
    """Time between two quiet points."""
    fault_pause_s: float = 1.0
    ddl_pause_s: float = 0.8
    restores: float = 0.5
    """Probability that the backup of an earlier quiet point is restored at a later one. If it is 1,
    the run continues until that has happened."""
    planted: Mapping[str, str] = field(default_factory=dict)
    """Modules with a bug that run in place of services; the run has to find it."""
    planted_sql: LiteralString = ""
    """SQL that plants a bug in the database."""
    following: Follow = follow
    faults: Faults = tuple(FAULTS)
    redis: str = ""
    """One of ``system.GROUPS`` in the place of a single Valkey."""
    settled_within_s: float = 45.0
    """Within this time after the last fault and write every client must have everything, or longer
    in proportion to the machine's load. It takes two seconds on one that does nothing else."""
    stops_at_finding: bool = False
    """End with the first finding."""


class Run:
    """One run of one plan."""

    def __init__(self, plan: Plan, postgres: Postgres, *, quiet: bool = False) -> None:
        """Start Valkey and create a database; ``run`` starts everything else."""
        self._plan = plan
        self._chance = Chance(plan.seed)
        self.report = Report(plan.seed, quiet=quiet)
        self.system = System(postgres, plan.planted, plan.redis)
        with self.system.database.connect() as sql:
            for statements in (MARKS, columns.SETUP, tables.SETUP, plan.planted_sql):
                sql.execute(statements)
        self._transport = httpx.AsyncHTTPTransport()
        self._ledger = Ledger()
        self._patient = self._patient_writer()
        self._owner = Owner(
            self._chance.part("owner"),
            self.system.database,
            plan.ddl_pause_s,
            lambda: not self._patient.is_open,
        )
        self._replay = Replay(self._owner.changes)
        self._gate = Gate()
        self._watchers: list[Client] = []
        self._backup: Backup | None = None
        self._chance_of_backups = self._chance.part("backups")
        self._weather = Weather(
            self.system,
            self._chance.part("faults"),
            self.report.note,
            faults=plan.faults,
            mean_pause_s=plan.fault_pause_s,
        )

    async def run(self) -> None:
        """Run; findings are in the report."""
        try:
            await self.system.start()
            async with self._transport:
                await self._prove()
        finally:
            await self.system.close()
        for member in self.system.members:
            failures = Counter(member.failures())
            self.report.find(
                f"{member.name} failed {times} times: {what:.300}"
                for what, times in failures.items()
            )
        audits = [watcher.audit for watcher in self._watchers]
        position = self._replay.position
        for line in summary(
            self._ledger, audits, self._weather.brought, position, self._owner.outcomes
        ):
            self.report.say(line)
        if self.report.findings and not self._plan.stops_at_finding:
            folder = self.report.keep(audits, self.system.members)
            self.report.say(f"{len(self.report.findings)} findings; everything is in {folder}")
        if not self.report.findings:
            self.report.say("no findings")

    def _api(self) -> httpx.AsyncClient:
        """Return an HTTP client of the API that shares connections with all others."""
        return httpx.AsyncClient(base_url=self.system.api_url, transport=self._transport, timeout=5)

    async def _prove(self) -> None:
        self._watchers = [self._watcher(number) for number in range(self._plan.clients)]
        self._watchers += [self._program(number) for number in range(self._plan.programs)]
        api = self._api()
        api.headers.update(bearer(token("clerk", subject="api", ttl_s=A_DAY_S)))
        api_writer = ApiWriter(self._chance.part("api"), api, 1.0)
        writers = [self._writer(number) for number in range(self._plan.writers)]
        writers.append(self._patient)
        tasks = [asyncio.create_task(each.run()) for each in self._watchers]
        tasks += [asyncio.create_task(each.run(self._gate)) for each in writers]
        tasks.append(asyncio.create_task(api_writer.run(self._gate)))
        tasks.append(asyncio.create_task(self._owner.run(self._gate)))
        reading = asyncio.create_task(self._keep_reading())
        try:
            ends_at = time.monotonic() + self._plan.seconds
            while (left_s := self._left_s(ends_at)) > 0 and not self._is_over(tasks):
                await self._let_happen(left_s, tasks)
                if not self._is_over(tasks):
                    await self._compare(api_writer, tasks)
                if not self._is_over(tasks) and await self._goes_back():
                    await self._compare(api_writer, tasks)
        finally:
            for task in (*tasks, reading):
                task.cancel()
            ended = await asyncio.gather(*tasks, reading, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    def _left_s(self, ends_at: float) -> float:
        """Return how long the run continues."""
        owes_restore = self._plan.restores == 1 and not self._weather.brought["backup_restored"]
        left_s = ends_at - time.monotonic()
        return max(left_s, self._plan.quiet_after_s) if owes_restore else left_s

    def _is_over(self, tasks: list[asyncio.Task[None]]) -> bool:
        """Return whether to end the run; raise the error of a client or writer that ended."""
        for task in tasks:
            if task.done():
                task.result()
        self._collect()
        return bool(self.report.findings) and self._plan.stops_at_finding

    async def _let_happen(self, at_most_s: float, tasks: list[asyncio.Task[None]]) -> None:
        """Let writers, owner and faults work for a while."""
        for watcher in self._watchers:
            watcher.settle.clear()
        self._gate.open()
        blowing = asyncio.create_task(self._weather.blow())
        ends_at = time.monotonic() + min(at_most_s, self._plan.quiet_after_s)
        while time.monotonic() < ends_at and not self._is_over(tasks):  # noqa: ASYNC110  a condition
            await asyncio.sleep(0.1)  # between two checks of a condition
        self._weather.calm()
        await blowing

    async def _compare(self, api_writer: ApiWriter, tasks: list[asyncio.Task[None]]) -> None:
        """Let everything settle, then compare log and clients with the database."""
        for watcher in self._watchers:
            watcher.settle.set()
        try:
            healed_s = await self.system.heal()
        except NotWellError as exc:
            self.report.find([str(exc)])
            return
        await self._gate.close()
        settled_s = await self._settle(tasks)
        await self._read()
        self._collect()
        async with await psycopg.AsyncConnection.connect(
            self.system.database.url, options=PINNED
        ) as sql:
            found = {name: await read_table(sql, name) for name in self._replay.tables}
        self._hold_log_to(found, api_writer)
        self._hold_clients()
        self._owner.changes.clear()
        self.report.say(
            f"quiet    {self._replay.position} events,"
            f" {', '.join(f'{len(rows)} {name}' for name, rows in found.items())};"
            f" all well after {healed_s:.1f} s, all told {settled_s:.1f} s later"
        )

    async def _goes_back(self) -> bool:
        """Take a backup, or restore the earlier one; return whether it was restored."""
        chance = self._chance_of_backups
        if self._backup is None or not chance.happens(self._plan.restores):
            self._backup = await by_hand(Backup, self.system.database, self._replay)
            return False
        self.report.say(f"fault    an older backup: {self._backup.position} events")
        self._weather.brought["backup_restored"] += 1
        restored = await self.system.restore(self._backup.restore, redis_too=chance.happens(0.5))
        stream = await by_hand(self._backup.stream)
        began = time.monotonic()
        while left := [each for each in self._watchers if each.stream != stream]:
            if time.monotonic() - began > under_load(self._plan.settled_within_s):
                names = ", ".join(each.audit.name for each in left)
                self.report.find([f"I7: not told of the older backup by now: {names}"])
                break
            await asyncio.sleep(0.05)
        # Until its reset a client may go on in the history that is over: after a snapshot of the
        # restored database, which still has the earlier stream's id, it gets that history's events.
        self._collect()
        self._replay = restored
        self.system.replayed = restored.position
        return True

    async def _settle(self, tasks: list[asyncio.Task[None]]) -> float:
        """Wait until the outbox is empty and every client has everything."""
        began = time.monotonic()
        waiting, head, schema = ["the outbox"], 0, ""
        while waiting and not self._is_over(tasks):
            if time.monotonic() - began > under_load(self._plan.settled_within_s):
                self.report.find([f"I7: not told everything by now: {', '.join(waiting)}"])
                for watcher in self._watchers:
                    if watcher.audit.name in waiting:
                        here = f"{watcher.position}, schema {watcher.audit.schema!r}"
                        watcher.audit.complain(f"I7: is at {here}; head {head}, schema {schema!r}")
                break
            await asyncio.sleep(0.05)
            with self.system.database.connect() as sql:
                row = sql.execute(
                    "SELECT (SELECT max(position) FROM order_events),"
                    " (SELECT count(*) FROM order_outbox), order_schema_version(),"
                    " order_partitions_changed()"
                ).fetchone()
            assert row is not None
            head, waits, schema = int(row[0] or 0), row[1], str(row[2])
            waiting = ["the outbox"] if waits else []
            waiting += ["a partition"] if row[3] else []
            waiting += [
                watcher.audit.name
                for watcher in self._watchers
                if watcher.position < head or watcher.audit.schema not in {schema, None}
            ]
        return time.monotonic() - began

    def _hold_log_to(self, found: dict[str, Table], api_writer: ApiWriter) -> None:
        for name, rows in found.items():
            problem = difference(self._replay.tables[name], rows)
            self._complain(f"I1: the log of {name} replayed", problem)
        self.report.find(f"I1: {each}" for each in self._ledger.compare(self._replay.by_actor))
        tagged, self._replay.tagged = self._replay.tagged, {}
        for tag in api_writer.created:
            self._complain(f"I1: order {tag!r}", _times(tagged.pop(tag, 0)))
        api_writer.created.clear()
        for tag in tagged:
            self._complain(f"I1: order {tag!r}", "no writer made it")

    def _hold_clients(self) -> None:
        for watcher in self._watchers:
            for problem in watcher.problems(self._replay):
                watcher.audit.complain(f"I7: at a quiet moment, {problem}")
        self._collect()

    def _collect(self) -> None:
        """Collect findings, and compare what clients saw with the log."""
        self.report.find(self._replay.findings)
        self._replay.findings.clear()
        self.report.find(f"I5: {each}" for each in self._ledger.refusals)
        self._ledger.refusals.clear()
        for watcher in self._watchers:
            audit = watcher.audit
            while audit.sightings and audit.sightings[0].position <= self._replay.position:
                self._contradict(watcher)
            self.report.find(audit.findings)
            audit.findings.clear()

    def _contradict(self, watcher: Client) -> None:
        contradiction = self._replay.contradiction(watcher.audit.sightings.popleft())
        if contradiction is not None:
            watcher.audit.complain(f"I3: {contradiction}")

    def _complain(self, what: str, problem: str | None) -> None:
        if problem is not None:
            self.report.find([f"{what}: {problem}"])

    async def _keep_reading(self) -> None:
        """Replay the log as it grows, so that it may be pruned."""
        while True:
            with suppress(psycopg.OperationalError):
                await self._read()
            await asyncio.sleep(_READ_PAUSE_S)

    async def _read(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self.system.database.url, options="-c timezone=UTC", connect_timeout=3
        ) as sql:
            cursor = await sql.execute(LOG, [self._replay.position])
            rows: list[LogRow] = await cursor.fetchall()
        self._replay.apply(row for row in rows if row[0] > self._replay.position)
        self.system.replayed = self._replay.position

    def _watcher(self, number: int) -> Watcher:
        habit, filtered = habits(self._plan.clients)[number]
        chance = self._chance.part("client", number)
        scope = None
        if number % SCOPED_EACH == 2:
            scope = random_scope(self._chance.part("scope", number))
        wanted = random_tables(chance, orders_only=scope is not None) if filtered else None
        kind = f"{habit.name} {'filtered' if filtered else 'full'} client {number}"
        kind += f" over {_KINDS[number % 2]}"
        watcher = Watcher(
            kind,
            habit,
            wanted,
            chance,
            urls=self.system.ws_urls,
            api=self._api(),
            scope=scope,
            following=self._plan.following,
            kind=_KINDS[number % 2],
        )
        watcher.audit.note(f"wants {wanted!r} of {scope or 'everyone'!r}")
        return watcher

    def _program(self, number: int) -> Client:
        """Return a program: half are TypeScript; three of four show a table."""
        chance, kind = self._chance.part("program", number), _KINDS[number % 2]
        consumes = number % 8 in {3, 6}
        is_typescript = number % 8 >= 4
        name = f"{'TypeScript' if is_typescript else 'Python'} program {number} over {kind}"
        audit = Audit(name, time.monotonic(), filtered=not consumes)
        urls, api = self.system.ws_urls, self.system.api_url
        if consumes and is_typescript:
            return NodeConsumer(audit, urls, api, kind)
        if consumes:
            return Consumer(audit, chance, urls, api, kind)
        shown = random_shown(chance, random_filter(chance))
        audit.note(f"shows {shown}")
        user = NodeTableUser if is_typescript else TableUser
        return user(audit, shown, urls, api, kind)

    def _writer(self, number: int) -> Writer:
        chance = self._chance.part("writer", number)
        database, pause_s = self.system.database, self._plan.writer_pause_s
        return Writer(str(number), chance, database, self._ledger, pause_s)

    def _patient_writer(self) -> PatientWriter:
        chance, open_s = self._chance.part("patience"), min(20.0, self._plan.seconds / 6)
        return PatientWriter("patience", chance, self.system.database, self._ledger, open_s)


def _times(found: int) -> str | None:
    return None if found == 1 else f"made {found} times"


async def prove(plan: Plan, postgres: Postgres, *, quiet: bool = False) -> Report:
    """Execute a plan and return its report."""
    run = Run(plan, postgres, quiet=quiet)
    try:
        await run.run()
    finally:
        postgres.thaw()
        gc.collect()  # connections that were cancelled while connecting
        try:
            postgres.drop_database(run.system.database)
        except AssertionError as exc:  # the report matters more
            run.report.note(str(exc))
    return run.report
