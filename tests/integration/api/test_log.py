"""GET /api/events and an order's history: the log as it was written."""

import json

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from orders_api.models import EventList

pytestmark = pytest.mark.anyio

ORDER = {"customer_name": "A", "product_name": "B"}


def take(database: Database) -> str:
    """Take what waits and return the batch as it was published."""
    with database.connect() as connection:
        row = connection.execute("SELECT events FROM take_order_events(10000)").fetchone()
    return str(row[0]) if row else "[]"


async def test_log_is_what_was_published(api: httpx.AsyncClient, database: Database) -> None:
    """I4: an event read from the log is, to the byte, the one that was published."""
    created(await api.post("/api/orders", json=ORDER | {"customer_name": 'Zoë "🎉"'}))
    ok(await api.put("/api/orders/1", json={"status": "shipped"}))
    assert (await api.delete("/api/orders/1")).status_code == 204
    with database.connect() as connection:
        connection.execute("TRUNCATE orders")
        connection.execute("SET timezone = 'UTC'")
    published = take(database)
    response = await api.get("/api/events")
    assert published in response.text
    page = EventList.model_validate_json(response.text)
    assert page.position == 4
    assert [event.operation for event in page.events] == ["INSERT", "UPDATE", "DELETE", "TRUNCATE"]


async def test_after_and_limit(api: httpx.AsyncClient, database: Database) -> None:
    """Events after a position, as many as asked for, with the head's position."""
    for _ in range(5):
        created(await api.post("/api/orders", json=ORDER))
    take(database)

    async def positions(query: str) -> list[int]:
        page = ok(await api.get(f"/api/events?{query}"))
        assert page["position"] == 5
        return [event["position"] for event in page["events"]]

    assert await positions("") == [1, 2, 3, 4, 5]
    assert await positions("after=3") == [4, 5]
    assert await positions("after=1&limit=2") == [2, 3]
    assert await positions("after=5") == []
    assert await positions("after=9223372036854775807") == []


async def test_pruned_log(api: httpx.AsyncClient, database: Database) -> None:
    """I7: after pruning, the first event's position is beyond the one asked for."""
    for _ in range(5):
        created(await api.post("/api/orders", json=ORDER))
    take(database)
    with database.connect() as connection:
        connection.execute("SELECT prune_order_events(2::bigint)")
    page = ok(await api.get("/api/events?after=1"))
    assert [event["position"] for event in page["events"]] == [4, 5]


async def test_large_events_end_a_page(api: httpx.AsyncClient, database: Database) -> None:
    """A page of enormous events ends early; the position shows that there is more."""
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note text")
        connection.execute(
            "INSERT INTO orders (customer_name, product_name, note)"
            " SELECT 'C', 'P', repeat('x', 3 * 512 * 1024) FROM generate_series(1, 7)"
        )
    while take(database) != "[]":
        pass
    seen: list[int] = []
    counts: list[int] = []
    while len(seen) < 7:
        page = ok(await api.get("/api/events", params={"after": len(seen)}))
        assert page["position"] == 7
        seen += [event["position"] for event in page["events"]]
        counts.append(len(page["events"]))
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert counts == [3, 3, 1]


async def test_history(api: httpx.AsyncClient, database: Database) -> None:
    """An order's history has its own events, oldest first, in pages, also after it was deleted."""
    for _ in range(3):
        created(await api.post("/api/orders", json=ORDER))
    for status in ("processing", "shipped"):
        for order_id in (1, 2):
            ok(await api.put(f"/api/orders/{order_id}", json={"status": status}))
    assert (await api.delete("/api/orders/2")).status_code == 204
    take(database)
    page = ok(await api.get("/api/orders/2/events"))
    assert page["position"] == 8
    assert [event["operation"] for event in page["events"]] == [
        "INSERT",
        "UPDATE",
        "UPDATE",
        "DELETE",
    ]
    assert page["events"][1]["changed"] == {"status": "pending"}
    part = ok(await api.get("/api/orders/2/events", params={"after": 2, "limit": 2}))
    assert part["events"] == page["events"][1:3]


async def test_history_of_what_waits(api: httpx.AsyncClient) -> None:
    """An order whose events have no position yet has an empty history; an unknown one is a 404."""
    created(await api.post("/api/orders", json=ORDER))
    assert ok(await api.get("/api/orders/1/events"))["events"] == []
    problem(await api.get("/api/orders/2/events"), 404)


async def test_writes_have_no_actor(api: httpx.AsyncClient, database: Database) -> None:
    """In open mode a write through the API has no actor."""
    created(await api.post("/api/orders", json=ORDER))
    assert json.loads(take(database))[0]["actor"] is None
