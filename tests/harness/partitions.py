"""A table with partitions, and its rows as rebuilt from events."""

from typing import Any

from harness.servers import Event, Events, Sql

STOCK = """
    CREATE TABLE stock (
        place text, item integer, pieces integer, version integer NOT NULL DEFAULT 1,
        PRIMARY KEY (place, item)
    ) PARTITION BY LIST (place);
    CREATE TABLE stock_a PARTITION OF stock FOR VALUES IN ('a');
    -- Columns in another order, and one that was dropped.
    CREATE TABLE stock_b (gone text, version integer NOT NULL DEFAULT 1, pieces integer,
                          item integer NOT NULL, place text NOT NULL);
    ALTER TABLE stock_b DROP COLUMN gone;
    ALTER TABLE stock ATTACH PARTITION stock_b FOR VALUES IN ('b');
    CREATE TABLE stock_rest PARTITION OF stock DEFAULT PARTITION BY RANGE (item);
    CREATE TABLE stock_low PARTITION OF stock_rest FOR VALUES FROM (0) TO (100);
    CREATE TABLE stock_high PARTITION OF stock_rest FOR VALUES FROM (100) TO (1000);
"""


def follow(sql: Sql) -> None:
    """Do what the listener does every second."""
    while sql.execute("SELECT order_follow_partitions()").fetchone() == (True,):
        pass


def told(events: list[Event]) -> list[tuple[str, Any, Any]]:
    """Return operation, key and version of each event."""
    return [
        (
            each["operation"],
            None if each["key"] is None else tuple(each["key"].values()),
            None if each["row"] is None else each["row"]["version"],
        )
        for each in events
    ]


def rows(sql: Sql, table: str = "stock") -> dict[Any, Event]:
    """Return the rows of stock by key."""
    found = sql.execute(f"SELECT to_json(whole) FROM {table} AS whole".encode()).fetchall()
    return {(row["place"], row["item"]): row for (row,) in found}


class Replay:
    """Rows rebuilt from events. An event that does not fit the rows fails the test."""

    def __init__(self, sql: Sql, events: Events) -> None:
        self._sql = sql
        self._events = events
        self.rows: dict[Any, Event] = {}

    def hold(self) -> None:
        """Apply the waiting events; check that the rows are then the table's."""
        for event in self._events():
            self.apply(event)
        assert self.rows == rows(self._sql)

    def apply(self, event: Event) -> None:
        """Apply an event."""
        if event["operation"] == "TRUNCATE":
            self.rows.clear()
            return
        key = (event["key"]["place"], event["key"]["item"])
        before = self.rows.pop(key, None)
        assert (before is None) == (event["operation"] == "INSERT"), (event, before)
        if event["operation"] == "DELETE":
            assert event["changed"] == before
        else:
            self.rows[key] = event["row"]
        if before is not None and event["operation"] == "UPDATE":
            assert event["row"]["version"] == before["version"] + 1
