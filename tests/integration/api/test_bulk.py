"""PATCH and DELETE of many rows: each succeeds or fails by itself."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from harness.answers import described, ok, problem
from harness.servers import Database, Postgres
from harness.serving import running
from harness.valkey import Valkey
from harness.waiting import until_async
from orders_api import bulk

pytestmark = pytest.mark.anyio

Json = dict[str, Any]


def seed(database: Database, count: int) -> None:
    """Create orders 1 to ``count``, pending, of two customers."""
    with database.connect() as connection:
        connection.execute(
            b"INSERT INTO orders (customer_name, product_name, quantity)"
            b" SELECT CASE WHEN mod(n, 2) = 1 THEN 'Ann' ELSE 'Bob' END, 'Lamp', n"
            b" FROM generate_series(1, %s) AS n",
            [count],
        )


def named(ids: Sequence[int], version: int | None = 1) -> list[Json]:
    """Name orders, each with a version unless that is None."""
    given = {} if version is None else {"version": version}
    return [{"key": {"id": number}, **given} for number in ids]


async def send(
    api: httpx.AsyncClient, method: str, body: Json, path: str = "/api/orders", **headers: str
) -> httpx.Response:
    """Send a request about many rows."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.request(method, path, json=body, headers=given)


def statuses(answer: httpx.Response) -> list[int]:
    """Return the status of each row."""
    return [row["status"] for row in ok(answer)["rows"]]


async def quantities(api: httpx.AsyncClient, column: str = "quantity") -> dict[int, Any]:
    """Return a column of all orders, by id."""
    page = ok(await api.get("/api/orders", params={"limit": 1000}))
    return {order["id"]: order[column] for order in page["orders"]}


async def test_each_row_by_itself(api: httpx.AsyncClient, database: Database) -> None:
    """Of 250 rows those change that may; the others say why, in the order of the request.

    I1: each change is one event.
    """
    seed(database, 250)
    ok(await api.patch("/api/orders/120", json={"quantity": 5}))
    assert (await api.delete("/api/orders/130")).status_code == 204
    rows = named([*range(250, 0, -1)])
    rows[10] |= {"set": {"quantity": 7, "customer_name": "Zoë"}}  # order 240
    rows[20] |= {"set": {"quantity": -1}}  # order 230 fails a CHECK
    answer = await send(api, "PATCH", {"rows": rows, "set": {"status": "cancelled"}})
    body = ok(answer)
    assert (body["succeeded"], body["failed"]) == (247, 3)
    assert [row["key"] for row in body["rows"]] == [row["key"] for row in rows]
    by_id = {row["key"]["id"]: row for row in body["rows"]}
    assert by_id[1] == {"key": {"id": 1}, "status": 200, "version": 2}
    failed = {key: row["problem"] for key, row in by_id.items() if row["status"] != 200}
    assert {key: each["status"] for key, each in failed.items()} == {230: 422, 120: 412, 130: 404}
    for each in failed.values():
        described(each)
    assert failed[120]["order"]["quantity"] == 5
    assert failed[230]["errors"][0]["field"] == "quantity"
    assert set((await quantities(api, "status")).values()) == {"cancelled", "pending"}
    order = ok(await api.get("/api/orders/240"))
    assert (order["quantity"], order["customer_name"]) == (7, "Zoë")
    assert order["status"] == "pending"
    with database.connect() as connection:
        found = connection.execute(
            b"SELECT count(*) FROM order_outbox WHERE operation = 'UPDATE'"
        ).fetchone()
    assert found == (248,)  # with the one before


async def test_back_to_old_values(api: httpx.AsyncClient, database: Database) -> None:
    """Each row takes its own old values back: what an undo sends."""
    seed(database, 120)
    ok(await send(api, "PATCH", {"rows": named([*range(1, 121)]), "set": {"quantity": 999}}))
    back = [row | {"set": {"quantity": row["key"]["id"]}} for row in named([*range(1, 121)], 2)]
    assert set(statuses(await send(api, "PATCH", {"rows": back}))) == {200}
    assert await quantities(api) == {number: number for number in range(1, 121)}


async def test_deletes(api: httpx.AsyncClient, database: Database) -> None:
    """Rows are deleted where nothing refers to them and their version is the expected one."""
    seed(database, 4)
    with database.connect() as connection:
        connection.execute(
            b"CREATE TABLE notes (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);"
            b"INSERT INTO notes VALUES (1, 2)"
        )
    rows = [*named([1, 2]), *named([3], 8), *named([4], None)]
    answer = await send(api, "DELETE", {"rows": rows})
    assert statuses(answer) == [204, 409, 412, 204]
    assert sorted(await quantities(api)) == [2, 3]


