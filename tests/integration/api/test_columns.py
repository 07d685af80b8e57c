"""I10: the owner's columns, added, renamed, retyped and dropped while the API runs."""

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.columns import NAMES, columns, ids, known, post, run, soon
from harness.servers import Database

pytestmark = pytest.mark.anyio


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
