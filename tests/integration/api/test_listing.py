"""GET /api/orders: pages, filters, and a position that fits the rows."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from orders_api.models import OrderList

pytestmark = pytest.mark.anyio

FILL = """
    INSERT INTO orders (customer_name, product_name, status)
    SELECT 'C' || n %% 3, 'P' || n, (ARRAY['pending', 'shipped', 'cancelled'])[n %% 3 + 1]
      FROM generate_series(1, %s) AS n
"""


async def pages(api: httpx.AsyncClient, **query: Any) -> AsyncIterator[dict[str, Any]]:
    """Follow the cursor to the last page."""
    while True:
        page = ok(await api.get("/api/orders", params=query))
        OrderList.model_validate(page)
        yield page
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


async def ids(api: httpx.AsyncClient, **query: Any) -> list[int]:
    return [order["id"] async for page in pages(api, **query) for order in page["orders"]]


def run(database: Database, statement: str, *values: object) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode(), values)


async def test_nothing_there(api: httpx.AsyncClient, database: Database) -> None:
    """Without orders there is a stream, a position, and an empty page."""
    with database.connect() as connection:
        row = connection.execute("SELECT id::text FROM order_stream").fetchone()
    assert row is not None
    page = ok(await api.get("/api/orders"))
    assert page == {"stream": row[0], "position": 0, "orders": [], "next_cursor": None}


async def test_pages(api: httpx.AsyncClient, database: Database) -> None:
    """Pages list the newest first, every order once, and the last page is not empty."""
    run(database, FILL, 25)
    for limit in (1, 7, 24, 25, 26, 1000):
        found = [page async for page in pages(api, limit=limit)]
        assert [o["id"] for page in found for o in page["orders"]] == list(range(25, 0, -1))
        assert len(found) == -(-25 // limit)


async def test_offset(api: httpx.AsyncClient, database: Database) -> None:
    """A page after some rows is a part of the list; its cursor leads on; a cursor has no offset."""
    run(database, FILL, 25)
    whole = {sort: await ids(api, sort=sort) for sort in ("-id", "product_name", "status,-id")}
    for sort, listed in whole.items():
        for offset in (0, 1, 7, 24, 25, 1000):
            assert await ids(api, sort=sort, offset=offset, limit=40) == listed[offset:]
        first = ok(await api.get("/api/orders", params={"sort": sort, "offset": 5, "limit": 3}))
        cursor = first["next_cursor"]
        assert [order["id"] for order in first["orders"]] == listed[5:8]
        assert await ids(api, sort=sort, cursor=cursor, limit=4) == listed[8:]
        problem(
            await api.get("/api/orders", params={"sort": sort, "cursor": cursor, "offset": 1}),
            422,
            "offset",
        )
    assert await ids(api, status="shipped", offset=6) == [7, 4, 1]


async def test_ids_below_one(api: httpx.AsyncClient, database: Database) -> None:
    """Ids that SQL made zero or negative are paged like the rest."""
    run(
        database,
        "INSERT INTO orders (id, customer_name, product_name)"
        " SELECT n, 'A', 'B' FROM generate_series(-3, 3) AS n",
    )
    assert await ids(api, limit=1) == [3, 2, 1, 0, -1, -2, -3]


async def test_default_limit(api: httpx.AsyncClient, database: Database) -> None:
    """A page has 100 orders unless asked for otherwise."""
    run(database, FILL, 120)
    assert len(ok(await api.get("/api/orders"))["orders"]) == 100


async def test_pages_while_orders_come_in(api: httpx.AsyncClient, database: Database) -> None:
    """While orders come and go, no page skips or repeats an order that stays."""
    run(database, FILL, 50)
    seen = []
    async for page in pages(api, limit=5):
        seen += [order["id"] for order in page["orders"]]
        created(await api.post("/api/orders", json={"customer_name": "N", "product_name": "N"}))
        assert (await api.delete(f"/api/orders/{seen[0] - len(seen) + 1}")).status_code == 204
    assert seen == list(range(50, 0, -1))


async def test_filters(api: httpx.AsyncClient, database: Database) -> None:
    """Every column given must match; of its values, any may."""
    run(database, FILL, 9)
    assert await ids(api, status="shipped") == [7, 4, 1]
    assert await ids(api, status=["shipped", "cancelled"]) == [8, 7, 5, 4, 2, 1]
    assert await ids(api, customer_name="C0") == [9, 6, 3]
    assert await ids(api, customer_name=["C0", "C1"], status=["pending"]) == [9, 6, 3]
    assert await ids(api, customer_name="C0", status="shipped") == []
    assert await ids(api, customer_name="c0") == []
    assert await ids(api, status=["shipped", "cancelled"], limit=2) == [8, 7, 5, 4, 2, 1]


async def test_search(api: httpx.AsyncClient) -> None:
    """A search finds parts of texts in any case; no character has a special meaning."""
    for customer, product in (
        ("Zoë ÅNGSTRÖM", "Laptop"),
        ("100% cotton", "a_b"),
        ("1000 cotton", "axb"),
        ("back\\slash", 'it\'s "quoted"'),
        ("'; DROP TABLE orders; --", "42"),
    ):
        order = {"customer_name": customer, "product_name": product}
        created(await api.post("/api/orders", json=order))
    assert await ids(api, search="ångström") == [1]
    assert await ids(api, search="LAP") == [1]
    assert await ids(api, search="0%") == [2]
    assert await ids(api, search="a_b") == [2]
    assert await ids(api, search="\\s") == [4]
    assert await ids(api, search="it's \"q") == [4]
    assert await ids(api, search="'; drop table") == [5]
    assert await ids(api, search="cotton", limit=1) == [3, 2]
    assert await ids(api, search="nowhere") == []
    assert await ids(api, search="") == [5, 4, 3, 2, 1]


async def test_search_by_id(api: httpx.AsyncClient, database: Database) -> None:
    """A number also finds the order that has it as its id, and one too large finds nothing."""
    run(
        database,
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'A', CASE n WHEN 5 THEN '12 eggs' ELSE 'B' END FROM generate_series(1, 12) AS n",
    )
    assert await ids(api, search="12") == [12, 5]
    assert await ids(api, search="2") == [5, 2]
    assert await ids(api, search="3") == [3]
    assert await ids(api, search="9" * 30) == []
    assert await ids(api, search="٣") == []  # a digit, though not one of ours


async def test_large_rows_end_a_page(api: httpx.AsyncClient, database: Database) -> None:
    """A page of enormous rows ends early, and the cursor leads to the rest."""
    run(database, "ALTER TABLE orders ADD COLUMN note text")
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, note)"
        " SELECT 'C', 'P' || n, repeat('x', 5 * 256 * 1024) FROM generate_series(1, 9) AS n",
    )
    counts = [len(page["orders"]) async for page in pages(api)]
    assert counts == [4, 4, 1]


async def test_one_enormous_row_fits(api: httpx.AsyncClient, database: Database) -> None:
    """A row near the greatest allowed size is served."""
    run(database, "ALTER TABLE orders ADD COLUMN note text, ADD COLUMN more jsonb")
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, note, more)"
        " SELECT 'C', 'P', repeat('\"', 4 * 1024 * 1024), to_jsonb(repeat('y', 7 * 1024 * 1024))"
        " FROM generate_series(1, 2)",
    )
    found = [[order["id"] for order in page["orders"]] async for page in pages(api)]
    assert found == [[2], [1]]


async def test_snapshot(api: httpx.AsyncClient, database: Database) -> None:
    """Position and rows come from one snapshot: rows and the events after it give the rest.

    Writers and a taker run meanwhile. An event at or below the position that the rows do not
    show would be lost to a client that follows the stream from there.
    """
    stop = threading.Event()
    threads = [
        threading.Thread(target=_write, args=(database, stop, seed)) for seed in range(2)
    ] + [threading.Thread(target=_take, args=(database, stop))]
    for thread in threads:
        thread.start()
    try:
        snapshots: list[dict[str, Any]] = []
        while len(snapshots) < 60:
            snapshots.append(ok(await api.get("/api/orders", params={"limit": 1000})))
            await asyncio.sleep(0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    _drain(database)
    events = ok(await api.get("/api/events", params={"limit": 10_000}))["events"]
    final = {order["id"]: order for order in ok(await api.get("/api/orders?limit=1000"))["orders"]}
    assert len({snapshot["position"] for snapshot in snapshots}) > 5
    for snapshot in snapshots:
        assert _follow(snapshot, events) == final


def _follow(snapshot: dict[str, Any], events: list[dict[str, Any]]) -> dict[int, Any]:
    """Apply events after the snapshot to its rows, as a client does."""
    orders = {order["id"]: order for order in snapshot["orders"]}
    for event in events[snapshot["position"] :]:
        known = orders.get(event["order_id"])
        if event["operation"] == "DELETE":
            orders.pop(event["order_id"], None)
        elif known is None or event["order"]["version"] > known["version"]:
            orders[event["order_id"]] = event["order"]
    return orders


def _write(database: Database, stop: threading.Event, seed: int) -> None:
    rng = random.Random(seed)
    with database.connect() as connection:
        for _ in range(400):
            if stop.is_set():
                return
            connection.execute("INSERT INTO orders (customer_name, product_name) VALUES ('A', 'B')")
            connection.execute(
                "UPDATE orders SET quantity = quantity + 1 WHERE id = %s", [rng.randint(1, 300)]
            )
            connection.execute("DELETE FROM orders WHERE id = %s", [rng.randint(1, 300)])


def _take(database: Database, stop: threading.Event) -> None:
    while not stop.is_set():
        _drain(database)


def _drain(database: Database) -> None:
    with database.connect() as connection:
        while _take_some(connection):
            pass


def _take_some(connection: psycopg.Connection[Any]) -> bool:
    return connection.execute("SELECT first FROM take_order_events(10)").fetchone() is not None
