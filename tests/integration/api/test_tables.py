"""Rows of any watched table: the same paths, whatever its key."""

from urllib.parse import quote

import httpx
import pytest
from psycopg import sql

from harness.answers import created, ok, problem
from harness.servers import Database
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

TABLES = """
    CREATE TABLE order_lines (
        order_id bigint NOT NULL CONSTRAINT lines_order REFERENCES orders, position integer,
        sku text NOT NULL, quantity integer NOT NULL DEFAULT 1, PRIMARY KEY (order_id, position));
    CREATE TABLE "odd, name" (
        code text PRIMARY KEY, "limit" integer, version integer NOT NULL DEFAULT 1);
    CREATE TABLE unwatched (id bigint PRIMARY KEY);
    SELECT watch_table('order_lines'), watch_table('"odd, name"');
"""


@pytest.fixture
async def tables(api: httpx.AsyncClient, database: Database) -> httpx.AsyncClient:
    """Give a client of the API after two tables were created and watched."""
    created(await api.post("/api/orders", json={"customer_name": "A", "product_name": "B"}))
    with database.connect() as connection:
        connection.execute(TABLES.encode())

    async def known() -> bool:
        return "odd, name" in (await api.get("/api/schema")).text

    await until_async(known, 5)
    return api


async def test_composite_keys(tables: httpx.AsyncClient) -> None:
    """A row is created, listed, read, changed and deleted by a key of two columns."""
    path = "/api/tables/order_lines"
    response = await tables.post(path, json={"order_id": 1, "position": 2, "sku": "x"})
    line = created(response)
    assert line == {"order_id": 1, "position": 2, "sku": "x", "quantity": 1}
    assert response.headers["location"] == f"{path}/1,2"
    assert ok(await tables.get(f"{path}/1,2")) == line
    changed = await tables.patch(
        f"{path}/1,2", json={"quantity": 5}, headers={"If-Match": response.headers["etag"]}
    )
    assert ok(changed)["quantity"] == 5
    stale = {"If-Match": response.headers["etag"]}
    refused = await tables.patch(f"{path}/1,2", json={"quantity": 6}, headers=stale)
    assert problem(refused, 412)["row"] == changed.json()
    for n in (1, 3):
        created(await tables.post(path, json={"order_id": 1, "position": n, "sku": f"s{n}"}))
    page = ok(await tables.get(path, params={"limit": 2}))
    assert [row["position"] for row in page["rows"]] == [3, 2]
    rest = ok(await tables.get(path, params={"limit": 2, "cursor": page["next_cursor"]}))
    assert ([row["position"] for row in rest["rows"]], rest["next_cursor"]) == ([1], None)
    found = ok(await tables.get(path, params={"sku": "s3", "search": "S"}))
    assert [row["position"] for row in found["rows"]] == [3]
    assert (await tables.delete(f"{path}/1,2")).status_code == 204
    problem(await tables.get(f"{path}/1,2"), 404)
    problem(await tables.get(f"{path}/1"), 422, "key")
    problem(await tables.get(f"{path}/1,x"), 422, "key")


async def test_conflicts(tables: httpx.AsyncClient) -> None:
    """An unknown parent, a taken key, and deleting an order with children are conflicts."""
    path = "/api/tables/order_lines"
    line = {"order_id": 1, "position": 1, "sku": "x"}
    created(await tables.post(path, json=line))
    problem(await tables.post(path, json=line), 409, "position")
    problem(await tables.post(path, json=line | {"order_id": 9}), 409, "order_id")
    problem(await tables.post(path, json={"order_id": 1, "position": 2}), 422, "sku")
    problem(await tables.delete("/api/orders/1"), 409)


async def test_keys_of_any_text(tables: httpx.AsyncClient) -> None:
    """A URL-encoded key names its row, whatever characters it contains."""
    path = f"/api/tables/{quote('odd, name')}"
    for code in ("a,b", "a/b", "%2F", "ü &?#", ".."):
        response = await tables.post(path, json={"code": code, "limit": 7})
        created(response)
        location = response.headers["location"]
        assert location == f"{path}/{quote(code, safe='')}"
        if code == "..":
            break  # a client resolves it before it is sent
        assert ok(await tables.get(location))["code"] == code
        assert ok(await tables.patch(location, json={"limit": 8}))["version"] == 2
        assert len(ok(await tables.get(path, params={"limit.eq": 8}))["rows"]) == 1
        assert (await tables.delete(location)).status_code == 204


async def test_tables_of_any_name(tables: httpx.AsyncClient, database: Database) -> None:
    """Table and column are reached by their URL-encoded names, whatever these contain."""
    names = ("a/b", "a%2Fb", "a/", "100%", "a?b#c", "a.b", "it's", 'say "hi"', "a\\b", "ü &+;")
    with database.connect() as owner:
        for name in names:
            table = sql.Identifier(name)
            owner.execute(sql.SQL('CREATE TABLE {} ("i/d" text PRIMARY KEY)').format(table))
            owner.execute("SELECT watch_table(%s::regclass)", [table.as_string(owner)])

    async def known() -> bool:
        return names[-1] in {each["name"] for each in ok(await tables.get("/api/schema"))["tables"]}

    await until_async(known, 5)
    for name in names:
        encoded = quote(name, safe="")
        path = f"/api/tables/{encoded}"
        created(await tables.post(path, json={"i/d": "x/y"}))
        assert ok(await tables.get(path))["rows"] == [{"i/d": "x/y"}], name
        ok(await tables.get(f"/api/counts/{encoded}"))
        assert (await tables.get(f"/api/export/{encoded}")).text.split() == ["i/d", "x/y"]
        assert ok(await tables.get(f"/api/values/{encoded}/i%2Fd"))["values"] == ["x/y"]
        outcomes = ok(
            await tables.request("DELETE", path, json={"rows": [{"key": {"i/d": "x/y"}}]})
        )
        assert outcomes["succeeded"] == 1
        created(await tables.post(path, json={"i/d": "x/y"}))
        assert (await tables.delete(f"{path}/x%2Fy")).status_code == 204
    problem(await tables.get("/api%2Ftables/a%2Fb"), 404)


