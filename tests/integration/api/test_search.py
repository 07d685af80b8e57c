"""Search over every text column: words in any order, whatever their case and accents."""

import json
from typing import Any

import httpx
import pytest

from harness.answers import created, ok
from harness.servers import Database
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

ORDERS: list[dict[str, Any]] = [
    {"customer_name": "Zoë Ångström", "product_name": "Laptop 15", "note": "Über Nacht"},
    {"customer_name": "İzmir Trading", "product_name": "ΟΔΟΣ map", "note": "ring twice"},
    {"customer_name": "Jose\u0301", "product_name": "Café crème", "note": None},
    {"customer_name": "plain", "product_name": "a_b 100%", "note": "back\\slash"},
]
SEARCHES: list[tuple[str, list[int]]] = [
    ("angstrom", [1]),
    ("ZOË laptop", [1]),
    ("laptop zoe", [1]),
    ("lap uber ström", [1]),
    ("lap zoe twice", []),
    ("izmir", [2]),
    ("İZMİR", [2]),
    ("οδος", [2]),
    ("οδοσ", [2]),
    ("José", [3]),
    ("josé cafe", [3]),
    ("creme", [3]),
    ("a_b", [4]),
    ("axb", []),
    ("0%", [4]),
    ("k\\s", [4]),
    ("shipped", []),
    ("pending plain", [4]),
    ("#1", [1]),
    ("#15", []),
    ("15", [1]),
    ("1", [4, 1]),
    ("#1 laptop", [1]),
    ("#1 plain", []),
    ("#", []),
    (" \t ", [4, 3, 2, 1]),
    ("", [4, 3, 2, 1]),
    ("9" * 30, []),
    ("#99999999999999999999", []),
]


async def searched(api: httpx.AsyncClient, database: Database) -> None:
    """Fill the table, with a text column of the owner's, and try all searches."""
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note text")

    async def known() -> bool:
        return '"note"' in (await api.get("/api/schema")).text

    await until_async(known, 5)
    for order in ORDERS:
        created(await api.post("/api/orders", json=order))
    with database.connect() as connection:
        connection.execute("SELECT first FROM take_order_events()")
    for text, found in SEARCHES:
        query = {"search": text}
        listed = ok(await api.get("/api/orders", params=query))["orders"]
        assert [order["id"] for order in listed] == found, text
        counts = ok(await api.get("/api/orders/counts", params=query))["counts"]
        assert sum(counts.values()) == len(found), text


async def test_search(api: httpx.AsyncClient, database: Database) -> None:
    """Every word must be part of some text of the order; `#17` is order 17 and nothing else."""
    await searched(api, database)


@pytest.mark.parametrize("kind", ['text COLLATE "C"', "citext", "character varying(200)"])
async def test_search_whatever_the_type(
    api: httpx.AsyncClient, database: Database, kind: str
) -> None:
    """A column's collation, or a type that ignores case, changes nothing for search."""
    with database.connect() as connection:
        connection.execute(
            "CREATE EXTENSION citext; ALTER TABLE orders"
            " DROP CONSTRAINT orders_customer_name_text,"
            f" ALTER COLUMN customer_name TYPE {kind}".encode()
        )
    await searched(api, database)


async def test_filters_are_exact(api: httpx.AsyncClient, database: Database) -> None:
    """A filter on a text is exact, also where the column's type ignores case."""
    with database.connect() as connection:
        connection.execute("CREATE EXTENSION citext; ALTER TABLE orders ADD COLUMN store citext")

    async def known() -> bool:
        return '"store"' in (await api.get("/api/schema")).text

    await until_async(known, 5)
    for store in ("Berlin", "BERLIN"):
        order = {"customer_name": "A", "product_name": "B", "store": store}
        created(await api.post("/api/orders", json=order))
    for query, found in (
        ("store=Berlin", [1]),
        ("store=BERLIN&store=x", [2]),
        ("store=berlin", []),
        ("store.not=BERLIN", [1]),
        ("store.gt=BERLIN", [1]),
    ):
        listed = ok(await api.get(f"/api/orders?{query}"))["orders"]
        assert [order["id"] for order in listed] == found


async def test_search_with_an_index(api: httpx.AsyncClient, database: Database) -> None:
    """Where pg_trgm is installed the same searches find the same, by the advised indexes."""
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note text")
        connection.execute("CREATE EXTENSION pg_trgm")
        for column in ("customer_name", "product_name", "note", "status"):
            connection.execute(
                "CREATE INDEX ON orders USING gin"
                f" (order_search_text({column}) gin_trgm_ops)".encode()
            )
        connection.execute("ALTER TABLE orders DROP COLUMN note")
    await searched(api, database)
    with database.connect() as connection:
        connection.execute(
            "CREATE INDEX ON orders USING gin (order_search_text(note) gin_trgm_ops)"
        )
        connection.execute("SET enable_seqscan = off; SET enable_indexscan = off")
        plan = connection.execute(
            "EXPLAIN (FORMAT json) SELECT FROM orders WHERE order_search_text(customer_name::text)"
            " LIKE order_search_text('%angs%') OR order_search_text(note::text)"
            " LIKE order_search_text('%angs%')"
        ).fetchone()
    assert "BitmapOr" in json.dumps(plan)
