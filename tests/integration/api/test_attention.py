"""``?attention=``: rows that have had their status for too long, by the database's clock."""

import httpx
import pytest

from harness.answers import ok, problem
from harness.servers import Database
from harness.serving import running
from harness.valkey import Valkey

pytestmark = pytest.mark.anyio

THRESHOLDS = (
    "INSERT INTO order_thresholds VALUES ('orders', 'status', 'pending', '1 hour', '4 hours'),"
    " ('orders', 'status', 'processing', '1 day', '2 days'),"
    " ('orders', 'status', 'gone', '1 s', '2 s')"
)
HOURS = "now() - interval '1 hour' *"


def order(status: str, hours: float, date: str = "status_changed_at") -> str:
    """Return a statement that inserts an order that has had a status for some hours."""
    return (
        f"INSERT INTO orders (customer_name, product_name, status, {date})"
        f" VALUES ('A', 'B', '{status}', {HOURS} {hours})"
    )


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("SELECT take_order_events(1000)")


async def listed(api: httpx.AsyncClient, **query: str) -> list[int]:
    """Return the ids of all pages of a list, in order."""
    ids: list[int] = []
    following: str | None = ""
    while following is not None:
        given = {**query, "limit": "2"} | ({"cursor": following} if following else {})
        page = ok(await api.get("/api/orders", params=given))
        ids += [each["id"] for each in page["orders"]]
        following = page["next_cursor"]
    return ids


async def test_what_waits_too_long_is_listed(database: Database, redis_url: Valkey) -> None:
    """By thresholds of each status, longest first; updated_at stands in for an unknown date."""
    run(
        database,
        order("pending", 30, "updated_at"),  # 1: from before its status was dated
        order("processing", 5, "updated_at"),
        THRESHOLDS,
        order("pending", 2),  # 3
        order("pending", 0.5),
        order("processing", 25),  # 5
        order("processing", 49),
        order("shipped", 500),
        order("pending", 5),
    )
    async with running(database, redis_url.url) as api:
        by_age = {"sort": "status_changed_at"}
        assert await listed(api, attention="warn", **by_age) == [6, 1, 5, 8, 3]
        assert await listed(api, attention="warn", sort="-status_changed_at") == [3, 8, 5, 1, 6]
        assert await listed(api, attention="late", **by_age) == [6, 1, 8]
        assert await listed(api, attention="warn", status="processing") == [6, 5]
        counts = ok(await api.get("/api/orders/counts?attention=warn"))["counts"]
        assert (counts["pending"], counts["processing"], counts["shipped"]) == (3, 2, 0)
        problem(await api.get("/api/orders?attention=soon"), 422)
        ok(await api.patch("/api/orders/1", json={"status": "shipped"}))
        assert await listed(api, attention="late", **by_age) == [6, 8]


async def test_without_a_date_or_thresholds(database: Database, redis_url: Valkey) -> None:
    """I10: without thresholds nothing needs attention; without a date updated_at counts."""
    run(
        database,
        order("pending", 2, "updated_at"),
        "ALTER TABLE order_thresholds DISABLE TRIGGER order_thresholds_follow",
    )
    async with running(database, redis_url.url) as api:
        assert await listed(api, attention="warn") == []
    run(database, THRESHOLDS)
    async with running(database, redis_url.url) as api:
        assert await listed(api, attention="warn", sort="updated_at") == [1]
        assert await listed(api, attention="late") == []