async def test_unknown_tables(tables: httpx.AsyncClient, database: Database) -> None:
    """An unwatched table is a 404; ``orders`` can be used like any other table.

    So is one that has lost its primary key.
    """
    with database.connect() as owner:
        owner.execute("ALTER TABLE order_lines DROP CONSTRAINT order_lines_pkey")

    async def forgotten() -> bool:
        return "order_lines" not in (await tables.get("/api/schema")).text

    await until_async(forgotten, 5)
    problem(await tables.get("/api/tables/order_lines"), 404)
    for name in ("unwatched", "nothing", "order_events", "pg_class"):
        problem(await tables.get(f"/api/tables/{name}"), 404)
        problem(await tables.post(f"/api/tables/{name}", json={}), 404)
        problem(await tables.get(f"/api/tables/{name}/1"), 404)
    assert ok(await tables.get("/api/tables/orders/1")) == ok(await tables.get("/api/orders/1"))


async def test_idempotency_by_table(tables: httpx.AsyncClient) -> None:
    """A repeated POST gets the first answer again; each table has keys of its own."""
    key = {"Idempotency-Key": "k"}
    line = {"order_id": 1, "position": 1, "sku": "x"}
    for path, body in (
        ("/api/tables/order_lines", line),
        (f"/api/tables/{quote('odd, name')}", {"code": "a,b"}),
        ("/api/orders", {"customer_name": "A", "product_name": "B"}),
    ):
        first = await tables.post(path, json=body, headers=key)
        created(first)
        again = await tables.post(path, json=body, headers=key)
        assert again.content == first.content
        for header in ("location", "etag"):
            assert again.headers[header] == first.headers[header]
    assert len(ok(await tables.get("/api/tables/order_lines"))["rows"]) == 1


PARTITIONS = """
    CREATE TABLE stock (
        place text, item integer, pieces integer CONSTRAINT stock_positive CHECK (pieces > 0),
        order_id bigint CONSTRAINT stock_order REFERENCES orders, note text NOT NULL DEFAULT '',
        version integer NOT NULL DEFAULT 1, PRIMARY KEY (place, item)
    ) PARTITION BY LIST (place);
    CREATE TABLE stock_a PARTITION OF stock FOR VALUES IN ('a');
    CREATE TABLE stock_b PARTITION OF stock FOR VALUES IN ('b');
    SELECT watch_table('stock');
    CREATE TABLE old_notes (id bigint PRIMARY KEY, body text);
    CREATE TABLE older_notes () INHERITS (old_notes);
    INSERT INTO old_notes VALUES (1, 'of this table');
    INSERT INTO older_notes VALUES (1, 'of another'), (2, 'of another');
    SELECT watch_table('old_notes');
"""


async def test_partitions(tables: httpx.AsyncClient, database: Database) -> None:
    """A partitioned table is one table: its rows, and the errors that its partitions raise."""
    with database.connect() as connection:
        connection.execute(PARTITIONS.encode())

    async def known() -> bool:
        return "old_notes" in (await tables.get("/api/schema")).text

    await until_async(known, 5)
    path = "/api/tables/stock"
    for item in (1, 2):
        created(await tables.post(path, json={"place": "a", "item": item, "pieces": 5}))
    moved = ok(await tables.patch(f"{path}/a,1", json={"place": "b", "pieces": 6}))
    assert (moved["place"], moved["version"]) == ("b", 2)
    assert [row["place"] for row in ok(await tables.get(path))["rows"]] == ["b", "a"]
    problem(await tables.post(path, json={"place": "a", "item": 2, "pieces": 5}), 409, "place")
    problem(await tables.post(path, json={"place": "b", "item": 3, "pieces": 0}), 422, "pieces")
    problem(await tables.post(path, json={"place": "b", "item": 3, "order_id": 7}), 409, "order_id")
    problem(await tables.post(path, json={"place": "b", "item": 3, "note": None}), 422, "note")
    refused = problem(await tables.post(path, json={"place": "nowhere", "item": 3}), 422)
    assert "no partition" in refused["detail"]
    assert (await tables.delete(f"{path}/b,1")).status_code == 204


async def test_inheritance(tables: httpx.AsyncClient, database: Database) -> None:
    """Rows of a table that inherits from a watched one are not rows of that."""
    await test_partitions(tables, database)
    path = "/api/tables/old_notes"
    assert ok(await tables.get(path))["rows"] == [{"id": 1, "body": "of this table"}]
    problem(await tables.get(f"{path}/2"), 404)
    problem(await tables.patch(f"{path}/2", json={"body": ""}), 404)
    assert ok(await tables.patch(f"{path}/1", json={"body": "changed"}))["body"] == "changed"
    assert (await tables.delete(f"{path}/1")).status_code == 204
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM old_notes").fetchone() == (2,)
