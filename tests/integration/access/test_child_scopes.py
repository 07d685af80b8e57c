"""Restricted tokens and the children of orders: only rows with the restricting column are visible.

``order_lines`` lacks the column ``store``, ``order_notes`` has it. SECRET must not reach Berlin.
"""

import json
import re
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.guarded import Guarded
from harness.signing import bearer, token
from harness.waiting import until

TABLES = (
    "ALTER TABLE orders ADD COLUMN store text",
    """CREATE TABLE order_lines (id bigserial PRIMARY KEY, sku text,
                                order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE)""",
    """CREATE TABLE order_notes (id bigserial PRIMARY KEY, text text, store text,
                                order_id bigint REFERENCES orders ON DELETE CASCADE)""",
    "SELECT watch_table('order_lines'), watch_table('order_notes')",
)
ORDER = {"customer_name": "Ann", "product_name": "Lamp", "store": "Berlin"}
ROWS: dict[str, list[Any]] = {"store": ["Berlin"]}
CHILDREN = "include=order_lines,order_notes"


@pytest.fixture(scope="module")
def ids(guarded: Guarded) -> dict[str, int]:
    """Create orders of two stores with lines and notes; return ids by what they are."""
    guarded.sql(*TABLES)
    with guarded.client(token("admin", subject="clerk")) as client:
        until(lambda: "order_notes" in client.get("/api/schema").text, 5)

        def create(store: str, *notes: tuple[str, str]) -> dict[str, Any]:
            return created(
                client.post(
                    "/api/orders",
                    json={
                        **ORDER,
                        "store": store,
                        "order_lines": [{"sku": "SECRET sku"}],
                        "order_notes": [{"store": store, "text": text} for store, text in notes],
                    },
                )
            )

        ours = create("Berlin", ("Berlin", "ours"), ("Rome", "SECRET note"))
        theirs = create("Rome", ("Rome", "SECRET theirs"), ("Berlin", "lent"))
        left = create("Berlin", ("Berlin", "stays"))
        ok(client.patch(f"/api/orders/{left['id']}", json={"store": "Rome"}))
        ok(
            client.patch(
                f"/api/tables/order_notes/{ours['order_notes'][1]['id']}",
                json={"text": "SECRET text"},
            )
        )
    guarded.sql()
    return {
        "ours": ours["id"],
        "theirs": theirs["id"],
        "left": left["id"],
        "line": ours["order_lines"][0]["id"],
        "our note": ours["order_notes"][0]["id"],
        "their note": ours["order_notes"][1]["id"],
        "lent note": theirs["order_notes"][1]["id"],
    }


@pytest.fixture
def berlin() -> str:
    """Return an admin's token restricted to the store in Berlin."""
    return token("admin", rows=ROWS, subject="berlin")


@pytest.mark.parametrize(
    "path",
    [
        f"/api/orders?{CHILDREN}",
        f"/api/orders?{CHILDREN}&sort=-store&limit=1",
        "/api/orders/{ours}?" + CHILDREN,
        "/api/orders/{theirs}?" + CHILDREN,
        "/api/orders/{left}?" + CHILDREN,
        "/api/orders/{ours}/events",
        "/api/orders/{theirs}/events",
        "/api/orders/{left}/events",
        "/api/events?limit=10000",
        "/api/tables/order_lines",
        "/api/tables/order_lines?sort=sku&search=SECRET",
        "/api/tables/order_lines?sku.gte=S",
        "/api/tables/order_lines?order_id={ours}",
        "/api/tables/order_lines/{line}",
        "/api/tables/order_notes?limit=1&sort=text",
        "/api/tables/order_notes?text.gt=A&store.not=Berlin",
        "/api/tables/order_notes?store=Rome",
        "/api/tables/order_notes?search=SECRET",
        "/api/tables/order_notes?id={their note}",
        "/api/tables/order_notes/{their note}",
    ],
)
def test_answers_hold_no_hidden_row(
    guarded: Guarded, ids: dict[str, int], berlin: str, path: str
) -> None:
    """No answer has anything of a child without the column, or with another value in it."""
    with guarded.client(berlin) as client:
        answer = client.get(path.format(**ids))
    assert answer.status_code in (200, 404)
    assert "SECRET" not in answer.text
    assert not re.search(r'"(orders|rows)":\[\],"next_cursor":"', answer.text)


def test_what_is_visible(guarded: Guarded, ids: dict[str, int], berlin: str) -> None:
    """Notes of Berlin are visible wherever they are read; no line is, by any condition."""
    with guarded.client(berlin) as client:
        ours = ok(client.get(f"/api/orders/{ids['ours']}?{CHILDREN}"))
        assert (ours["order_lines"], len(ours["order_notes"])) == ([], 1)
        for query in ("", "?sort=sku", "?sku=SECRET%20sku", f"?order_id={ids['ours']}"):
            page = ok(client.get(f"/api/tables/order_lines{query}"))
            assert (page["rows"], page["next_cursor"]) == ([], None)
        notes = ok(client.get("/api/tables/order_notes?sort=id"))["rows"]
        assert [note["text"] for note in notes] == ["ours", "lent", "stays"]
        events = ok(client.get(f"/api/orders/{ids['ours']}/events"))
        seen = [(event["table"], event["operation"]) for event in events["events"]]
        assert seen == [("orders", "INSERT"), ("order_notes", "INSERT")]
        assert events["last"] == events["events"][-1]["position"]


