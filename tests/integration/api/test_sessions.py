"""The API's sessions in PostgreSQL: half-open ones end, and settings of the role change nothing."""

import asyncio
from dataclasses import replace

import pytest

from harness.answers import created, ok, problem
from harness.odd_settings import ODD_SETTINGS, give
from harness.proxy import Proxy
from harness.roles import API_ROLE
from harness.servers import Database, Postgres
from harness.serving import running
from harness.valkey import Valkey
from orders_api import database as api_database

pytestmark = pytest.mark.anyio

ORDER = {"customer_name": "Ada", "product_name": "Laptop"}


async def test_half_open_connections_are_replaced(
    database: Database, redis_url: Valkey, database_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3: a proxy keeps the API's connections and passes nothing on: all are given up at once.

    Health says down while they are used, and each request is answered within its time.
    """
    monkeypatch.setattr(api_database, "_ANSWER_TIMEOUT_S", 1.5)
    async with running(replace(database, port=database_proxy.port), redis_url.url) as api:
        answers = await asyncio.gather(*[api.get("/api/orders?search=x") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {200}
        database_proxy.abandon()
        async with asyncio.timeout(10):
            health, refused = await asyncio.gather(
                api.get("/api/health"), api.post("/api/orders", json=ORDER)
            )
        assert problem(refused, 503)
        assert (health.status_code, health.json()["status"]) == (503, "down")
        async with asyncio.timeout(5):
            created(await api.post("/api/orders", json=ORDER))
            assert ok(await api.get("/api/health"))["checks"]["database"]["status"] == "ok"


async def test_settings_of_the_role_change_nothing(
    postgres: Postgres, database: Database, redis_url: Valkey
) -> None:
    """I4: sessions set what the API depends on, whatever ALTER ROLE says."""
    with database.connect() as owner:
        owner.execute(
            "ALTER TABLE orders ADD COLUMN due timestamptz, ADD COLUMN file bytea;"
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY few ON orders USING (quantity < 100)"
        )
    give(postgres, database, API_ROLE, ODD_SETTINGS)
    values = {"due": "2026-02-03T04:05:06+00:00", "file": "\\x00ff"}
    async with running(database, redis_url.url) as api:
        order = created(await api.post("/api/orders", json=ORDER | values))
        assert {name: order[name] for name in values} == values
        changes = [
            api.patch(f"/api/orders/{order['id']}", json={"quantity": number})
            for number in range(2, 7)
        ]
        for answer in await asyncio.gather(*changes):
            ok(answer)
        assert ok(await api.get(f"/api/orders/{order['id']}"))["version"] == 6
