"""I10: the owner's columns, added, renamed, retyped and dropped while the API runs."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

WITHIN_S = 5.0
NAMES = {"customer_name": "A", "product_name": "B"}
JSON = {"Content-Type": "application/json"}

KINDS = """
    CREATE TYPE priority AS ENUM ('low', 'high');
    CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TYPE place AS (street text, zip integer);
    ALTER TABLE orders
        ADD COLUMN total numeric(38, 10), ADD COLUMN big bigint, ADD COLUMN ratio double precision,
        ADD COLUMN small smallint, ADD COLUMN paid boolean, ADD COLUMN due timestamptz,
        ADD COLUMN day date, ADD COLUMN at time, ADD COLUMN lasts interval, ADD COLUMN ref uuid,
        ADD COLUMN address jsonb, ADD COLUMN raw json, ADD COLUMN tags text[],
        ADD COLUMN bytes bytea, ADD COLUMN prio priority, ADD COLUMN rebate percent,
        ADD COLUMN net inet, ADD COLUMN spot point, ADD COLUMN span int4range,
        ADD COLUMN place place, ADD COLUMN code varchar(8), ADD COLUMN fixed character(4),
        ADD COLUMN "Größe" text, ADD COLUMN "order" text, ADD COLUMN "a b" text,
        ADD COLUMN "x""y" text, ADD COLUMN "100%" text, ADD COLUMN t text, ADD COLUMN r text,
        ADD COLUMN sum_total numeric GENERATED ALWAYS AS (total * 2) STORED,
        ADD COLUMN noted text DEFAULT 'by default'
"""
VALUES = """{
    "total": 1234567890123456789012345678.0123456789, "big": 9223372036854775807, "ratio": 0.1,
    "small": -32768, "paid": true, "due": "2026-05-31T12:00:00+00:00", "day": "2026-05-31",
    "at": "12:30:00", "lasts": "1 day 02:00:00", "ref": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "address": {"city": "İzmir", "zip": [1, 2.50, null]}, "raw": {"n": 1.10, "m": 1e400},
    "tags": ["a", "b\\"c", null], "bytes": "\\\\x00ff", "prio": "high", "rebate": 100,
    "net": "10.0.0.1", "spot": "(1,2)", "span": "[1,5)", "place": {"street": "S", "zip": 7},
    "code": "12345678", "fixed": "abcd", "Größe": "XL", "order": "o", "a b": "a", "x\\"y": "q",
    "100%": "all", "t": "T", "r": "R"
}"""


def run(database: Database, statement: str) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode())


async def soon(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds; it must within the promised time."""
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


@pytest.fixture
async def kinds(api: httpx.AsyncClient, database: Database) -> httpx.AsyncClient:
    """Give a client of an API that ran while columns of many kinds were added."""
    assert "total" not in await columns(api)
    created(await api.post("/api/orders", json=NAMES))
    run(database, KINDS)
    await known(api, "total", "noted")
    return api


async def test_every_kind_of_column(kinds: httpx.AsyncClient) -> None:
    """Values of every kind are written and read to the last digit, by POST, PATCH and GET."""
    response = await kinds.post(
        "/api/orders", content=json.dumps(NAMES)[:-1] + "," + VALUES.strip()[1:], headers=JSON
    )
    order = created(response)
    sent = json.loads(VALUES)
    assert {name: order[name] for name in sent} == sent
    assert order["noted"] == "by default"
    for digits in ("1234567890123456789012345678.0123456789", "9223372036854775807", "1e400"):
        assert digits in response.text
    assert "2469135780246913578024691356.0246913578" in response.text
    path = f"/api/orders/{order['id']}"
    assert ok(await kinds.get(path)) == order
    nothing = dict.fromkeys(sent)
    emptied = ok(await kinds.patch(path, json=nothing))
    assert {name: emptied[name] for name in sent} == nothing
    changed = await kinds.patch(path, content=VALUES, headers=JSON)
    assert {**ok(changed), "updated_at": 0, "version": 0} == {
        **order,
        "updated_at": 0,
        "version": 0,
    }


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({"total": "1.5"}, [3]),
    ({"total.gte": "1.5", "total.lt": "7"}, [3]),
    ({"total.gt": "1.5"}, [4]),
    ({"total.not": "1.50"}, [5, 4, 2, 1]),
    ({"total.is": "null"}, [5, 2, 1]),
    ({"total.is": "null", "total": "7"}, [5, 4, 2, 1]),
    ({"total.is": "not_null"}, [4, 3]),
    ({"big": "9007199254740993"}, [3]),
    ({"paid": "true"}, [3]),
    ({"paid": ["true", "false"]}, [4, 3]),
    ({"due.gte": "2026-01-01", "due.lte": "2026-12-31T00:00:00Z"}, [3]),
    ({"day.lt": "2026-01-01"}, [4]),
    ({"ref": "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"}, [3]),
    ({"prio": ["high", "low"]}, [4, 3]),
    ({"rebate.gte": "50"}, [4]),
    ({"net": "10.0.0.1"}, [3]),
    ({"lasts.gte": "1 day"}, [3]),
    ({"code": "x"}, [3]),
    ({"fixed": "ab"}, [3]),
    ({"Größe": "XL"}, [3]),
    ({"a b.gte": "a"}, [3]),
    ({'x"y': "1"}, [3]),
    ({"100%": "1"}, [3]),
    ({"address.is": "not_null"}, [3]),
    ({"customer_name": "A", "total": "7"}, [4]),
]


