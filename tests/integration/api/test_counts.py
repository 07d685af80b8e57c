"""GET /api/orders/counts and /api/pulse: figures that the stream continues exactly."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from harness.waiting import until_async
from orders_api.models import OrderCounts, Pulse

pytestmark = pytest.mark.anyio

STATUSES = ["pending", "processing", "shipped", "delivered", "cancelled"]


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def take(database: Database, limit: int = 10_000) -> None:
    run(database, f"SELECT FROM take_order_events({limit})")


def follow(counts: Counter[str], events: list[dict[str, Any]]) -> None:
    """Continue counts with events, as a client does."""
    for event in events:
        order, changed = event["order"], event["changed"]
        if event["operation"] == "TRUNCATE":
            counts.clear()
        elif event["operation"] == "DELETE":
            counts[changed["status"]] -= 1
        elif event["operation"] == "INSERT":
            counts[order["status"]] += 1
        else:
            counts[(order | changed)["status"]] -= 1
            counts[order["status"]] += 1


async def test_counts(api: httpx.AsyncClient, database: Database) -> None:
    """Each status has its number, also zero; the time is the database's."""
    for status in ("pending", "pending", "shipped"):
        order = {"customer_name": "A", "product_name": "B", "status": status}
        created(await api.post("/api/orders", json=order))
    take(database)
    answer = ok(await api.get("/api/orders/counts"))
    assert answer["counts"] == dict.fromkeys(STATUSES, 0) | {"pending": 2, "shipped": 1}
    parsed = OrderCounts.model_validate(answer)
    assert parsed.position == 3
    assert answer["time"].endswith("+00:00")  # as in rows and events
    assert abs(parsed.time - datetime.now(UTC)) < timedelta(minutes=1)


async def test_counts_of_some(api: httpx.AsyncClient, database: Database) -> None:
    """Filters and search restrict what is counted as they restrict what is listed."""
    run(
        database,
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'C' || n % 3, 'P' || n FROM generate_series(1, 12) AS n",
    )
    take(database)

    async def pending(**query: Any) -> int:
        answer = ok(await api.get("/api/orders/counts", params=query))
        return int(answer["counts"]["pending"])

    assert await pending() == 12
    assert await pending(customer_name="C1") == 4
    assert await pending(customer_name=["C1", "C2"]) == 8
    assert await pending(search="p1") == 4
    assert await pending(search="p1", customer_name="C1") == 2
    assert await pending(search="nowhere") == 0


@pytest.mark.parametrize("seed", range(2))
async def test_counting_on(api: httpx.AsyncClient, database: Database, seed: int) -> None:
    """I7: counts at any moment, continued with the later events, give the final counts."""
    chance = random.Random(seed)
    fill = "INSERT INTO orders (customer_name, product_name, status) SELECT 'A', 'B', '{}'"
    moments: list[dict[str, Any]] = []
    for _ in range(25):
        status, other = chance.choice(STATUSES), chance.choice(STATUSES)
        run(
            database,
            chance.choices(
                [
                    f"{fill.format(status)} FROM generate_series(1, {chance.randint(1, 5)})",
                    f"UPDATE orders SET status = '{other}' WHERE status = '{status}'",
                    f"DELETE FROM orders WHERE id % 4 = {chance.randint(0, 3)}",
                    "TRUNCATE orders",
                ],
                [6, 6, 2, 1],
            )[0],
        )
        if chance.random() < 0.5:
            take(database, chance.randint(1, 8))
        moments.append(ok(await api.get("/api/orders/counts")))
    take(database)
    with database.connect() as connection:
        rows = connection.execute("SELECT status, count(*) FROM orders GROUP BY 1").fetchall()
    for moment in moments:
        counts = Counter(moment["counts"])
        log = ok(await api.get("/api/events", params={"after": moment["position"]}))
        follow(counts, log["events"])
        expected = Counter({str(status): int(number) for status, number in rows})
        assert counts == expected, moment["position"]


async def test_pulse(api: httpx.AsyncClient, database: Database) -> None:
    """The pulse counts changes by minute and second and new orders, exact at its position."""
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, created_at)"
        " SELECT 'A', 'B', now() - n * interval '1 hour' FROM generate_series(0, 30) AS n",
        "INSERT INTO order_events (position, operation, changed_at) SELECT n, 'TRUNCATE',"
        " now() - (120 - n) * interval '1 min' FROM generate_series(1, 100) AS n",
    )
    take(database)
    run(database, "UPDATE orders SET quantity = 2")  # waits: it has no position
    answer = ok(await api.get("/api/pulse"))
    pulse = Pulse.model_validate(answer)
    assert pulse.position == 131
    assert all(text.endswith("+00:00") for text in answer.values() if "T" in str(text))
    assert len(pulse.changes) == 60
    assert sum(pulse.changes[-2:]) == 31  # the minute may have turned
    assert sum(pulse.changes[:39]) in {39, 40}
    assert set(pulse.changes[1:38]) == {1}
    assert len(pulse.recent) == 60
    assert sum(pulse.recent) == 31
    assert pulse.time - pulse.recent_since < timedelta(seconds=61)
    assert len(pulse.orders) == 25 * 60
    assert sum(pulse.orders[-24 * 60 - 1 :]) == 25
    assert pulse.time - pulse.orders_since < timedelta(hours=25)


async def test_pulse_of_nothing(api: httpx.AsyncClient, database: Database) -> None:
    """Without any event the pulse consists of zeros."""
    pulse = ok(await api.get("/api/pulse"))
    assert set(pulse["changes"]) == set(pulse["recent"]) == set(pulse["orders"]) == {0}
    assert pulse["position"] == 0
    run(database, "INSERT INTO orders (customer_name, product_name) VALUES ('A', 'B')")
    assert set(ok(await api.get("/api/pulse"))["orders"]) == {0}  # its event is still to come


async def test_unknown_parameters_are_refused(api: httpx.AsyncClient) -> None:
    """A status cannot be counted alone, and the pulse takes no query."""
    problem(await api.get("/api/orders/counts?status=pending"), 422, "status")
    problem(await api.get("/api/pulse?hours=3"), 422, "hours")


async def test_counts_of_any_table(api: httpx.AsyncClient, database: Database) -> None:
    """A table without a status has one count, which its filters and search restrict."""
    run(
        database,
        "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL)",
        "SELECT watch_table('notes')",
        "INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 12) AS n",
    )
    take(database)

    async def counts(query: str) -> Any:
        return ok(await api.get(f"/api/counts/notes{query}"))["counts"]

    async def known() -> bool:
        return (await api.get("/api/counts/notes")).status_code == 200

    await until_async(known, 5)
    assert await counts("") == {"": 12}
    assert await counts("?search=note+1") == {"": 4}
    assert await counts("?id.gte=3&text.not=note 5") == {"": 9}
    problem(await api.get("/api/counts/notes?limit=3"), 422, "limit")
    problem(await api.get("/api/counts/nothing"), 404)
