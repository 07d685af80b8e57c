"""Make pgbench's tables live, run pgbench, and compare the events with what pgbench did.

    .venv/bin/python examples/pgbench/live.py [--seconds 10] [--rate 200]

Needs a running system (`make up`); see the README beside this file.
"""

import argparse
import asyncio
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from orders_cli.addresses import owner_database, stream_address
from orders_cli.stack.binaries import postgres_binaries
from real_time_orders import Event, OrdersClient, Phase, State

TABLES = ("pgbench_accounts", "pgbench_tellers", "pgbench_branches")
LATEST_AFTER_S = 10.0


class Seen:
    """What a subscriber of the tables has seen."""

    def __init__(self) -> None:
        self.live = asyncio.Event()
        self._news = asyncio.Event()
        self.events: Counter[str] = Counter()
        self.rows: dict[tuple[str, str], dict[str, object]] = {}
        """The newest row of each table and key."""

    async def follow(self, address: str) -> None:
        """Count the tables' events until cancelled."""
        async with OrdersClient(address, on_state=self._tell) as client:
            async for item in client:
                if isinstance(item, Event) and item.table in TABLES:
                    self.events[item.table] += 1
                    self.rows[item.table, str(item.key)] = dict(item.row or {})
                    self._news.set()

    def _tell(self, state: State) -> None:
        if state.phase is Phase.LIVE:
            self.live.set()

    async def until(self, expected: int) -> None:
        """Wait until each table has had as many events, or for some seconds."""
        try:
            async with asyncio.timeout(LATEST_AFTER_S):
                while any(self.events[table] < expected for table in TABLES):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass


def pgbench(database: str, *options: str) -> str:
    """Run pgbench and return its report."""
    command = [str(postgres_binaries() / "pgbench"), *options, database]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


async def main(seconds: int, rate: int, data: Path) -> int:
    """Return 0 if every change was an event."""
    database = owner_database(data)
    pgbench(database, "--initialize", "--quiet")
    seen = Seen()
    with psycopg.connect(database, autocommit=True) as sql:
        for table in TABLES:
            sql.execute("SELECT watch_table(%s)", [table])
        following = asyncio.create_task(seen.follow(stream_address(None, data)))
        async with asyncio.timeout(30):
            await seen.live.wait()
        load = ["--client=8", f"--time={seconds}", f"--rate={rate}", "--no-vacuum"]
        report = await asyncio.to_thread(pgbench, database, *load)
        found = re.search(r"actually processed: (\d+)", report)
        transactions = int(found[1]) if found else 0
        # A random delta of 0 changes nothing, and what changes nothing is no event.
        row = sql.execute("SELECT count(*) FILTER (WHERE delta <> 0) FROM pgbench_history")
        (expected,) = row.fetchone() or (0,)
        await seen.until(expected)
        following.cancel()
        wrong = [table for table in TABLES if not agrees(sql, table, seen)]
    print(f"pgbench committed {transactions} transactions, {expected} of which change the tables")
    for table in TABLES:
        verdict = "rows differ from the table" if table in wrong else "rows equal the table"
        print(f"{table}: {seen.events[table]} events; {verdict}")
    complete = all(seen.events[table] == expected for table in TABLES)
    print("every change arrived" if complete and not wrong else "changes are missing")
    return 0 if complete and not wrong and transactions else 1


def agrees(sql: psycopg.Connection[tuple[object, ...]], table: str, seen: Seen) -> bool:
    """Return whether the newest rows that were seen are those of the table."""
    balance = table[len("pgbench_")] + "balance"
    told = sum(int(str(row[balance])) for (name, _), row in seen.rows.items() if name == table)
    query = SQL("SELECT sum({}) FROM {}").format(Identifier(balance), Identifier(table))
    return (told,) == sql.execute(query).fetchone()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=200, help="transactions per second")
    parser.add_argument("--data", type=Path, default=Path(".data"), help="of `make up`")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.seconds, chosen.rate, chosen.data)))
