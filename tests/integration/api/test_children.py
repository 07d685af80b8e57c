"""Children of orders: created with their order, included with it, and part of its history."""

import json
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

TABLES = """
    CREATE TABLE order_lines (
        id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
        sku text NOT NULL, quantity integer NOT NULL DEFAULT 1 CONSTRAINT lines_positive
            CHECK (quantity > 0), price numeric(38, 10), number integer, note text,
        UNIQUE (order_id, sku));
    CREATE SCHEMA sales;
    CREATE TABLE sales.shipments (
        carrier text, "order" integer REFERENCES orders ON DELETE CASCADE, "%" date,
        PRIMARY KEY (carrier, "order"));
    GRANT USAGE ON SCHEMA sales TO orders_api;
    SELECT watch_table('order_lines'), watch_table('sales.shipments');
    SELECT grant_orders('orders_api', 'sales.shipments');
    CREATE FUNCTION count_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE orders SET quantity = (SELECT sum(quantity) FROM order_lines
                                       WHERE order_id = new.order_id) WHERE id = new.order_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER count_lines AFTER INSERT ON order_lines
        FOR EACH ROW EXECUTE FUNCTION count_lines();
"""
ORDER: dict[str, Any] = {"customer_name": "Ann", "product_name": "Lamp"}


@pytest.fixture
async def shop(api: httpx.AsyncClient, database: Database) -> httpx.AsyncClient:
    """Give a client of the API after two child tables were created and watched."""
    with database.connect() as connection:
        connection.execute(TABLES.encode())

    async def known() -> bool:
        return "sales.shipments" in (await api.get("/api/schema")).text

    await until_async(known, 5)
    return api


def rows_of(database: Database, table: str) -> int:
    with database.connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


async def test_created_together(shop: httpx.AsyncClient, database: Database) -> None:
    """I1: an order and its children are created in one transaction; the answer has all of them."""
    body = """{"customer_name": "Ann", "product_name": "Lamp",
               "order_lines": [{"sku": "a", "price": 12345678901234567890.0123456789},
                               {"sku": "b", "quantity": 3, "number": 7}, {"sku": "c"}],
               "sales.shipments": [{"carrier": "DHL", "%": "2026-05-31"}]}"""
    response = await shop.post(
        "/api/orders", content=body, headers={"Content-Type": "application/json"}
    )
    order = created(response)
    assert '"price":12345678901234567890.0123456789' in response.text
    assert [line["sku"] for line in order["order_lines"]] == ["a", "b", "c"]
    assert [line["quantity"] for line in order["order_lines"]] == [1, 3, 1]
    assert order["sales.shipments"] == [{"carrier": "DHL", "order": order["id"], "%": "2026-05-31"}]
    assert order["quantity"] == 5, "the order is shown as the owner's trigger has left it"
    path = response.headers["location"]
    again = await shop.get(path, params={"include": "order_lines,sales.shipments"})
    assert (again.content, again.headers["etag"]) == (response.content, response.headers["etag"])
    with database.connect() as connection:
        transactions = connection.execute("SELECT count(DISTINCT xmin::text) FROM order_outbox")
        assert transactions.fetchone() == (1,)


REFUSED: list[tuple[object, int, str]] = [
    ([{"sku": "a"}, {"sku": "b"}, {"sku": "c", "quantity": "x"}], 422, "[2].quantity"),
    ([{"sku": "a"}, {"sku": "b", "quantity": 0}], 422, "[1].quantity"),
    ([{"sku": "a"}, {"quantity": 1}], 422, "[1].sku"),
    ([{"sku": "a"}, {"sku": "a"}], 409, "[1].sku"),
    ([{"sku": "a"}, {"sku": "b", "price": "1e30"}], 422, "[1].price"),
    ([{"sku": "a", "order_id": 1}], 422, "[0].order_id"),
    ([{"sku": "a", "colour": "red"}], 422, "[0].colour"),
    ([7], 422, "[0]"),
    ({"sku": "a"}, 422, ""),
    ([{"sku": str(n)} for n in range(201)], 422, ""),
]


async def test_all_or_nothing(shop: httpx.AsyncClient, database: Database) -> None:
    """A child that is refused is named by its place, and nothing is written."""
    for lines, status, field in REFUSED:
        response = await shop.post("/api/orders", json={**ORDER, "order_lines": lines})
        problem(response, status, f"order_lines{field}")
        assert rows_of(database, "orders") == rows_of(database, "order_outbox") == 0


