"""Tokens restricted by a column of the owner's: what their holder reads and writes of the API."""

from typing import Any

import pytest

from harness.answers import created, ok, problem
from harness.guarded import Guarded
from harness.signing import token
from harness.waiting import until
from orders_contract.matching import Scope, Selection, seen
from orders_contract.schema import Schema

ORDER = {"customer_name": "Ann", "product_name": "Lamp"}


@pytest.fixture(scope="module")
def stores(guarded: Guarded) -> dict[str, int]:
    """Add a store, a floor and a price; return ids of orders by what they are examples of."""
    guarded.sql(
        "ALTER TABLE orders ADD COLUMN store text, ADD COLUMN floor integer,"
        " ADD COLUMN price numeric(9, 2) DEFAULT 5, ADD COLUMN size integer CHECK (size IN (1, 2))"
    )
    with guarded.client(token("admin")) as client:
        until(lambda: '"floor"' in client.get("/api/schema").text, 5)

        def create(**columns: Any) -> int:
            order = {"customer_name": "Ann", "product_name": "SECRET", **columns}
            number: int = created(client.post("/api/orders", json=order))["id"]
            return number

        ids = {
            "ours": create(store="Berlin", floor=1, product_name="Lamp"),
            "other store": create(store="Rome", floor=1),
            "other floor": create(store="Berlin", floor=2),
            "no store": create(floor=1),
            "other case": create(store="berlin", floor=1),
            "left": create(store="Berlin", floor=1, product_name="Chair"),
        }
        ok(
            client.patch(
                f"/api/orders/{ids['left']}", json={"store": "Rome", "price": 77, "size": 2}
            )
        )
        ok(client.patch(f"/api/orders/{ids['left']}", json={"product_name": "SECRET"}))
    guarded.sql()
    return ids


OURS: dict[str, list[Any]] = {"store": ["Berlin", "Paris"], "floor": [1]}


def restricted(rows: dict[str, list[Any]], role: str = "admin") -> str:
    return token(role, rows=rows)


def test_reading(guarded: Guarded, stores: dict[str, int]) -> None:
    """Only rows that have an allowed value in every restricting column are visible."""
    with guarded.client(restricted(OURS)) as client:
        assert [each["id"] for each in ok(client.get("/api/orders"))["orders"]] == [stores["ours"]]
        assert sum(ok(client.get("/api/orders/counts"))["counts"].values()) == 1
        suggested = ok(client.get("/api/values/orders/product_name"))["values"]
        assert suggested == ["Lamp"]
        exported = client.get("/api/export/orders?columns=id").text
        assert exported.split() == ["id", str(stores["ours"])]
        for name, number in stores.items():
            answer = client.get(f"/api/orders/{number}")
            assert answer.status_code == (200 if name == "ours" else 404), name
        for path in ("/api/orders?store=Rome", "/api/orders?search=SECRET", "/api/events"):
            assert "SECRET" not in client.get(path).text


@pytest.mark.parametrize(
    "rows",
    [
        {"nothing": ["x"]},
        {"floor": ["one"]},
        {"floor": [True]},
        {"store": [1]},
        {"store": ["Berlin"], "nothing": ["x"]},
    ],
)
def test_nothing_is_visible(
    guarded: Guarded, stores: dict[str, int], rows: dict[str, list[Any]]
) -> None:
    """Under a scope on an unknown column, or on an impossible value, no row is accessible."""
    assert stores
    with guarded.client(restricted(rows)) as client:
        assert ok(client.get("/api/orders"))["orders"] == []
        assert ok(client.get("/api/events?limit=10000"))["events"] == []
        assert sum(ok(client.get("/api/pulse"))["orders"]) == 0
        assert sum(ok(client.get("/api/pulse"))["changes"]) == 0
        assert ok(client.get("/api/activity"))["groups"] == []
        problem(client.post("/api/orders", json=ORDER), 403)


