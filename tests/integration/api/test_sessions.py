"""The API's sessions in PostgreSQL: half-open ones end, and settings of the role change nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from psycopg import sql

from harness.answers import created, ok, problem
from harness.proxy import Proxy
from harness.servers import API_ROLE, Database, Postgres, Valkey
from integration.api.conftest import running
from orders_api import database as api_database

pytestmark = pytest.mark.anyio

ORDER = {"customer_name": "Ada", "product_name": "Laptop"}


@pytest.fixture
async def proxy(database: Database) -> AsyncIterator[Proxy]:
    """Put a proxy before the database."""
    between = Proxy(database.port)
    await between.open()
    yield between
    await between.close()


async def test_half_open_connections_are_replaced(
    database: Database, redis_url: Valkey, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3: a proxy keeps the API's connections and passes nothing on: all are given up at once.

    Health says down while they are used, and each request is answered within its time.
    """
    monkeypatch.setattr(api_database, "_ANSWER_TIMEOUT_S", 1.5)
    async with running(replace(database, port=proxy.port), redis_url.url) as api:
        answers = await asyncio.gather(*[api.get("/api/orders?search=x") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {200}
        proxy.abandon()
        async with asyncio.timeout(3):
            health, refused = await asyncio.gather(
                api.get("/api/health"), api.post("/api/orders", json=ORDER)
            )
        assert problem(refused, 503)
        assert (health.status_code, health.json()["status"]) == (503, "down")
        async with asyncio.timeout(1):
            created(await api.post("/api/orders", json=ORDER))
            assert ok(await api.get("/api/health"))["checks"]["database"]["status"] == "ok"


ODD_SETTINGS = {
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1",
    "lock_timeout": "1",
    "idle_session_timeout": "1",
    "idle_in_transaction_session_timeout": "1",
    "search_path": "pg_catalog",
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-5",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "client_encoding": "LATIN1",
    "row_security": "off",
}
"""Each would break a promise of the API if its sessions took it over from their role."""


async def test_settings_of_the_role_change_nothing(
    postgres: Postgres, database: Database, redis_url: Valkey
) -> None:
    """I4: sessions set what the API depends on, whatever ALTER ROLE and ALTER DATABASE say."""
    with database.connect() as owner:
        owner.execute(
            "ALTER TABLE orders ADD COLUMN due timestamptz, ADD COLUMN file bytea;"
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY few ON orders USING (quantity < 100)"
        )
    with postgres.administrator() as administrator:
        for name, value in ODD_SETTINGS.items():
            administrator.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    *map(sql.Identifier, (API_ROLE, database.name, name)), sql.Literal(value)
                )
            )
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