async def test_names_that_cannot_be_nested(shop: httpx.AsyncClient) -> None:
    """Children come with a new order only, and only those of watched tables."""
    problem(await shop.post("/api/orders", json={**ORDER, "order_events": []}), 422, "order_events")
    order = created(await shop.post("/api/orders", json={**ORDER, "order_lines": []}))
    assert order["id"] == 1
    for changes in ({"order_lines": [{"sku": "a"}]}, {"quantity": 2, "order_lines": []}):
        problem(await shop.patch("/api/orders/1", json=changes), 422, "order_lines")
    line = {"order_id": 1, "sku": "a", "orders": []}
    problem(await shop.post("/api/tables/order_lines", json=line), 422, "orders")


async def test_repeated_with_a_key(shop: httpx.AsyncClient, database: Database) -> None:
    """A repeated Idempotency-Key answers with order and children, and writes neither again."""
    body = {**ORDER, "order_lines": [{"sku": "a"}, {"sku": "b"}]}
    key = {"Idempotency-Key": "k"}
    first = await shop.post("/api/orders", json=body, headers=key)
    created(first)
    again = await shop.post("/api/orders", json=body, headers=key)
    assert again.content == first.content
    assert (rows_of(database, "orders"), rows_of(database, "order_lines")) == (1, 2)
    other = {**ORDER, "order_lines": [{"sku": "a"}, {"sku": "c"}]}
    problem(await shop.post("/api/orders", json=other, headers=key), 422, "Idempotency-Key")


async def test_by_the_name_of_the_table(shop: httpx.AsyncClient) -> None:
    """``/api/tables/orders`` creates children and includes them as ``/api/orders`` does."""
    body = {**ORDER, "order_lines": [{"sku": "a"}]}
    response = await shop.post("/api/tables/orders", json=body)
    order = created(response)
    assert response.headers["location"] == f"/api/tables/orders/{order['id']}"
    query = {"include": "order_lines"}
    assert ok(await shop.get(response.headers["location"], params=query)) == order
    assert ok(await shop.get("/api/tables/orders", params=query))["rows"] == [order]


async def test_include(shop: httpx.AsyncClient) -> None:
    """``include`` adds the children of one order or of each order of a list, and nothing else."""
    for skus in ("ab", "", "c"):
        lines = [{"sku": sku} for sku in skus]
        created(await shop.post("/api/orders", json={**ORDER, "order_lines": lines}))
    listed = ok(await shop.get("/api/orders", params={"include": "order_lines", "sort": "id"}))
    found = [[line["sku"] for line in order["order_lines"]] for order in listed["orders"]]
    assert found == [["a", "b"], [], ["c"]]
    both = {"include": ["sales.shipments", "order_lines"]}
    one = ok(await shop.get("/api/orders/1", params=both))
    assert one.pop("sales.shipments") == []
    assert one == listed["orders"][0]
    assert "order_lines" not in ok(await shop.get("/api/orders/1"))
    for query in ("include=order_events", "include=orders", "include=", "includes=order_lines"):
        problem(await shop.get(f"/api/orders/1?{query}"), 422)
        problem(await shop.get(f"/api/orders?{query}"), 422)
    problem(await shop.get("/api/tables/order_lines?include=orders"), 422, "include")
    problem(await shop.get("/api/orders/counts?include=order_lines"), 422, "include")
    problem(await shop.get("/api/orders?include=order_lines&limit=101"), 422, "limit")


async def test_etag_covers_what_is_included(shop: httpx.AsyncClient) -> None:
    """A change of a child changes the ETag of its order with children, not that without."""
    created(await shop.post("/api/orders", json={**ORDER, "order_lines": [{"sku": "a"}]}))
    path, query = "/api/orders/1", {"include": "order_lines"}
    alone = (await shop.get(path)).headers["etag"]
    whole = (await shop.get(path, params=query)).headers["etag"]
    ok(await shop.patch("/api/tables/order_lines/1", json={"note": "new"}))
    unchanged = await shop.get(path, headers={"If-None-Match": alone})
    assert unchanged.status_code == 304
    changed = await shop.get(path, params=query, headers={"If-None-Match": whole})
    assert ok(changed)["order_lines"][0]["note"] == "new"
    tag = {"If-None-Match": changed.headers["etag"]}
    assert (await shop.get(path, params=query, headers=tag)).status_code == 304


