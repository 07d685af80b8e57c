"""One order at a time: create, read, change, delete."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database

pytestmark = pytest.mark.anyio

JOHN = {"customer_name": "John Doe", "product_name": "Laptop", "status": "pending"}
NASTY = [
    "Robert'); DROP TABLE orders;--",
    '"quoted" \\ back\\slash \\u0041',
    "Zoë Ångström 北京 🎉👩‍👩‍👧",
    "  spaces stay  ",
    "tab\tand\nnewline\x7f\x01",
    "%s %(id)s {id} $1",
    "</script><b>&amp;",
    "\u202eright to left",
]


async def test_create(api: httpx.AsyncClient) -> None:
    """POST answers 201 with the order, its Location and an ETag that begins with its version."""
    response = await api.post("/api/orders", json=JOHN)
    order = created(response)
    assert order["quantity"] == 1
    assert order | JOHN == order
    assert response.headers["etag"].startswith('"1.')
    assert ok(await api.get(response.headers["location"])) == order


async def test_times_are_utc(api: httpx.AsyncClient) -> None:
    """Times are RFC 3339 in UTC, whatever time zone the server is set to."""
    order = created(await api.post("/api/orders", json=JOHN))
    assert order["created_at"].endswith("+00:00")
    age = datetime.now(UTC) - datetime.fromisoformat(order["created_at"])
    assert abs(age.total_seconds()) < 60


async def test_text_is_text(api: httpx.AsyncClient, database: Database) -> None:
    """Text that looks like SQL, markup or escapes is stored and returned unchanged."""
    for name in NASTY:
        order = created(await api.post("/api/orders", json=JOHN | {"customer_name": name}))
        path = f"/api/orders/{order['id']}"
        ok(await api.put(path, json={"product_name": name}))
        read = ok(await api.get(path))
        assert (read["customer_name"], read["product_name"]) == (name, name)
        found = ok(await api.get("/api/orders", params={"customer_name": name}))
        assert [each["id"] for each in found["orders"]] == [order["id"]]
    with database.connect() as connection:
        rows = connection.execute("SELECT customer_name, product_name FROM orders ORDER BY id")
        assert rows.fetchall() == [(name, name) for name in NASTY]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_change(api: httpx.AsyncClient, method: str) -> None:
    """PUT and PATCH change what is sent, keep the rest, and increment the version."""
    order = created(await api.post("/api/orders", json=JOHN))
    response = await api.request(
        method, f"/api/orders/{order['id']}", json={"status": "shipped", "quantity": 4}
    )
    changed = ok(response)
    assert response.headers["etag"].startswith('"2.')
    assert changed == order | {
        "status": "shipped",
        "quantity": 4,
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] > order["updated_at"]


async def test_change_to_the_same(api: httpx.AsyncClient) -> None:
    """A change that changes nothing succeeds and makes no new version."""
    order = created(await api.post("/api/orders", json=JOHN))
    response = await api.put(f"/api/orders/{order['id']}", json={"status": "pending"})
    assert ok(response) == order


async def test_delete(api: httpx.AsyncClient, database: Database) -> None:
    """DELETE answers 204, once; then the order is gone."""
    order = created(await api.post("/api/orders", json=JOHN))
    path = f"/api/orders/{order['id']}"
    response = await api.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    for gone in (api.get(path), api.delete(path), api.put(path, json={"quantity": 2})):
        problem(await gone, 404)
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


async def test_not_modified(api: httpx.AsyncClient) -> None:
    """If-None-Match with the order's ETag answers 304 without the order."""
    etag = (await api.post("/api/orders", json=JOHN)).headers["etag"]
    response = await api.get("/api/orders/1", headers={"If-None-Match": f"W/{etag}"})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag
    ok(await api.put("/api/orders/1", json={"quantity": 9}))
    ok(await api.get("/api/orders/1", headers={"If-None-Match": etag}))


async def test_etag_of_an_id_used_again(api: httpx.AsyncClient, database: Database) -> None:
    """The ETag of a deleted order is not that of the next one with its id and version."""
    etag = (await api.post("/api/orders", json=JOHN)).headers["etag"]
    assert (await api.delete("/api/orders/1")).status_code == 204
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO orders (id, customer_name, product_name) VALUES (1, 'Zoë', 'Lamp')"
        )
    again = await api.get("/api/orders/1", headers={"If-None-Match": etag})
    assert ok(again)["version"] == 1
    body = {"quantity": 5}
    problem(await api.put("/api/orders/1", json=body, headers={"If-Match": etag}), 412)
    ok(await api.put("/api/orders/1", json=body, headers={"If-Match": again.headers["etag"]}))


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_stale_version(api: httpx.AsyncClient, method: str) -> None:
    """If-Match with an old version answers 412 with the order as it is, and writes nothing."""
    created(await api.post("/api/orders", json=JOHN))
    now = ok(await api.put("/api/orders/1", json={"status": "processing"}))
    for stale in ('"1"', 'W/"2"', '"abc"', '"7", "9"'):
        body = {"status": "shipped"} if method == "PUT" else None
        headers = {"If-Match": stale}
        response = await api.request(method, "/api/orders/1", headers=headers, json=body)
        assert problem(response, 412)["order"] == now
        assert response.headers["etag"].startswith('"2.')
    assert ok(await api.get("/api/orders/1")) == now


