"""Writers: random transactions, recorded in a ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import LiteralString

import httpx
import psycopg

from harness.servers import Database
from prove.chance import Chance
from prove.ledger import Fact, Ledger, Outcome, Transaction
from prove.other_statements import OTHER_STATEMENTS
from prove.statements import STATEMENTS, Connection, gone_lines, insert

Work = Callable[[Connection, Transaction], Awaitable[None]]

# What a writer's session has not set itself may become odd: see faults.odd_settings. Commits must
# survive a crash, or the ledger would be wrong.
_SETTINGS = "-c lock_timeout=5s -c statement_timeout=20s -c synchronous_commit=on"
_BEGIN: LiteralString = "SELECT set_config('orders.actor', %s, true)"
_ODD_SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("TimeZone", ("UTC", "Asia/Kolkata", "America/St_Johns")),
    ("DateStyle", ("ISO, MDY", "SQL, DMY", "German", "Postgres, MDY")),
    ("IntervalStyle", ("postgres", "iso_8601", "sql_standard", "postgres_verbose")),
    ("bytea_output", ("hex", "escape")),
    ("extra_float_digits", ("1", "-15", "3")),
    ("standard_conforming_strings", ("on", "off")),
    ("search_path", ("public", "pg_temp, public")),
)
"""Session settings of writers; none may affect an event (I4)."""
_SET: LiteralString = "SELECT set_config(%s, %s, true)"

# Each transaction also inserts a row here, so that its outcome can be looked up. Transaction ids
# would not do: after a crash PostgreSQL may reuse the id of a lost transaction.
MARKS: LiteralString = (
    "CREATE TABLE proof_marks (actor text PRIMARY KEY, is_claim boolean NOT NULL)"
)
_MARK: LiteralString = "INSERT INTO proof_marks VALUES (%s, false)"
_CLAIM: LiteralString = "INSERT INTO proof_marks VALUES (%s, true) ON CONFLICT DO NOTHING"
_WHOSE: LiteralString = "SELECT is_claim FROM proof_marks WHERE actor = %s"


class Gate:
    """Lets writers work, or waits until all are idle."""

    def __init__(self) -> None:
        """Start closed."""
        self._open = asyncio.Event()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def open(self) -> None:
        """Let writers work."""
        self._open.set()

    async def close(self) -> None:
        """Let no new work begin, and wait for the work in progress."""
        self._open.clear()
        await self._empty.wait()

    async def __aenter__(self) -> None:
        await self._open.wait()
        self._inside += 1
        self._empty.clear()

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        if self._inside == 0:
            self._empty.set()


class Writer:
    """Random transactions over one connection."""

    def __init__(
        self, name: str, chance: Chance, database: Database, ledger: Ledger, mean_pause_s: float
    ) -> None:
        """``run`` starts it."""
        self._name = name
        self._chance = chance
        self._database = database
        self._ledger = ledger
        self._mean_pause_s = mean_pause_s
        self._connection: Connection | None = None
        self._number = 0

    async def run(self, gate: Gate) -> None:
        """Write until cancelled."""
        try:
            while True:
                async with gate:
                    await self._transaction()
                await asyncio.sleep(self._chance.pause(self._mean_pause_s))
        finally:
            if self._connection is not None:
                await self._connection.close()

    async def _connected(self) -> Connection:
        while self._connection is None or self._connection.closed:
            with suppress(psycopg.OperationalError):
                self._connection = await psycopg.AsyncConnection.connect(
                    self._database.url, options=_SETTINGS, connect_timeout=3
                )
                break
            await asyncio.sleep(0.1)  # before the next attempt to connect
        return self._connection

    async def _transaction(self) -> None:
        sql = await self._connected()
        transaction = await self._begin(sql)
        if transaction is not None and await self._does(sql, transaction, self._work):
            await self._end(sql, transaction)

    async def _begin(self, sql: Connection) -> Transaction | None:
        self._number += 1
        actor = f"writer {self._name}.{self._number}"
        try:
            await sql.execute(_BEGIN, [actor])
            await sql.execute(_MARK, [actor])
            for name, values in _ODD_SETTINGS:
                if self._chance.happens(0.2):
                    await sql.execute(_SET, [name, self._chance.one(values)])
        except psycopg.Error:
            await self._abandon(sql)
            return None
        return self._ledger.open(actor)

    async def _does(self, sql: Connection, transaction: Transaction, work: Work) -> bool:
        """Do the work of a transaction; roll it back if that fails."""
        try:
            await work(sql, transaction)
        except psycopg.Error as exc:
            self._note(exc)
            self._ledger.close(transaction, Outcome.ROLLED_BACK)
            await self._abandon(sql)
            return False
        return True

    async def _work(self, sql: Connection, transaction: Transaction) -> None:
        """Run some statements, sometimes with a savepoint rolled back or a long pause."""
        chance = self._chance
        for _ in range(chance.weighted([(6, 1), (3, 2), (2, 4), (0.3, 12)])):
            takes_back = chance.happens(0.15)
            if takes_back:
                await sql.execute(b"SAVEPOINT here")
            facts = await self._statement(sql)
            if takes_back:
                await sql.execute(b"ROLLBACK TO here")
            else:
                transaction.statements.append(facts)
            if chance.happens(0.03):
                await asyncio.sleep(chance.seconds(0.2, 2.5))

    async def _statement(self, sql: Connection) -> list[Fact]:
        statement = self._chance.weighted([*STATEMENTS, *OTHER_STATEMENTS])
        facts = await statement(sql, self._chance)
        return facts + await gone_lines(sql)

    async def _end(self, sql: Connection, transaction: Transaction) -> None:
        commits = self._chance.happens(0.87)
        try:
            await (sql.commit() if commits else sql.rollback())
        except psycopg.Error as exc:
            self._note(exc)
            # The answer to COMMIT was lost, perhaps only the answer: look up the mark.
            await self._abandon(sql)
            committed = commits and await self._has_committed(transaction.actor)
            self._ledger.outcomes[Outcome.IN_DOUBT] += 1
        else:
            committed = commits
        self._ledger.close(transaction, Outcome.COMMITTED if committed else Outcome.ROLLED_BACK)

    def _note(self, exc: psycopg.Error) -> None:
        """Record that PostgreSQL refused a write because of a notification."""
        if isinstance(exc, psycopg.errors.ProgramLimitExceeded):
            self._ledger.refusals.append(f"writer {self._name}: {str(exc).strip()}")

    async def _has_committed(self, actor: str) -> bool:
        """Return whether a transaction has committed; if not, make sure that it cannot any more."""
        while True:
            sql = await self._connected()
            try:
                # Waits for the transaction if it is still open; takes the key if it failed.
                await sql.execute(_CLAIM, [actor])
                cursor = await sql.execute(_WHOSE, [actor])
                row = await cursor.fetchone()
                await sql.commit()
            except psycopg.Error:
                await self._abandon(sql)
                continue
            assert row is not None
            return not row[0]

    async def _abandon(self, sql: Connection) -> None:
        with suppress(psycopg.Error):
            await sql.rollback()
        if sql.closed:
            self._connection = None


class PatientWriter(Writer):
    """Keeps transactions open for long, across quiet points; no event may wait for them."""

    def __init__(
        self, name: str, chance: Chance, database: Database, ledger: Ledger, open_s: float
    ) -> None:
        """``run`` starts it."""
        super().__init__(name, chance, database, ledger, mean_pause_s=2 * open_s)
        self._open_s = open_s
        self.is_open = False
        """Whether a transaction is open; then the table cannot be altered."""

    async def run(self, gate: Gate) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._patiently(gate)
                await asyncio.sleep(self._chance.pause(self._mean_pause_s))
        finally:
            if self._connection is not None:
                await self._connection.close()

    async def _patiently(self, gate: Gate) -> None:
        async with gate:
            sql = await self._connected()
            transaction = await self._begin(sql)
            begun = transaction and await self._does(sql, transaction, self._insert)
        if not begun:
            return
        assert transaction is not None
        self.is_open = True
        await asyncio.sleep(self._open_s)
        async with gate:
            if await self._does(sql, transaction, self._insert):
                await self._end(sql, transaction)
        self.is_open = False

    async def _insert(self, sql: Connection, transaction: Transaction) -> None:
        transaction.statements.append(await insert(sql, self._chance))


class ApiWriter:
    """Creates orders through the API, each once, with as many retries as needed."""

    def __init__(self, chance: Chance, api: httpx.AsyncClient, mean_pause_s: float) -> None:
        """``run`` starts it."""
        self._chance = chance
        self._api = api
        self._mean_pause_s = mean_pause_s
        self.created: list[str] = []

    async def run(self, gate: Gate) -> None:
        """Create until cancelled."""
        number = 0
        while True:
            number += 1
            async with gate:
                await self._create(f"through the API, {number}")
            await asyncio.sleep(self._chance.pause(self._mean_pause_s))

    async def _create(self, tag: str) -> None:
        order = {"customer_name": "Ann", "product_name": tag, "status": "pending"}
        key = {"Idempotency-Key": tag.replace(" ", "-")}
        while True:
            with suppress(httpx.HTTPError):
                answer = await self._api.post("/api/orders", json=order, headers=key)
                if answer.status_code == 201:
                    break
                assert answer.status_code in {409, 500, 503}, answer.text
            await asyncio.sleep(0.2)  # before the next attempt to create
        self.created.append(tag)
