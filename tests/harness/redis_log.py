"""Read the log that the listener wrote to Redis."""

import json
from typing import Any

from harness.pipeline import Pipeline
from harness.redis_groups import Group
from harness.valkey import Valkey
from harness.waiting import until

INSERT = b"INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def logged(valkey: Valkey | Group) -> list[tuple[int, int, list[dict[str, Any]]]]:
    """Return the batches of the log in Redis, each as first position, last position, events."""
    with valkey.connect() as client:
        entries: Any = client.xrange(valkey.names.log)
    return [
        (int(fields[b"first"]), int(entry.split(b"-")[0]), json.loads(fields[b"events"]))
        for entry, fields in entries
    ]


def positions(valkey: Valkey | Group) -> list[int]:
    """Return the positions of all events in the log in Redis."""
    return [event["position"] for _, _, events in logged(valkey) for event in events]


def events(pipeline: Pipeline, number: int) -> list[dict[str, Any]]:
    """Wait until the log in Redis holds that many events, and return all."""

    def arrived() -> list[dict[str, Any]]:
        return [event for _, _, batch in logged(pipeline.valkey) for event in batch]

    until(lambda: len(arrived()) >= number, 20, f"{number} events")
    return arrived()


def write(pipeline: Pipeline, orders: int) -> None:
    """Commit orders one by one."""
    with pipeline.database.connect() as sql:
        for _ in range(orders):
            sql.execute(INSERT)
