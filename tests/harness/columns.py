"""The columns of orders, as tests of the API change, write and read them."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from harness.answers import created, ok
from harness.servers import Database
from harness.waiting import until_async

WITHIN_S = 5.0
NAMES = {"customer_name": "A", "product_name": "B"}
JSON = {"Content-Type": "application/json"}


def run(database: Database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode())


async def soon(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds. On an idle machine that takes at most 5 s."""
    await until_async(condition, WITHIN_S)


async def columns(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Return the columns of orders by name."""
    schema = ok(await api.get("/api/schema"))
    (orders,) = [table for table in schema["tables"] if table["name"] == "orders"]
    return {column["name"]: column for column in orders["columns"]}


async def known(api: httpx.AsyncClient, *names: str) -> None:
    """Wait until the API knows columns."""

    async def all_there() -> bool:
        return set(names) <= (await columns(api)).keys()

    await soon(all_there)


async def post(api: httpx.AsyncClient, values: str | dict[str, Any] = "{}") -> dict[str, Any]:
    """Create an order with some columns besides the names."""
    given = values if isinstance(values, str) else json.dumps(values)
    parts = [json.dumps(NAMES)[1:-1], given.strip()[1:-1].strip()]
    text = "{" + ", ".join(part for part in parts if part) + "}"
    return created(await api.post("/api/orders", content=text, headers=JSON))


async def ids(api: httpx.AsyncClient, **query: Any) -> list[int]:
    found = []
    while True:
        page = ok(await api.get("/api/orders", params=query))
        found += [order["id"] for order in page["orders"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
