"""Counts the changes of each table, each exactly once: place and work are one transaction.

Stop it, change orders, start it again: it goes on where it was.
"""

import asyncio
import sqlite3
import sys

from real_time_orders import connect

SETUP = """
    CREATE TABLE IF NOT EXISTS changes ("table" TEXT, operation TEXT, number INTEGER,
        PRIMARY KEY ("table", operation));
    CREATE TABLE IF NOT EXISTS place (stream TEXT, position INTEGER);
"""
COUNT = """
    INSERT INTO changes VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1
"""


async def main(url: str, file: str) -> None:
    """Count in a file of SQLite."""
    work = sqlite3.connect(file)
    work.executescript(SETUP)
    place = work.execute("SELECT stream, position FROM place").fetchone()
    stream, position = place or (None, None)
    async with connect(url) as live:
        events = live.events(after=position, stream=stream)
        print(f"following after {position}", flush=True)
        async for event in events:
            with work:  # one transaction
                work.execute(COUNT, [event.table, event.operation])
                work.execute("DELETE FROM place")
                place = events.place
                work.execute("INSERT INTO place VALUES (?, ?)", [place.stream, place.position])
            print(f"{event.position}: {event.operation} {event.table}", flush=True)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv))
    asyncio.run(main(arguments.get(1, "http://localhost:3000"), arguments.get(2, "changes.db")))