def test_only_visible_changes_are_counted(guarded: Guarded, stores: dict[str, int]) -> None:
    """A row that fulfils one half of a scope before a change and the other after it is not seen."""
    crossing = stores["other floor"]
    guarded.sql(
        f"UPDATE orders SET store = 'Rome', floor = 1 WHERE id = {crossing}",
        f"UPDATE orders SET store = 'Berlin', floor = 2 WHERE id = {crossing}",
    )
    with guarded.client(restricted(OURS)) as client:
        events = ok(client.get("/api/events?limit=10000"))["events"]
        groups = ok(client.get("/api/activity"))["groups"]
        changes = ok(client.get("/api/pulse"))["changes"]
    assert crossing not in [event["order_id"] for event in events]
    assert sum(group["events"] for group in groups) == len(events) == sum(changes)


@pytest.mark.parametrize("rows", [{"price": [77.0]}, {"size": [2.0]}, {"size": ["2.0"]}])
def test_numbers_of_any_spelling(
    guarded: Guarded, stores: dict[str, int], rows: dict[str, list[Any]]
) -> None:
    """A number in a token is compared as a number."""
    with guarded.client(restricted({"store": ["Rome"], **rows})) as client:
        assert [each["id"] for each in ok(client.get("/api/orders"))["orders"]] == [stores["left"]]


def test_writing(guarded: Guarded, stores: dict[str, int]) -> None:
    """Rows are created within the scope, by what they become, and do not leave it."""
    assert stores
    with guarded.client(restricted(OURS)) as client:
        before = len(ok(client.get("/api/orders"))["orders"])
        problem(client.post("/api/orders", json=ORDER), 403)
        problem(client.post("/api/orders", json=ORDER | {"store": "Rome", "floor": 1}), 403)
        problem(client.post("/api/orders", json=ORDER | {"store": "Berlin"}), 403)
        own = created(client.post("/api/orders", json=ORDER | {"store": "Paris", "floor": 1}))
        path = f"/api/orders/{own['id']}"
        problem(client.patch(path, json={"floor": 2}), 403)
        problem(client.patch(path, json={"store": None}), 403)
        assert ok(client.get(path)) == own
        assert ok(client.patch(path, json={"store": "Berlin"}))["version"] == 2
        assert len(ok(client.get("/api/orders"))["orders"]) == before + 1
        for name, number in stores.items():
            if name != "ours":
                problem(client.patch(f"/api/orders/{number}", json={"floor": 1}), 404)
                problem(client.delete(f"/api/orders/{number}"), 404)
        assert client.delete(path).status_code == 204


def test_default_within_the_scope(guarded: Guarded, stores: dict[str, int]) -> None:
    """A value that the database fills in is checked against the scope like one that is sent."""
    assert stores
    with guarded.client(restricted({"price": [5]})) as client:
        created(client.post("/api/orders", json=ORDER))
        problem(client.post("/api/orders", json=ORDER | {"price": 6}), 403)


def test_history_of_an_order_that_left(guarded: Guarded, stores: dict[str, int]) -> None:
    """The history of an order that left the scope is not found, as that of any other."""
    with guarded.client(restricted(OURS)) as client:
        unknown = client.get("/api/orders/999999/events").content
        for name in ("left", "other store", "no store", "other case"):
            answer = client.get(f"/api/orders/{stores[name]}/events")
            problem(answer, 404)
            assert answer.content == unknown


def test_who_am_i(guarded: Guarded) -> None:
    """The holder of a token can read its restriction."""
    with guarded.client(restricted(OURS, "viewer")) as client:
        assert ok(client.get("/api/me"))["rows"] == OURS
        assert ok(client.get("/api/me"))["customers"] is None
    both = {"customer_name": ["Ann"], "store": ["Berlin"]}
    for rows, customers in ({"customer_name": ["Ann"]}, ["Ann"]), (both, None):
        with guarded.client(restricted(rows)) as client:
            assert ok(client.get("/api/me"))["customers"] == customers