async def test_filters_of_every_kind(kinds: httpx.AsyncClient) -> None:
    """Every column is a filter, with its own type's comparison."""
    await post(kinds)
    await post(
        kinds,
        {"total": 1.5, "big": 2**53 + 1, "paid": True, "due": "2026-05-31T12:00:00Z"}
        | {"day": "2026-05-31", "ref": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "prio": "high"}
        | {"net": "10.0.0.1", "lasts": "2 days", "code": "x", "fixed": "ab", "Größe": "XL"}
        | {"a b": "b", 'x"y': "1", "100%": "1", "address": {}},
    )
    await post(kinds, {"total": 7, "paid": False, "day": "2025-05-31", "prio": "low", "rebate": 50})
    await post(kinds)
    for query, found in FILTERS:
        assert await ids(kinds, **query) == found, query
        assert await ids(kinds, limit=1, **query) == found, query


BAD_VALUES = [
    ("total", '"much"'),
    ("total", "1e40"),
    ("ratio", "1e400"),
    ("small", "32768"),
    ("day", '"2026-02-30"'),
    ("due", '"2026-13-01T00:00:00Z"'),
    ("at", '"25:00"'),
    ("lasts", '"soon"'),
    ("net", '"10.0.0.256"'),
    ("spot", "5"),
    ("span", '"[5,1)"'),
    ("place", '{"zip": "x"}'),
    ("tags", '{"a": 1}'),
    ("prio", '"urgent"'),
    ("rebate", "101"),
    ("code", '"123456789"'),
    ("fixed", '"abcde"'),
    ("address", r'{"nul": "\u0000"}'),
    ("sum_total", "1"),
    ("missing", "1"),
]


async def test_bad_values_of_every_kind(kinds: httpx.AsyncClient, database: Database) -> None:
    """A value that the column cannot hold is 422 with the field, from the API or PostgreSQL."""
    for field, value in BAD_VALUES:
        text = f'{{"customer_name": "A", "product_name": "B", "{field}": {value}}}'
        problem(await kinds.post("/api/orders", content=text, headers=JSON), 422, field)
        text = f'{{"{field}": {value}}}'
        problem(await kinds.patch("/api/orders/1", content=text, headers=JSON), 422, field)
    with database.connect() as connection:
        assert connection.execute("SELECT count(*), max(version) FROM orders").fetchone() == (1, 1)


BAD_FILTERS = [
    ("total", "much"),
    ("day.gte", "2026-02-30"),
    ("at.gte", "25:00"),
    ("net", "10.0.0.256"),
    ("lasts.lt", "soon"),
    ("rebate", "x"),
    ("spot", "(1,2)"),
    ("sort", "spot"),
    ("prio", "urgent"),
]


async def test_bad_filters_of_every_kind(kinds: httpx.AsyncClient) -> None:
    """A filter or an order that the column does not have is 422 and names the parameter."""
    for parameter, value in BAD_FILTERS:
        query = {parameter: value}
        problem(await kinds.get("/api/orders", params=query), 422, parameter)
        if parameter != "sort":
            problem(await kinds.get("/api/orders/counts", params=query), 422, parameter)


