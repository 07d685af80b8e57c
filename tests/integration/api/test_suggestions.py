"""Values to choose from while one is typed."""

import httpx
import pytest

from harness.answers import ok, problem
from harness.servers import Database

pytestmark = pytest.mark.anyio

ORDERS = """
    INSERT INTO orders (customer_name, product_name)
    SELECT unnest(ARRAY['Zoë', 'zoé', 'Zoë', 'Zack', 'Ann 100%', 'Bob']), 'Desk'
"""


async def test_values_of_a_column(api: httpx.AsyncClient, database: Database) -> None:
    """The most frequent values come first; case and accents of what was typed do not matter."""
    with database.connect() as connection:
        connection.execute(ORDERS.encode())

    async def values(**query: str | int) -> list[str]:
        listed: list[str] = ok(await api.get("/api/values/orders/customer_name", params=query))[
            "values"
        ]
        return listed

    assert await values() == ["Zoë", "Ann 100%", "Bob", "Zack", "zoé"]
    assert await values(limit=2) == ["Zoë", "Ann 100%"]
    assert await values(prefix="ZOE") == ["Zoë", "zoé"]
    assert await values(prefix="ann 100%") == ["Ann 100%"]
    assert await values(prefix="%") == []
    for path in ("orders/status", "orders/quantity", "orders/nothing"):
        problem(await api.get(f"/api/values/{path}"), 422)
    problem(await api.get("/api/values/secrets/name"), 404)
    for query in ({"limit": 0}, {"limit": 51}, {"prefix": "x" * 201}, {"prefix": "\0"}, {"q": ""}):
        problem(await api.get("/api/values/orders/customer_name", params=query), 422)