KINDS = (
    """CREATE TABLE samples (
        id bigserial PRIMARY KEY, text text, fixed character(5), level integer,
        amount numeric(9, 2), ratio double precision, flag boolean, day date, at timestamptz,
        mark uuid, was text, size text CHECK (size IN ('S', 'M')), weight real DEFAULT 0.3,
        rate numeric(4, 2) DEFAULT 0.5 CHECK (rate IN (0.5, 1.5)), rank int CHECK (rank IN (1, 2)),
        since timestamptz DEFAULT '2026-01-01Z' CHECK (since IN ('2026-01-01Z', '2026-01-02Z')))""",
    "SELECT watch_table('samples')",
    """INSERT INTO samples (text, fixed, level, amount, ratio, flag, day, at, mark, was, size)
       SELECT 'a%' || n, 'b' || n, n, n + 0.50, n / 2.0, n > 1, date '2026-01-01' + n,
              timestamptz '2026-01-01 00:00:00+00' + n * interval '1 hour',
              ('00000000-0000-0000-0000-00000000000' || n)::uuid, n::text, substr('SMS', n, 1)
         FROM generate_series(1, 3) AS n""",
    "UPDATE samples SET rank = 1, rate = 1.5 WHERE id = 1",
    "UPDATE samples SET level = level + 1, text = 'a%1', flag = NOT flag, amount = 2.5",
    "ALTER TABLE samples ALTER was TYPE integer USING was::integer",
    "INSERT INTO samples (was, ratio) VALUES (2, 'NaN'), (3, 'Infinity')",
    "DELETE FROM samples WHERE id = 3",
)


@pytest.fixture(scope="module")
def samples(guarded: Guarded) -> list[dict[str, Any]]:
    """Record changes of rows with a column of each kind; return all events of the log."""
    guarded.sql(*KINDS)
    with guarded.client(token("admin")) as client:
        until(lambda: "samples" in client.get("/api/schema").text, 5)
        events: list[dict[str, Any]] = ok(client.get("/api/events?limit=10000"))["events"]
        return events


@pytest.mark.parametrize(
    "rows",
    [
        {"text": ["a%1"]},
        {"text": [1]},
        {"fixed": ["b2"]},
        {"level": [2]},
        {"level": ["2", "3"]},
        {"amount": [2.5]},
        {"amount": ["2.500"]},
        {"ratio": [0.5, 1.0]},
        {"ratio": ["NaN"]},
        {"flag": [True]},
        {"flag": [1]},
        {"day": ["2026-01-03"]},
        {"at": ["2026-01-01T03:00:00+02:00"]},
        {"mark": ["00000000-0000-0000-0000-000000000002"]},
        {"was": [2]},
        {"was": ["2"]},
        {"size": ["S"], "flag": [True, False]},
        {"weight": [0.30000000000000004]},
        {"rate": [0.5]},
        {"rate": ["1.50"]},
        {"rank": [1]},
        {"rank": ["1"]},
        {"since": ["2026-01-01 00:00:00+00"]},
    ],
)
def test_rows_and_log_have_what_matches(
    guarded: Guarded, samples: list[dict[str, Any]], rows: dict[str, list[Any]]
) -> None:
    """I11: a restricted token sees what ``matching`` shows, for values of every kind."""
    with guarded.client(token("admin")) as client:
        stored = ok(client.get("/api/tables/samples"))["rows"]
    with guarded.client(restricted(rows)) as client:
        schema = Schema.parse(client.get("/api/schema").text)
        shown = ok(client.get("/api/events?limit=10000"))["events"]
        pulse = sum(ok(client.get("/api/pulse"))["changes"])
        listed = ok(client.get("/api/tables/samples"))["rows"]
    selection = Selection(scope=Scope(rows, schema))
    visible = Scope(rows, schema).filter("samples")
    assert visible is not None
    assert listed == [row for row in stored if visible.matches(row)]
    matching = [seen(event, selection) for event in samples]
    assert shown == [event for event in matching if event is not None]
    # A count compares texts: the number that a column of texts became has the same.
    assert pulse <= len(shown) or "was" in rows
