"""I10: columns of every kind are written, read, filtered, sorted and described."""

import json
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.columns import JSON, NAMES, columns, ids, known, post, run
from harness.servers import Database

pytestmark = pytest.mark.anyio

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
    ({"rebate.not": "1000"}, [5, 4, 3, 2, 1]),  # which its domain refuses
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
    # As text, which gateways compare, these are other values than those of the rows.
    ("at", "12:30"),
    ("lasts.not", "24 hours"),
    ("span", "[1,4]"),
]


async def test_bad_filters_of_every_kind(kinds: httpx.AsyncClient) -> None:
    """A filter or an order that the column does not have is 422 and names the parameter."""
    for parameter, value in BAD_FILTERS:
        query = {parameter: value}
        problem(await kinds.get("/api/orders", params=query), 422, parameter.removesuffix(".not"))
        if parameter != "sort":
            answer = await kinds.get("/api/orders/counts", params=query)
            problem(answer, 422, parameter.removesuffix(".not"))


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
    for terms in (("-paid", "day"), ("quantity", "-total", "day"), ("-quantity", "-id")):
        last = terms[-1]
        orders = [
            f"{each.removeprefix('-')} {'DESC' if each[0] == '-' else 'ASC'} NULLS LAST"
            for each in (*terms, "-id" if last[0] == "-" else "id")
        ]
        with database.connect() as connection:
            statement = f"SELECT id FROM orders ORDER BY {', '.join(orders)}"
            rows = connection.execute(statement.encode()).fetchall()
        for limit in (1, 7, 100):
            found = await ids(kinds, sort=",".join(terms), limit=limit)
            assert found == [row[0] for row in rows], terms


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