async def test_replayed_key(api: httpx.AsyncClient, database: Database) -> None:
    """A repeated request with its key gets the first outcomes and writes what failed before."""
    seed(database, 3)
    body = {"rows": named([1, 2, 9], None), "set": {"quantity": 50}}
    first = await send(api, "PATCH", body, idempotency_key="k")
    assert statuses(first) == [200, 200, 404]
    assert "idempotency-replayed" not in first.headers
    ok(await api.patch("/api/orders/1", json={"quantity": 60}))
    again = await send(api, "PATCH", body, idempotency_key="k")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await quantities(api) == {1: 60, 2: 50, 3: 3}
    problem(await send(api, "DELETE", body, idempotency_key="j"), 422, "set")
    other = {"rows": body["rows"], "set": {"quantity": 51}}
    problem(await send(api, "PATCH", other, idempotency_key="k"), 422, "Idempotency-Key")
    at_once = [send(api, "PATCH", other, idempotency_key="at-once") for _ in range(4)]
    answers = [answer.json()["rows"] for answer in await asyncio.gather(*at_once)]
    assert all(rows == answers[0] for rows in answers)
    assert [row.get("version") for row in answers[0]] == [4, 3, None]


async def test_rows_that_are_not_reached(
    api: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that there is no time for have the outcome 503; a repeated request writes them."""
    seed(database, 2)
    body = {"rows": named([1, 2]), "set": {"quantity": 50}}
    with monkeypatch.context() as hurry:
        hurry.setattr(bulk, "WITHIN_S", -1.0)
        late = await send(api, "PATCH", body, idempotency_key="k")
    assert statuses(late) == [503, 503]
    assert await quantities(api) == {1: 1, 2: 2}
    assert statuses(await send(api, "PATCH", body, idempotency_key="k")) == [200, 200]
    assert await quantities(api) == {1: 50, 2: 50}


async def test_the_database_goes_midway(own_postgres: Postgres, redis_url: Valkey) -> None:
    """Rows that are not reached before the database goes get 503; the others stay written.

    I1: the repeated request writes each row once.
    """
    database = own_postgres.create_database()
    seed(database, 250)
    with database.connect() as owner:
        owner.execute(
            "CREATE FUNCTION wait_at_150() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN IF NEW.id = 150 THEN PERFORM pg_advisory_xact_lock(150); END IF;"
            " RETURN NEW; END $$"
        )
        owner.execute(
            "CREATE TRIGGER wait_at_150 BEFORE UPDATE ON orders"
            " FOR EACH ROW EXECUTE FUNCTION wait_at_150()"
        )
        owner.execute("SELECT pg_advisory_lock(150)")
        async with running(database, redis_url.url) as api:
            body = {"rows": named(range(1, 251), None), "set": {"status": "shipped"}}
            sending = asyncio.create_task(send(api, "PATCH", body, idempotency_key="k"))

            async def waits() -> bool:
                found = owner.execute(
                    "SELECT wait_event FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).fetchone()
                return found == ("advisory",)

            await until_async(waits, 5, "order 150 is being written")
            own_postgres.kill()
            assert statuses(await sending) == [200] * 100 + [503] * 150
            own_postgres.start()

            async def is_done() -> bool:
                again = await send(api, "PATCH", body, idempotency_key="k")
                return again.status_code == 200 and set(statuses(again)) == {200}

            await until_async(is_done, 10, "the other rows are written")
            assert set((await quantities(api, "version")).values()) == {2}


async def test_the_database_goes_while_a_refusal_is_explained(
    api: httpx.AsyncClient, database: Database
) -> None:
    """That is the outcome of the rows that are left, too: what was written is told."""
    seed(database, 4)
    with database.connect() as owner:
        # A single value is only converted to find out which of several is refused.
        owner.execute(
            "CREATE FUNCTION is_fine(value text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
            " IF value = 'bad' AND current_query() NOT LIKE '%UPDATE%'"
            " THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
            " RETURN value <> 'bad'; END $$"
        )
        owner.execute("CREATE DOMAIN verdict AS text CHECK (is_fine(VALUE))")
        owner.execute("ALTER TABLE orders ADD verdict verdict")

    async def known() -> bool:
        return '"verdict"' in (await api.get("/api/schema")).text

    await until_async(known, 5)
    rows = named([1, 2, 3, 4])
    rows[2] |= {"set": {"verdict": "bad"}}
    rows[3] |= {"set": {"verdict": "good"}}
    answer = await send(api, "PATCH", {"rows": rows, "set": {"quantity": 50}})
    assert statuses(answer) == [200, 200, 503, 503]
    assert await quantities(api) == {1: 50, 2: 50, 3: 3, 4: 4}


async def test_a_row_that_fails_stops_no_other(api: httpx.AsyncClient, database: Database) -> None:
    """An error that no client has caused is the outcome of its row, and the others are written."""
    seed(database, 3)
    with database.connect() as owner:
        owner.execute(
            "CREATE FUNCTION find() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE found bigint;"
            " BEGIN SELECT id INTO STRICT found FROM orders WHERE id = NEW.id AND id <> 2;"
            " RETURN NEW; END $$"
        )
        owner.execute(
            "CREATE TRIGGER find BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION find()"
        )
    answer = await send(api, "PATCH", {"rows": named([1, 2, 3]), "set": {"quantity": 50}})
    assert statuses(answer) == [200, 500, 200]
    assert "log has the reason" in ok(answer)["rows"][1]["problem"]["detail"]
    assert await quantities(api) == {1: 50, 2: 2, 3: 50}


async def test_malformed(api: httpx.AsyncClient, database: Database) -> None:
    """A request that does not fit the table writes nothing, and names the rows that are wrong."""
    seed(database, 3)
    paid = {"quantity": 4}
    for body, field in (
        ({"rows": [], "set": paid}, "rows"),
        ({"rows": named([*range(1, 1002)]), "set": paid}, "rows"),
        ({"rows": named([1, 2, 1]), "set": paid}, "rows[2].key"),
        ({"rows": [*named([1]), {"key": {"id": "01"}}], "set": paid}, "rows[1].key"),
        ({"rows": [*named([1]), {"key": {}}], "set": paid}, "rows[1].key.id"),
        ({"rows": [{"key": {"id": True}}], "set": paid}, "rows[0].key.id"),
        ({"rows": named([1]), "set": {"status": "lost"}}, "set.status"),
        ({"rows": [{"key": {"id": 1}, "set": {"id": 2}}]}, "rows[0].set.id"),
        ({"rows": named([1])}, "rows[0].set"),
        ({"rows": named([1]), "set": {}}, "set"),
        ({"rows": named([1]), "set": paid, "all": True}, "all"),
        ({"set": paid}, "rows"),
    ):
        problem(await send(api, "PATCH", body), 422, field)
    problem(await send(api, "DELETE", {"rows": named([1]), "set": paid}), 422, "set")
    problem(await api.patch("/api/orders", content=b"{}"), 415)
    problem(await api.patch("/api/orders?status=pending", json={}), 422, "status")
    for tag in ('"1"', "*", "unquoted"):
        changed = {"rows": named([1]), "set": paid}
        problem(await send(api, "PATCH", changed, if_match=tag), 422, "If-Match")
        problem(await send(api, "DELETE", {"rows": []}, if_match=tag), 422, "If-Match")
    large = {"rows": named([1]), "set": {"customer_name": "x" * 70_000}}
    problem(await send(api, "PATCH", large), 413)
    assert await quantities(api) == {1: 1, 2: 2, 3: 3}


async def test_any_table(api: httpx.AsyncClient, database: Database) -> None:
    """Rows of composite keys, without versions and with large ones are changed alike."""
    with database.connect() as connection:
        connection.execute(
            b'CREATE TABLE "odd, name" (a text, "b%s" numeric(30, 10), "set" jsonb,'
            b' n bigint UNIQUE, PRIMARY KEY (a, "b%s"));'
            b'INSERT INTO "odd, name"'
            b" VALUES ('x,1', 0.1, NULL, 1), ('y', 12345678901234567890, '{}', 2);"
            b"SELECT watch_table('\"odd, name\"')"
        )

    async def known() -> bool:
        return "odd, name" in (await api.get("/api/schema")).text

    await until_async(known, 5)
    path = "/api/tables/odd,%20name"
    answer = await api.patch(
        path,
        content=b"""{"rows": [
            {"key": {"b%s": 0.10, "a": "x,1"}, "set": {"n": 9223372036854775807}},
            {"key": {"a": "y", "b%s": 12345678901234567890}},
            {"key": {"a": "z", "b%s": 1}}], "set": {"set": {"deep": 1.10}, "n": 7}}""",
        headers={"Content-Type": "application/json"},
    )
    assert statuses(answer) == [200, 200, 404]
    assert answer.text.count('"version":null') == 2
    assert '"key":{"b%s":0.10,"a":"x,1"}' in answer.text
    rows = (await api.get(path)).text
    assert '"n":9223372036854775807' in rows
    assert '"set":{"deep": 1.10},"n":7' in rows
    taken = {"rows": [{"key": {"a": "x,1", "b%s": 0.1}}, {"key": {"a": "y", "b%s": 0.1}}]}
    answer = await send(api, "PATCH", taken | {"set": {"n": 7}}, path)
    assert statuses(answer) == [409, 404]
    spoilt = {"rows": taken["rows"], "set": {"set": {"\0": 1}}}
    problem(await send(api, "PATCH", spoilt, path), 422, "set.set")
    versioned = {"rows": [taken["rows"][0] | {"version": 1}], "set": {"n": 3}}
    problem(await send(api, "PATCH", versioned, path), 422, "rows[0].version")


async def test_contention(api: httpx.AsyncClient, database: Database) -> None:
    """Requests for the same rows in different orders wait for one another; all succeed."""
    seed(database, 200)
    ids = [*range(1, 201)]
    answers = await asyncio.gather(
        *(
            send(api, "PATCH", {"rows": named(order, None), "set": {"quantity": 1000 + n}})
            for n, order in enumerate((ids, ids[::-1], ids[100:] + ids[:100], ids[::-1]))
        )
    )
    assert {status for answer in answers for status in statuses(answer)} == {200}
    assert set((await quantities(api, "version")).values()) == {5}
