"""Constraint errors of PostgreSQL: a 4xx that names field and constraint, without contents."""

import json
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database
from harness.serving import Serve
from harness.valkey import Valkey
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

SECRET = "Secret Customer"
NAMES = {"customer_name": SECRET, "product_name": "B"}

RULES = """
    CREATE TABLE stores (name text PRIMARY KEY);
    INSERT INTO stores VALUES ('Berlin');
    ALTER TABLE orders
        ADD COLUMN external_id text CONSTRAINT orders_external_id UNIQUE,
        ADD COLUMN store text CONSTRAINT orders_store REFERENCES stores,
        ADD COLUMN total numeric(8, 2) CONSTRAINT orders_total CHECK (total >= 0),
        ADD COLUMN low integer, ADD COLUMN high integer,
        ADD CONSTRAINT orders_order CHECK (low < high),
        ADD COLUMN room int4range, ADD CONSTRAINT orders_room EXCLUDE USING gist (room WITH &&),
        ADD COLUMN indexed text;
    COMMENT ON CONSTRAINT orders_order ON orders IS 'low must be below high';
    CREATE INDEX ON orders (indexed);
    CREATE UNIQUE INDEX orders_lower ON orders (lower(external_id));
    CREATE DOMAIN pairs AS integer CONSTRAINT pairs CHECK (VALUE % 2 = 0);
    ALTER TABLE orders ADD COLUMN pieces pairs;
    CREATE TABLE lines (order_id bigint CONSTRAINT lines_order REFERENCES orders);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'no more than 99 of %', NEW.product_name USING DETAIL = NEW.customer_name;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON orders FOR EACH ROW
        WHEN (NEW.quantity > 99) EXECUTE FUNCTION refuse();
"""
REFUSED: list[tuple[dict[str, Any], int, str, str, str]] = [
    ({"total": -1}, 422, "total", "rule_violated", "orders_total"),
    ({"total": 10**7}, 422, "total", "wrong_type", "numeric(8,2)"),
    ({"low": 2, "high": 1}, 422, "low", "owner_rule", "low must be below high (orders_order)"),
    ({"low": 2, "high": 1}, 422, "high", "owner_rule", "orders_order"),
    ({"external_id": "taken"}, 409, "external_id", "taken", "orders_external_id"),
    ({"store": "Paris"}, 409, "store", "no_such_row", "orders_store"),
    ({"room": "[1,3)"}, 409, "room", "excluded", "orders_room"),
    ({"customer_name": " "}, 422, "customer_name", "owner_rule", "must not be blank"),
    ({"quantity": 0}, 422, "quantity", "rule_violated", "orders_quantity_positive"),
    ({"pieces": 7}, 422, "pieces", "rule_violated", "must satisfy ((VALUE % 2) = 0) (pairs)"),
]


@pytest.fixture
def ruled(database: Database) -> Database:
    """Give a database whose orders have constraints of every kind."""
    with database.connect() as connection:
        connection.execute(RULES.encode())
        connection.execute(
            "INSERT INTO orders (customer_name, product_name, external_id, room)"
            " VALUES ('A', 'B', 'taken', '[2,5)'), ('A', 'B', 'free', '[5,9)')"
        )
    return database


@pytest.fixture
async def refusing(ruled: Database, api: httpx.AsyncClient) -> httpx.AsyncClient:
    """Give a client of the API on that database."""
    assert ruled

    async def known() -> bool:
        return "indexed" in (await api.get("/api/schema")).text

    await until_async(known, 5)
    return api


async def test_constraints(refusing: httpx.AsyncClient) -> None:
    """A violated constraint names its columns: 422 for a rule, 409 for a conflict."""
    for values, status, field, code, said in REFUSED:
        for attempt in (
            refusing.post("/api/orders", json=NAMES | values),
            refusing.post("/api/orders", json=NAMES | values, headers={"Idempotency-Key": "k"}),
            refusing.patch("/api/orders/2", json=values),
        ):
            response = await attempt
            errors = problem(response, status, field)["errors"]
            error = next(each for each in errors if each["field"] == field)
            assert said in error["message"]
            assert error["code"] == code
            assert SECRET not in response.text


async def test_null(refusing: httpx.AsyncClient, ruled: Database) -> None:
    """A violated NOT NULL, just added or caused by a trigger's NULL, is a 422 with the column."""
    with ruled.connect() as connection:
        connection.execute(
            "CREATE FUNCTION blank() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.customer_name := NULL; RETURN NEW; END $$;"
            "CREATE TRIGGER blank BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION blank()"
        )
    problem(await refusing.post("/api/orders", json=NAMES), 422, "customer_name")


async def test_deleting_what_is_referred_to(refusing: httpx.AsyncClient, ruled: Database) -> None:
    """An order that other rows refer to is not deleted: 409 names them."""
    with ruled.connect() as connection:
        connection.execute("INSERT INTO lines VALUES (1)")
    refused = problem(await refusing.delete("/api/orders/1"), 409)
    assert "lines" in json.dumps(refused["errors"])
    assert (await refusing.delete("/api/orders/2")).status_code == 204


async def test_trigger_of_the_owner(refusing: httpx.AsyncClient) -> None:
    """A trigger's own message is the detail of a 422; its DETAIL stays in the database."""
    response = await refusing.post("/api/orders", json=NAMES | {"quantity": 100})
    assert problem(response, 422)["detail"] == "no more than 99 of B"
    assert SECRET not in response.text


async def test_value_too_large_for_an_index(refusing: httpx.AsyncClient) -> None:
    """A text that an index cannot hold is the request's fault, not the database's."""
    noise = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(9000))
    problem(await refusing.post("/api/orders", json=NAMES | {"indexed": noise}), 422)
    assert ok(await refusing.get("/api/health"))["checks"]["database"]["status"] == "ok"


async def test_row_security(api: httpx.AsyncClient, database: Database) -> None:
    """A write against a row policy of the owner is a 403."""
    created(await api.post("/api/orders", json=NAMES))
    with database.connect() as connection:
        connection.execute(
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY reading ON orders FOR SELECT USING (true);"
            "CREATE POLICY writing ON orders FOR INSERT WITH CHECK (quantity < 5)"
        )
    created(await api.post("/api/orders", json=NAMES))
    problem(await api.post("/api/orders", json=NAMES | {"quantity": 7}), 403)


def test_nothing_of_a_row_is_logged(serve: Serve, ruled: Database, redis_url: Valkey) -> None:
    """Refused requests and unforeseen failures leave no contents in the log."""
    with serve(ruled, redis_url.url, LOG_LEVEL="debug") as (process, client):
        ok(client.get("/api/schema"))
        for values, *_ in REFUSED:
            assert client.post("/api/orders", json=NAMES | values).status_code in (409, 422)
        with ruled.connect() as connection:
            connection.execute(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE EXCEPTION 'Failing row contains (%)', NEW USING ERRCODE = 'XX001'; END $$;"
                "CREATE TRIGGER fail BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        problem(client.post("/api/orders", json=NAMES), 500)
        process.stop()
        logged = process.output()
    assert "XX001" in logged
    assert SECRET not in logged
    assert "Failing row" not in logged
