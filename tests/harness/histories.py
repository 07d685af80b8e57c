"""Random histories of ``orders`` as the database logs them, for property tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import strategies as st

from orders_contract.batches import Batch
from orders_contract.matching import Scope, Selection

Row = dict[str, Any]
Table = dict[int, Row]

STREAM = "5f0c1a52-7c1e-4b52-9f0e-0d2b8f6a3f11"
STATUSES = ("pending", "processing", "shipped")
CUSTOMERS = ("Ann", "Żółć \U0001f69a", 'quoted "Bob"')
ORDER_IDS = (1, 2, 3, 4)
_TIME = "2026-11-22T11:12:52.70211+00:00"


@dataclass(frozen=True)
class History:
    """Events 1, 2, 3, ... and the table after each; ``tables[0]`` is empty."""

    events: list[Row]
    tables: list[Table]

    @property
    def head(self) -> int:
        """The position of the last event."""
        return len(self.events)

    def since(self, position: int) -> list[Row]:
        """Return the events after a position."""
        return self.events[position:]

    def batches(self, sizes: list[int]) -> list[Batch]:
        """Return all events cut into batches; the list of sizes repeats."""
        return list(_cut(self.events, sizes))


def batch(events: list[Row]) -> Batch:
    """Return consecutive events as one batch."""
    body = json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()
    return Batch(STREAM, events[0]["position"], events[-1]["position"], body)


def positions(events: list[Row]) -> list[int]:
    """Return the events' positions."""
    return [event["position"] for event in events]


def _cut(events: list[Row], sizes: list[int]) -> Iterator[Batch]:
    at = turn = 0
    while at < len(events):
        size = sizes[turn % len(sizes)]
        yield batch(events[at : at + size])
        at, turn = at + size, turn + 1


def order(order_id: int, **values: Any) -> Row:
    """Return an order as PostgreSQL renders it."""
    return {
        "id": order_id,
        "customer_name": "Ann",
        "product_name": "Laptop",
        "quantity": 1,
        "status": "pending",
        "version": 1,
        "created_at": _TIME,
        "updated_at": _TIME,
        **values,
    }


def event(position: int, operation: str, new: Row | None, old: Row | None = None) -> Row:
    """Return the event of a change from one row to another, as PostgreSQL renders it."""
    row = new or old
    return {
        "position": position,
        "table": "orders",
        "operation": operation,
        "order_id": row["id"] if row else None,
        "order": new,
        "changed": _changed(new, old),
        "actor": None,
        "changed_at": _TIME,
    }


def _changed(new: Row | None, old: Row | None) -> Row | None:
    if new is None or old is None:
        return old
    return {key: old[key] for key in old if key != "version" and old[key] != new[key]}


@dataclass(frozen=True)
class _Step:
    """One write; its operation depends on whether the order exists."""

    operation: str
    order_id: int
    status: str
    customer_name: str

    def change(self, table: Table, position: int) -> Row:
        """Change the table and return the event."""
        if self.operation == "TRUNCATE":
            table.clear()
            return event(position, "TRUNCATE", None)
        old = table.pop(self.order_id, None)
        if old is not None and self.operation == "DELETE":
            return event(position, "DELETE", None, old)
        version = 1 if old is None else old["version"] + 1
        new = table[self.order_id] = order(
            self.order_id,
            status=self.status,
            customer_name=self.customer_name,
            version=version,
            quantity=version,
        )
        return event(position, "INSERT" if old is None else "UPDATE", new, old)


# Mostly updates, because they move orders into and out of filters.
_OPERATIONS = ["UPDATE"] * 8 + ["DELETE", "DELETE", "TRUNCATE"]
# One draw per step instead of four, because thousands of histories are drawn.
_STEPS = st.sampled_from(
    [_Step(*step) for step in product(_OPERATIONS, ORDER_IDS, STATUSES, CUSTOMERS)]
)


def _history(steps: list[_Step]) -> History:
    table: Table = {}
    events: list[Row] = []
    tables: list[Table] = [{}]
    for position, step in enumerate(steps, start=1):
        events.append(step.change(table, position))
        tables.append(dict(table))
    return History(events, tables)


def histories(min_size: int = 0, max_size: int = 40) -> st.SearchStrategy[History]:
    """Return random histories of some orders."""
    return st.lists(_STEPS, min_size=min_size, max_size=max_size).map(_history)


def sizes() -> st.SearchStrategy[list[int]]:
    """Return random sizes of batches."""
    return st.lists(st.integers(1, 7), min_size=1, max_size=8)


def _some(values: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "status": _some(STATUSES),
        "customer_name": _some(CUSTOMERS),
        "order_id": _some(ORDER_IDS),
    },
)
"""Random filters over the orders of ``histories``; the empty one is among them."""

SELECTIONS = st.builds(
    lambda tables, scope: Selection.parse(tables, scope=scope),
    st.none() | CONDITIONS.map(lambda conditions: {"orders": conditions}),
    st.none()
    | st.frozensets(st.sampled_from(CUSTOMERS)).map(lambda names: Scope({"customer_name": names})),
)
"""Random selections of these orders, with and without filters, with and without a scope."""