SORTED = [
    "total",
    "ratio",
    "day",
    "paid",
    "prio",
    "code",
    "Größe",
    "lasts",
    "id",
    "quantity",
    "noted",
]


async def test_sort_by_any_column(kinds: httpx.AsyncClient, database: Database) -> None:
    """Pages in any order hold every order once, nulls last, equal values in the order of ids."""
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, total, ratio, day, paid, prio, code,"
        " \"Größe\", lasts, quantity) SELECT 'A', 'B', nullif(n % 4, 0) / 3.0, nullif(n % 3, 0),"
        " date '2026-01-01' + n % 3, nullif(n % 3, 0) = 1, (ARRAY['low', 'high', NULL])[n % 3 + 1]"
        "::priority, chr(97 + n % 5), nullif('Ä' || n % 3, 'Ä0'), n % 2 * interval '1 day',"
        " n % 3 + 1"
        " FROM generate_series(1, 12) AS n",
    )
    for name in SORTED:
        for sort, order in ((name, "ASC"), (f"-{name}", "DESC")):
            expected = f'SELECT id FROM orders ORDER BY "{name}" {order} NULLS LAST, id {order}'
            with database.connect() as connection:
                rows = connection.execute(expected.encode()).fetchall()
            for limit in (1, 3, 100):
                assert await ids(kinds, sort=sort, limit=limit) == [row[0] for row in rows], sort


async def test_sort_by_several_columns(kinds: httpx.AsyncClient, database: Database) -> None:
    """Pages by several columns hold every order once: any directions, nulls last in each."""
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, total, day, paid, quantity)"
        " SELECT 'A', 'B', nullif(n % 3, 0), date '2026-01-01' + nullif(n % 4, 0),"
        " nullif(n % 3, 2) = 1, n % 2 + 1 FROM generate_series(1, 40) AS n",
    )
    for columns in (("-paid", "day"), ("quantity", "-total", "day"), ("-quantity", "-id")):
        last = columns[-1]
        orders = [
            f"{each.removeprefix('-')} {'DESC' if each[0] == '-' else 'ASC'} NULLS LAST"
            for each in (*columns, "-id" if last[0] == "-" else "id")
        ]
        with database.connect() as connection:
            statement = f"SELECT id FROM orders ORDER BY {', '.join(orders)}"
            rows = connection.execute(statement.encode()).fetchall()
        for limit in (1, 7, 100):
            found = await ids(kinds, sort=",".join(columns), limit=limit)
            assert found == [row[0] for row in rows], columns


async def test_openapi_follows(kinds: httpx.AsyncClient) -> None:
    """The API's description has each column in bodies, rows and filters."""
    document = ok(await kinds.get("/api/openapi.json"))
    schemas = document["components"]["schemas"]
    assert {"total", "Größe", "prio"} <= schemas["NewOrder"]["properties"].keys()
    assert "sum_total" not in schemas["NewOrder"]["properties"]
    assert "sum_total" in schemas["Order"]["properties"]
    assert schemas["NewOrder"]["required"] == ["customer_name", "product_name"]
    parameters = document["paths"]["/api/orders"]["get"]["parameters"]
    assert {"total", "Größe", "search", "sort"} <= {each["name"] for each in parameters}