def test_history_of_hidden_orders(guarded: Guarded, ids: dict[str, int], berlin: str) -> None:
    """The history of an order out of scope is not found, even if it was in scope or a note is."""
    with guarded.client(berlin) as client:
        unknown = client.get("/api/orders/999999/events").content
        for name in ("theirs", "left"):
            for after in (0, 1, 10**6):
                answer = client.get(f"/api/orders/{ids[name]}/events?after={after}")
                problem(answer, 404)
                assert answer.content == unknown


def test_hidden_children_cannot_be_changed(
    guarded: Guarded, ids: dict[str, int], berlin: str
) -> None:
    """Changing or deleting a hidden child gets the same 404 as one that does not exist."""
    with guarded.client(berlin) as client:
        missing = client.get("/api/tables/order_lines/999999").content
        for path in (f"order_lines/{ids['line']}", f"order_notes/{ids['their note']}"):
            for answer in (
                client.patch(f"/api/tables/{path}", json={"order_id": ids["ours"]}),
                client.delete(f"/api/tables/{path}"),
                client.delete(f"/api/tables/{path}", headers={"If-Match": '"1"'}),
            ):
                problem(answer, 404)
                assert answer.content == missing


def test_creating_children(guarded: Guarded, ids: dict[str, int], berlin: str) -> None:
    """A child is created within the scope, and below an order within the scope; else nothing is."""
    note = {"text": "new", "store": "Berlin"}
    counts = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_notes)"
    with guarded.client(berlin) as client, guarded.pipeline.database.connect() as sql:
        before = sql.execute(counts).fetchone()
        for children, place in (
            ({"order_lines": [{"sku": "x"}]}, "order_lines[0]"),
            ({"order_notes": [note, {**note, "store": "Rome"}]}, "order_notes[1]"),
            ({"order_notes": [note, note, {"text": "no store"}]}, "order_notes[2]"),
        ):
            refused = problem(client.post("/api/orders", json={**ORDER, **children}), 403)
            assert place in refused["detail"]
        problem(client.post("/api/tables/order_lines", json={"order_id": ids["ours"]}), 403)
        for order in ("theirs", "left"):
            problem(
                client.post("/api/tables/order_notes", json={**note, "order_id": ids[order]}), 403
            )
        moved = client.patch(
            f"/api/tables/order_notes/{ids['our note']}", json={"order_id": ids["theirs"]}
        )
        problem(moved, 403)
        assert sql.execute(counts).fetchone() == before
        whole = created(client.post("/api/orders", json={**ORDER, "order_notes": [note]}))
        assert [each["text"] for each in whole["order_notes"]] == ["new"]
        created(client.post("/api/tables/order_notes", json={**note, "order_id": ids["ours"]}))


def test_roles(guarded: Guarded, ids: dict[str, int]) -> None:
    """A viewer creates no children; a clerk creates but deletes none."""
    body = {"order_id": ids["ours"], "sku": "x"}
    with guarded.client(token("viewer")) as client:
        problem(client.post("/api/tables/order_lines", json=body), 403)
        problem(client.post("/api/orders", json={**ORDER, "order_lines": []}), 403)
    with guarded.client(token("clerk")) as client:
        line = created(client.post("/api/tables/order_lines", json=body))
        problem(client.delete(f"/api/tables/order_lines/{line['id']}"), 403)


CHANGES = (
    "INSERT INTO order_lines (order_id, sku) VALUES ({ours}, 'SECRET live')",
    "INSERT INTO order_notes (order_id, text, store) VALUES ({ours}, 'SECRET live', 'Rome')",
    "INSERT INTO order_notes (order_id, text, store) VALUES ({ours}, 'live', 'Berlin')",
    "UPDATE order_notes SET text = 'SECRET later', store = 'Rome' WHERE text = 'live'",
    "DELETE FROM order_lines WHERE sku = 'SECRET live'",
)


@pytest.mark.parametrize(
    "tables", [None, {"order_lines": {}, "order_notes": {}}, {"order_notes": {"store": ["Rome"]}}]
)
def test_live(guarded: Guarded, ids: dict[str, int], berlin: str, tables: Any) -> None:
    """The stream shows notes of Berlin, and LEAVE; no subscription shows more."""
    follower = guarded.follow(berlin)
    if tables is not None:
        follower.send({"type": "subscribe", "tables": tables})
        follower.next("subscribed")
    head = guarded.sql(*(change.format(**ids) for change in CHANGES))
    with follower:
        follower.until(head)
    assert "SECRET" not in json.dumps(follower.events)
    seen = [(event["table"], event["operation"]) for event in follower.events]
    both = [("order_notes", "INSERT"), ("order_notes", "LEAVE")]
    assert seen == ([] if tables and "order_lines" not in tables else both)


def test_server_sent_events(guarded: Guarded, ids: dict[str, int], berlin: str) -> None:
    """``/sse`` shows no more than ``/ws``, from the log as live."""
    head = guarded.sql(*(change.format(**ids) for change in CHANGES))
    url = guarded.gateway.ws_url.replace("ws", "http", 1).removesuffix("/ws") + "/sse?after=0"
    text = ""
    with httpx.stream("GET", url, headers=bearer(berlin), timeout=10) as answer:
        for line in answer.iter_lines():
            text += line
            found = re.findall(r'"(?:last|position)":([0-9]+)', line)
            if line.startswith("data:") and '"hello"' not in line and head in map(int, found):
                break
    assert '"order_notes"' in text
    assert '"order_lines"' not in text
    assert "SECRET" not in text
