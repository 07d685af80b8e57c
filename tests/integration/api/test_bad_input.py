"""Bad input: a 4xx problem that names the field, and nothing is written."""

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.servers import Database

pytestmark = pytest.mark.anyio

GOOD: dict[str, object] = {"customer_name": "A", "product_name": "B"}
BAD_FIELDS: list[tuple[str, object]] = [
    ("customer_name", ""),
    ("customer_name", "   "),
    ("customer_name", "x" * 201),
    ("customer_name", "nul\x00"),
    ("customer_name", None),
    ("customer_name", 7),
    ("customer_name", ["A"]),
    ("customer_name", {"a": 1}),
    ("product_name", ""),
    ("product_name", "\t\n"),
    ("product_name", "y" * 60_000),
    ("product_name", True),
    ("quantity", 0),
    ("quantity", -1),
    ("quantity", 2**31),
    ("quantity", 10**30),
    ("quantity", 1.5),
    ("quantity", 1.0),
    ("quantity", "3"),
    ("quantity", True),
    ("quantity", None),
    ("status", "lost"),
    ("status", "PENDING"),
    ("status", ""),
    ("status", None),
    ("status", 1),
    ("id", 5),
    ("version", 1),
    ("created_at", "2026-01-01T00:00:00Z"),
    ("colour", "red"),
    ("__proto__", {}),
]
BAD_BODIES = [
    b"",
    b"{",
    b"not json",
    b'{"customer_name": "A",}',
    b"[]",
    b'"text"',
    b"null",
    b"7",
    b"\xff\xfe{}",
    b"[" * 60_000,
    b"1" * 60_000,
    b'{"a":' * 10_000,
]
BAD_QUERIES = [
    ("limit", "0"),
    ("limit", "-1"),
    ("limit", "1001"),
    ("limit", "ten"),
    ("limit", ""),
    ("limit", "9" * 5000),
    ("status", "lost"),
    ("offset", "-1"),
    ("offset", "100000001"),
    ("offset", "9" * 5000),
    ("cursor", "abc"),
    ("cursor", ""),
    ("cursor", "ü"),
    ("search", "\x00"),
    ("search", "x" * 201),
    ("customer_name", "\x00"),
    ("nonsense", "1"),
]
BAD_IDS = ["abc", "1.5", "9223372036854775808", "-9223372036854775809", "9" * 5000, "1%20OR%201=1"]
UNKNOWN_IDS = ["0", "-1", "999", "9223372036854775807", "-9223372036854775808"]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def nothing_written(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """Give a client of an API with one order, which must not change."""
    created(await api.post("/api/orders", json=GOOD))
    return api


def assert_untouched(database: Database) -> None:
    with database.connect() as connection:
        assert connection.execute(
            "SELECT (SELECT array_agg((version, customer_name)::text) FROM orders),"
            " (SELECT count(*) FROM order_outbox), (SELECT count(*) FROM idempotency_keys)"
        ).fetchone() == (["(1,A)"], 1, 0)


async def test_bad_fields(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """Each wrong value is refused by POST, PUT and PATCH, and its field is named."""
    for field, value in BAD_FIELDS:
        body = {field: value}
        for attempt in (
            nothing_written.post("/api/orders", json=GOOD | body),
            nothing_written.put("/api/orders/1", json=body),
            nothing_written.patch("/api/orders/1", json=body),
        ):
            problem(await attempt, 422, field)
    assert_untouched(database)


async def test_missing_fields(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """POST needs both names; PUT needs something to change."""
    problem(await nothing_written.post("/api/orders", json={}), 422, "product_name")
    problem(await nothing_written.post("/api/orders", json={"product_name": "B"}), 422)
    problem(await nothing_written.put("/api/orders/1", json={}), 422, "body")
    assert_untouched(database)


async def test_bad_bodies(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """A body that is not a JSON object is refused, however it is broken."""
    for body in BAD_BODIES:
        for method, path in (("POST", "/api/orders"), ("PUT", "/api/orders/1")):
            response = await nothing_written.request(method, path, content=body, headers=JSON)
            problem(response, 422, "body")
    assert_untouched(database)


async def test_lone_surrogates(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """Text with half of a surrogate pair is refused."""
    body = b'{"customer_name": "\\ud83d", "product_name": "B"}'
    problem(
        await nothing_written.post("/api/orders", content=body, headers=JSON), 422, "customer_name"
    )
    assert_untouched(database)


async def test_other_media_types(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """A form is refused, and the answer says to send JSON."""
    assert "JSON" in problem(await nothing_written.post("/api/orders", data=GOOD), 415)["detail"]
    assert_untouched(database)


async def test_large_bodies(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """A body over 64 kB is refused."""
    body = GOOD | {"customer_name": "x" * 70_000}
    problem(await nothing_written.post("/api/orders", json=body), 413)
    problem(await nothing_written.put("/api/orders/1", json=body), 413)
    assert_untouched(database)


async def test_bad_queries(nothing_written: httpx.AsyncClient) -> None:
    """A wrong or unknown query parameter is refused by name."""
    for field, value in BAD_QUERIES:
        problem(await nothing_written.get("/api/orders", params={field: value}), 422, field)
    for field, value in (("after", "-1"), ("after", "x"), ("limit", "0"), ("nonsense", "1")):
        for path in ("/api/events", "/api/orders/1/events"):
            problem(await nothing_written.get(path, params={field: value}), 422, field)
    for path in ("/api/orders/1", "/api/health"):
        problem(await nothing_written.get(path, params={"nonsense": "1"}), 422, "nonsense")
    answer = await nothing_written.post("/api/orders", params={"nonsense": "1"}, json=GOOD)
    problem(answer, 422, "nonsense")


async def test_tampered_cursors(nothing_written: httpx.AsyncClient) -> None:
    """A cursor in which any character was changed is refused by name."""
    for _ in range(2):
        created(await nothing_written.post("/api/orders", json=GOOD))
    page = ok(await nothing_written.get("/api/orders", params={"limit": 2}))
    token = page["next_cursor"]
    for index, character in enumerate(token):
        other = "B" if character != "B" else "C"
        tampered = token[:index] + other + token[index + 1 :]
        problem(
            await nothing_written.get("/api/orders", params={"cursor": tampered}), 422, "cursor"
        )


async def test_bad_ids(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """A malformed id answers 422, an unknown one 404."""
    for order_id in BAD_IDS:
        for suffix in ("", "/events"):
            problem(await nothing_written.get(f"/api/orders/{order_id}{suffix}"), 422, "order_id")
        problem(await nothing_written.delete(f"/api/orders/{order_id}"), 422, "order_id")
    for order_id in UNKNOWN_IDS:
        path = f"/api/orders/{order_id}"
        problem(await nothing_written.get(path), 404)
        problem(await nothing_written.get(f"{path}/events"), 404)
        problem(await nothing_written.put(path, json={"quantity": 2}), 404)
        problem(await nothing_written.delete(path), 404)
    assert_untouched(database)


async def test_bad_idempotency_keys(nothing_written: httpx.AsyncClient, database: Database) -> None:
    """A key is 1 to 200 visible ASCII characters."""
    for key in ("", "x" * 201, "with space", "tab\t", "\xe9"):
        headers = httpx.Headers({"Idempotency-Key": key}, encoding="latin-1")
        response = await nothing_written.post("/api/orders", json=GOOD, headers=headers)
        problem(response, 422, "Idempotency-Key")
    assert_untouched(database)


async def test_unknown_paths_and_methods(api: httpx.AsyncClient) -> None:
    """An unknown path answers 404, an unsupported method 405 with Allow; both as problems."""
    for path in ("/", "/api", "/api/nothing", "/api/orders/", "/api/orders/1/nothing"):
        problem(await api.get(path), 404)
    for method, path in (
        ("PUT", "/api/orders"),
        ("POST", "/api/orders/1"),
        ("PUT", "/api/health"),
    ):
        response = await api.request(method, path)
        problem(response, 405)
        assert "GET" in response.headers["allow"]
    everything = (await api.request("POST", "/api/orders/1")).headers["allow"]
    assert everything == "DELETE, GET, PATCH, PUT"