async def test_schema_has_a_tag(api: httpx.AsyncClient, database: Database) -> None:
    """GET /api/schema answers 304 as long as nothing has changed."""
    first = await api.get("/api/schema")
    again = await api.get("/api/schema", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    run(database, "ALTER TABLE orders ADD COLUMN note text")
    await known(api, "note")
    headers = {"If-None-Match": first.headers["etag"]}
    changed = ok(await api.get("/api/schema", headers=headers))
    assert changed["version"] != first.json()["version"]


async def test_display_columns(api: httpx.AsyncClient, database: Database) -> None:
    """The schema names the columns that a dashboard shows; null where there is no such column."""

    async def display() -> dict[str, str | None]:
        found: dict[str, str | None] = ok(await api.get("/api/schema"))["tables"][0]["display"]
        return found

    assert await display() == {
        "status": "status",
        "customer": "customer_name",
        "title": "product_name",
        "quantity": "quantity",
    }
    run(database, "ALTER TABLE orders DROP COLUMN quantity CASCADE")

    async def gone() -> bool:
        return (await display())["quantity"] is None

    await soon(gone)


async def test_renamed_status(api: httpx.AsyncClient, database: Database) -> None:
    """With the status renamed, orders are written and read by its new name; nothing is counted."""
    await post(api, {"status": "shipped"})
    run(database, "ALTER TABLE orders RENAME COLUMN status TO state")
    order = await post(api)  # at once: the statement fails, the catalog is read, and it works
    assert order["state"] == "pending"
    await known(api, "state")
    problem(await api.post("/api/orders", json=NAMES | {"status": "shipped"}), 422, "status")
    assert await ids(api, state="shipped") == [1]
    problem(await api.get("/api/orders?status=shipped"), 422, "status")
    assert ok(await api.get("/api/orders/counts"))["counts"] == {"": 0}


async def test_dropped_columns_between_two_requests(
    api: httpx.AsyncClient, database: Database
) -> None:
    """A column that was just dropped is refused by name and causes no 500."""
    run(database, "ALTER TABLE orders ADD COLUMN note text")
    await known(api, "note")
    assert (await post(api, {"note": "x"}))["note"] == "x"
    run(database, "ALTER TABLE orders DROP COLUMN note")
    problem(await api.post("/api/orders", json=NAMES | {"note": "x"}), 422, "note")
    run(database, "ALTER TABLE orders ADD COLUMN note text")
    await known(api, "note")
    run(database, "ALTER TABLE orders DROP COLUMN note")
    problem(await api.patch("/api/orders/1", json={"note": "x"}), 422, "note")
    run(database, "ALTER TABLE orders ADD COLUMN note text")
    await known(api, "note")
    run(database, "ALTER TABLE orders DROP COLUMN note")
    problem(await api.get("/api/orders?note=x"), 422, "note")


async def test_changes_of_type_with_prepared_statements(
    api: httpx.AsyncClient, database: Database
) -> None:
    """I10: a change of a column's type breaks no prepared statement."""
    run(database, "ALTER TABLE orders ADD COLUMN amount integer")
    await known(api, "amount")

    async def all_statements(value: object) -> None:
        for _ in range(8):  # statements are prepared after five times
            order = await post(api, {"amount": value})
            path = f"/api/orders/{order['id']}"
            ok(await api.patch(path, json={"amount": value}))
            assert ok(await api.get(path))["amount"] == value
            assert await ids(api, amount=str(value), sort="-amount", limit=1000)
            ok(await api.get("/api/orders/counts", params={"amount": str(value)}))
            assert (await api.delete(path, headers={"If-Match": "*"})).status_code == 204

    await all_statements(1)
    for kind in ("bigint", "numeric(9,2)", "text"):
        run(database, f"ALTER TABLE orders ALTER COLUMN amount TYPE {kind}")

        async def followed(kind: str = kind) -> bool:
            return bool((await columns(api))["amount"]["type"] == kind)

        await soon(followed)
        await all_statements("1" if kind == "text" else 1)


async def test_statuses_of_the_owner(api: httpx.AsyncClient, database: Database) -> None:
    """With another CHECK other statuses are accepted, listed, filtered and counted."""
    await post(api)
    run(
        database,
        "ALTER TABLE orders DROP CONSTRAINT orders_status_known;"
        "ALTER TABLE orders ADD CONSTRAINT own CHECK (status IN ('pending', 'on_hold', 'it''s'))",
    )

    async def accepted() -> bool:
        return bool((await columns(api))["status"]["choices"] == ["pending", "on_hold", "it's"])

    await soon(accepted)
    await post(api, {"status": "on_hold"})
    await post(api, {"status": "it's"})
    problem(await api.post("/api/orders", json=NAMES | {"status": "shipped"}), 422, "status")
    assert await ids(api, status="it's") == [3]
    with database.connect() as connection:
        while connection.execute("SELECT first FROM take_order_events()").fetchone():
            pass
    counts = ok(await api.get("/api/orders/counts"))["counts"]
    assert counts == {"pending": 1, "on_hold": 1, "it's": 1}
    run(database, "ALTER TABLE orders DROP CONSTRAINT own; UPDATE orders SET status = 'odd'")

    async def free() -> bool:
        return (await columns(api))["status"]["choices"] is None

    await soon(free)
    with database.connect() as connection:
        while connection.execute("SELECT first FROM take_order_events()").fetchone():
            pass
    assert ok(await api.get("/api/orders/counts"))["counts"] == {"odd": 3}


async def test_status_may_be_null(api: httpx.AsyncClient, database: Database) -> None:
    """Orders without a status are counted, too, under an empty name."""
    run(database, "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL")
    run(
        database, "INSERT INTO orders (customer_name, product_name, status) VALUES ('A', 'B', NULL)"
    )
    with database.connect() as connection:
        connection.execute("SELECT first FROM take_order_events()")
    assert ok(await api.get("/api/orders/counts"))["counts"][""] == 1


async def test_enum_values_added_and_renamed(api: httpx.AsyncClient, database: Database) -> None:
    """An enum's values can be added and renamed while rows use them."""
    run(database, "CREATE TYPE grade AS ENUM ('a', 'b'); ALTER TABLE orders ADD COLUMN grade grade")
    await known(api, "grade")
    await post(api, {"grade": "a"})
    run(database, "ALTER TYPE grade ADD VALUE 'c' BEFORE 'b'")
    run(database, "ALTER TYPE grade RENAME VALUE 'a' TO 'best'")

    async def followed() -> bool:
        return bool((await columns(api))["grade"]["choices"] == ["best", "c", "b"])

    await soon(followed)
    await post(api, {"grade": "c"})
    assert await ids(api, grade="best") == [1]
    assert await ids(api, sort="grade") == [1, 2]


async def test_many_columns(api: httpx.AsyncClient, database: Database) -> None:
    """A table of 250 columns is described, written, filtered, sorted and searched."""
    run(
        database,
        "ALTER TABLE orders "
        + ", ".join(f"ADD COLUMN c{n} text DEFAULT 'd{n}'" for n in range(242)),
    )
    await known(api, "c241")
    order = await post(api, {f"c{n}": f"v{n}" for n in range(0, 242, 2)})
    assert (order["c240"], order["c241"]) == ("v240", "d241")
    changes = {f"c{n}": "changed" for n in range(242)}
    assert changes.items() <= ok(await api.patch("/api/orders/1", json=changes)).items()
    assert await ids(api, c100="changed", sort="c7") == [1]
    assert await ids(api, search="changed") == [1]
    ok(await api.get("/api/openapi.json"))


async def test_table_without_version(api: httpx.AsyncClient, database: Database) -> None:
    """Without a version the ETag is a hash of the row, and If-Match works as usual."""
    run(database, "ALTER TABLE orders DROP COLUMN version CASCADE")

    async def gone() -> bool:
        return "version" not in await columns(api)

    await soon(gone)
    response = await api.post("/api/orders", json=NAMES, headers={"Idempotency-Key": "k"})
    created(response)
    tag = response.headers["etag"]
    again = await api.post("/api/orders", json=NAMES, headers={"Idempotency-Key": "k"})
    assert again.headers["etag"] == tag
    headers = {"If-Match": tag}
    changed = await api.put("/api/orders/1", json={"quantity": 2}, headers=headers)
    assert ok(changed)["quantity"] == 2
    assert changed.headers["etag"] != tag
    stale = await api.put("/api/orders/1", json={"quantity": 3}, headers=headers)
    assert problem(stale, 412)["order"] == changed.json()


async def test_order_of_defaults_only(api: httpx.AsyncClient, database: Database) -> None:
    """Where every column has a default, an empty object makes an order."""
    run(
        database,
        "ALTER TABLE orders ALTER COLUMN customer_name SET DEFAULT 'someone',"
        " ALTER COLUMN product_name SET DEFAULT 'something'",
    )

    async def optional() -> bool:
        return (await columns(api))["product_name"]["default"] is True

    await soon(optional)
    order = created(await api.post("/api/orders", json={}))
    assert (order["customer_name"], order["product_name"]) == ("someone", "something")


async def test_domain_that_is_not_null(api: httpx.AsyncClient, database: Database) -> None:
    """A domain that forbids null does not prevent the column's default."""
    run(
        database,
        "CREATE DOMAIN code AS text NOT NULL CHECK (VALUE ~ '^[A-Z]+$');"
        "ALTER TABLE orders ADD COLUMN code code DEFAULT 'X'",
    )
    await known(api, "code")
    assert (await post(api))["code"] == "X"
    assert (await post(api, {"code": "AB"}))["code"] == "AB"
    problem(await api.post("/api/orders", json=NAMES | {"code": "ab"}), 422, "code")
    problem(await api.post("/api/orders", json=NAMES | {"code": None}), 422, "code")
