"""Idempotency-Key: a repeated POST makes no second order."""

import asyncio

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database

pytestmark = pytest.mark.anyio

ORDER: dict[str, object] = {"customer_name": "A", "product_name": "B"}


def count(database: Database, table: str) -> int:
    with database.connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


async def post(
    api: httpx.AsyncClient, key: str, order: dict[str, object] | None = None
) -> httpx.Response:
    return await api.post("/api/orders", json=order or ORDER, headers={"Idempotency-Key": key})


async def test_same_answer_again(api: httpx.AsyncClient, database: Database) -> None:
    """The same key and body get the first answer, to the byte, even when the order has changed."""
    first = await post(api, "k")
    created(first)
    ok(await api.put("/api/orders/1", json={"status": "shipped"}))
    again = await post(api, "k", {"product_name": "B", "customer_name": "A"})
    assert (again.status_code, again.content) == (201, first.content)
    for header in ("location", "etag"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await api.delete("/api/orders/1")).status_code == 204
    assert (await post(api, "k")).content == first.content
    assert count(database, "orders") == 0


async def test_other_body(api: httpx.AsyncClient, database: Database) -> None:
    """The same key with another body is refused and writes nothing."""
    created(await post(api, "k"))
    response = await post(api, "k", ORDER | {"quantity": 2})
    problem(response, 422, "Idempotency-Key")
    assert count(database, "orders") == count(database, "order_outbox") == 1


async def test_other_keys(api: httpx.AsyncClient, database: Database) -> None:
    """Different keys, and no key, create different orders."""
    for key in ("k", "K", "!" * 200):
        created(await post(api, key))
    created(await api.post("/api/orders", json=ORDER))
    assert count(database, "orders") == 4
    assert count(database, "idempotency_keys") == 3


async def test_at_once(api: httpx.AsyncClient, database: Database) -> None:
    """Concurrent requests with one key make one order and one event, and get the same answer."""
    for n in range(5):
        responses = await asyncio.gather(*(post(api, f"k{n}") for _ in range(12)))
        assert {response.status_code for response in responses} == {201}
        assert len({response.content for response in responses}) == 1
    assert count(database, "orders") == count(database, "order_outbox") == 5


async def test_refused_order_leaves_key_free(api: httpx.AsyncClient) -> None:
    """A key whose order was refused can be used for the corrected one."""
    problem(await post(api, "k", ORDER | {"quantity": 0}), 422, "quantity")
    created(await post(api, "k"))


async def test_forgotten_after_a_day(api: httpx.AsyncClient, database: Database) -> None:
    """After 24 hours a key is free again, and each request deletes some old ones."""
    first = created(await post(api, "k"))
    with database.connect() as connection:
        connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        connection.execute(
            "INSERT INTO idempotency_keys"
            " SELECT 'old' || n, '', '{}', now() - interval '2 days', '{1}', '1'"
            " FROM generate_series(1, 150) AS n"
        )
    second = created(await post(api, "k", ORDER | {"quantity": 7}))
    assert second["id"] != first["id"]
    assert count(database, "idempotency_keys") == 51
    created(await post(api, "other"))
    assert count(database, "idempotency_keys") == 2