async def test_current_version(api: httpx.AsyncClient) -> None:
    """If-Match that names the current version, or any, lets the change and the delete through."""
    for header in ("*", '"1"', '"7", "1"', '"1-gzip"'):
        changed, deleted = [created(await api.post("/api/orders", json=JOHN)) for _ in range(2)]
        headers = {"If-Match": header}
        path = f"/api/orders/{changed['id']}"
        ok(await api.put(path, json={"quantity": 5}, headers=headers))
        answer = await api.delete(f"/api/orders/{deleted['id']}", headers=headers)
        assert answer.status_code == 204, header


async def test_malformed_precondition(api: httpx.AsyncClient) -> None:
    """A malformed If-Match is an error that names the header; it is not ignored."""
    order = created(await api.post("/api/orders", json=JOHN))
    for header in ("1", '"1', "garbage", '"1" "2"'):
        headers = {"If-Match": header}
        for attempt in (
            api.put("/api/orders/1", json={"quantity": 5}, headers=headers),
            api.delete("/api/orders/1", headers=headers),
        ):
            problem(await attempt, 422, "If-Match")
    assert ok(await api.get("/api/orders/1")) == order


async def test_precondition_on_nothing(api: httpx.AsyncClient) -> None:
    """A condition on an order that does not exist answers 404."""
    headers = {"If-Match": '"1"'}
    problem(await api.put("/api/orders/1", json={"quantity": 5}, headers=headers), 404)
    problem(await api.delete("/api/orders/1", headers={"If-Match": "*"}), 404)


async def test_one_of_many_wins(api: httpx.AsyncClient) -> None:
    """Of concurrent changes of one version, one succeeds; the others get 412 with its result."""
    created(await api.post("/api/orders", json=JOHN))
    responses = await asyncio.gather(
        *(
            api.put("/api/orders/1", json={"quantity": n}, headers={"If-Match": '"1"'})
            for n in range(2, 22)
        )
    )
    won = [ok(each) for each in responses if each.status_code == 200]
    assert len(won) == 1
    for lost in (each for each in responses if each.status_code != 200):
        assert problem(lost, 412)["order"] == won[0]


async def test_change_and_delete_race(api: httpx.AsyncClient, database: Database) -> None:
    """A change that comes after the delete answers 404, never 500."""
    for n in range(1, 21):
        created(await api.post("/api/orders", json=JOHN))
        path, headers = f"/api/orders/{n}", {"If-Match": '"1"'}
        change, delete = await asyncio.gather(
            api.put(path, json={"quantity": 2}, headers=headers), api.delete(path)
        )
        assert delete.status_code == 204
        assert change.status_code in {200, 404}
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


async def test_row_written_by_sql(api: httpx.AsyncClient, database: Database) -> None:
    """A row of megabytes, written by SQL, is served, changed and deleted like any other."""
    note = "é\n" * (1024 * 1024)
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note text")
        connection.execute(
            "INSERT INTO orders (id, customer_name, product_name, note) VALUES (-5, 'A', 'P', %s)",
            [note],
        )
    assert ok(await api.get("/api/orders/-5"))["note"] == note
    changed = ok(await api.put("/api/orders/-5", json={"product_name": "Q"}))
    assert (changed["note"], changed["version"]) == (note, 2)
    stale = await api.delete("/api/orders/-5", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["order"]) == (412, changed)
    assert (await api.delete("/api/orders/-5")).status_code == 204


async def test_next_id_is_taken(api: httpx.AsyncClient, database: Database) -> None:
    """While rows with explicit ids are ahead of the sequence, POST answers 409."""
    with database.connect() as sql:
        sql.execute(
            "INSERT INTO orders (id, customer_name, product_name)"
            " SELECT last_value + is_called::int, 'Ada', 'Loom' FROM orders_id_seq"
        )
    refused = await api.post("/api/orders", json=JOHN)
    assert refused.status_code == 409
    assert "setval" in refused.json()["detail"]
    assert (await api.post("/api/orders", json=JOHN)).status_code == 201


async def test_media_types_answer_alike(api: httpx.AsyncClient) -> None:
    """The spelling of the media type makes no difference to the answer, except for id and times."""
    own = dict.fromkeys(("id", "created_at", "updated_at"))
    for body in (
        b'{"customer_name":"Ann","product_name":"Chair"}',
        b'{"customer_name":"Ann","product_name":"Chair","quantity":0}',
        b'{"customer_name":"Ann","product_name":"Chair","price":1}',
        b'{"customer_name":"Ann"',
        b"[]",
        b"",
    ):
        plain, thorough = [
            await api.post("/api/orders", content=body, headers={"Content-Type": kind})
            for kind in ("application/json", "application/json; charset=utf-8")
        ]
        assert plain.status_code == thorough.status_code, body
        assert set(plain.headers) == set(thorough.headers), body
        assert plain.json() | own == thorough.json() | own