async def test_bounds_of_include(shop: httpx.AsyncClient, database: Database) -> None:
    """A list of children ends after 1,000 rows or some megabytes, and says that there are more."""
    for _ in range(3):
        created(await shop.post("/api/orders", json=ORDER))
    with database.connect() as connection:
        connection.execute("ALTER TABLE order_lines DISABLE TRIGGER count_lines")
        connection.execute(
            "INSERT INTO order_lines (order_id, sku) SELECT 1, n FROM generate_series(1, 1001) AS n"
        )
        connection.execute(
            "INSERT INTO order_lines (order_id, sku, note)"
            " SELECT 2, n, repeat('x', 1500000) FROM generate_series(1, 4) AS n"
        )
        connection.execute(
            "INSERT INTO order_lines (order_id, sku) SELECT 3, n FROM generate_series(1, 100) AS n"
        )
    query = {"include": "order_lines"}
    one = ok(await shop.get("/api/orders/1", params=query))
    assert (len(one["order_lines"]), one["order_lines.more"]) == (1000, True)
    large = ok(await shop.get("/api/orders/2", params=query))
    assert (len(large["order_lines"]), large["order_lines.more"]) == (2, True)
    assert "order_lines.more" not in ok(await shop.get("/api/orders/3", params=query))
    orders = ok(await shop.get("/api/orders", params=query))["orders"]
    found = {
        each["id"]: (len(each["order_lines"]), each.get("order_lines.more")) for each in orders
    }
    assert found == {1: (100, True), 2: (0, True), 3: (100, None)}


async def test_history_has_children(shop: httpx.AsyncClient, database: Database) -> None:
    """I2: the history of an order has its children's events, oldest first, in pages."""
    body = {**ORDER, "order_lines": [{"sku": "a"}, {"sku": "b"}]}
    created(await shop.post("/api/orders", json=body))
    created(await shop.post("/api/orders", json=body))
    ok(await shop.patch("/api/tables/order_lines/1", json={"sku": "z"}))
    assert (await shop.delete("/api/orders/1")).status_code == 204
    with database.connect() as connection:
        connection.execute("SELECT take_order_events(1000)")
    events = ok(await shop.get("/api/orders/1/events"))["events"]
    positions = [event["position"] for event in events]
    assert positions == sorted(positions)
    assert {event["order_id"] for event in events} == {1}
    seen = [(event["table"], event["operation"]) for event in events]
    assert seen[0] == ("orders", "INSERT")
    assert seen.count(("order_lines", "INSERT")) == seen.count(("order_lines", "DELETE")) == 2
    assert seen.count(("order_lines", "UPDATE")) == 1
    paged: list[int] = []
    while len(paged) < len(positions):
        query = {"after": paged[-1] if paged else 0, "limit": 2}
        page = ok(await shop.get("/api/orders/1/events", params=query))
        paged += [event["position"] for event in page["events"]]
    assert paged == positions


async def test_names_that_clash(shop: httpx.AsyncClient, database: Database) -> None:
    """A column hides the child table of its name; the words of a statement are free for columns."""
    with database.connect() as connection:
        connection.execute(
            "ALTER TABLE orders ADD COLUMN order_lines text, ADD COLUMN number integer,"
            " ADD COLUMN fits text, ADD COLUMN k0 text, ADD COLUMN parent text"
        )

    async def known() -> bool:
        return '"fits"' in (await shop.get("/api/schema")).text

    await until_async(known, 5)
    body = {**ORDER, "order_lines": "text", "number": 5, "sales.shipments": [{"carrier": "x"}]}
    created(await shop.post("/api/orders", json=body))
    problem(await shop.get("/api/orders/1?include=order_lines"), 422, "include")
    (order,) = ok(await shop.get("/api/orders?include=sales.shipments&number=5"))["orders"]
    assert (order["order_lines"], order["sales.shipments"][0]["carrier"]) == ("text", "x")


async def test_described(shop: httpx.AsyncClient) -> None:
    """OpenAPI describes the children of a new order and of an answer, and what can be included."""
    document = ok(await shop.get("/api/openapi.json"))
    schemas = document["components"]["schemas"]
    lines = schemas["NewOrder"]["properties"]["order_lines"]
    line = schemas[lines["items"]["$ref"].rpartition("/")[2]]
    assert lines["maxItems"] == 200
    assert "order_id" not in line["properties"]
    assert line["required"] == ["sku"]
    assert "price" in schemas["Order"]["properties"]["order_lines"]["items"]["properties"]
    for path in ("/api/orders", "/api/orders/{order_id}"):
        parameters = document["paths"][path]["get"]["parameters"]
        (include,) = [each for each in parameters if each["name"] == "include"]
        assert include["schema"]["items"]["enum"] == ["order_lines", "sales.shipments"]
    assert "$defs" not in json.dumps(document)
