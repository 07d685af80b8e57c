"""The reads and writes of a restricted token through the API."""

from typing import Any

import pytest

from harness.answers import created, ok, problem
from harness.guarded import OTHERS, OURS, Guarded
from harness.signing import token

ORDER = {"customer_name": OURS, "product_name": "Laptop"}


@pytest.fixture(scope="module")
def orders(guarded: Guarded) -> dict[str, int]:
    """Create orders of Ann and of others with every kind of history; return their ids by name."""
    with guarded.client(token("admin", subject="clerk")) as client:

        def create(customer: str, product: str) -> int:
            order = {"customer_name": customer, "product_name": product}
            number: int = created(client.post("/api/orders", json=order))["id"]
            return number

        def change(number: int, **fields: Any) -> None:
            ok(client.put(f"/api/orders/{number}", json=fields))

        ids = {
            "ours": create(OURS, "Laptop"),
            "others": create(OTHERS, "SECRET thing"),
            "entered": create(OTHERS, "SECRET past"),
            "left": create(OURS, "Chair"),
            "others deleted": create(OTHERS, "SECRET end"),
            "ours deleted": create(OURS, "Lamp"),
        }
        change(ids["others"], status="shipped")
        change(ids["entered"], product_name="Desk", customer_name=OURS)
        change(ids["left"], product_name="SECRET future", customer_name=OTHERS)
        change(ids["left"], quantity=77)
        for name in ("others deleted", "ours deleted"):
            assert client.delete(f"/api/orders/{ids[name]}").status_code == 204
    guarded.sql()
    return ids


ASKED = [
    "/api/orders",
    "/api/orders?limit=1000&status=pending&status=shipped",
    "/api/orders?customer_name=Bob%20SECRET",
    "/api/orders?customer_name=Ann&customer_name=Bob%20SECRET",
    "/api/orders?search=SECRET",
    "/api/orders?search={others}",
    "/api/orders?search=%25",
    "/api/orders?search=_",
    "/api/orders/counts",
    "/api/pulse",
    "/api/events",
    "/api/events?after=0&limit=10000",
    "/api/events?after={others}&limit=1",
    "/api/activity",
    "/api/activity?operation=UPDATE&operation=DELETE",
    "/api/activity?since=2026-01-01T00:00:00Z&after=1",
    "/api/activity/actors",
    "/api/orders/{others}",
    "/api/orders/{left}",
    "/api/orders/{entered}",
    "/api/orders/{others}/events",
    "/api/orders/{left}/events",
    "/api/orders/{entered}/events",
    "/api/orders/{others deleted}/events",
    "/api/orders/{ours deleted}/events",
    "/api/me",
    "/api/health",
]


@pytest.mark.parametrize("path", ASKED)
def test_answers_hold_nothing_outside_the_scope(
    guarded: Guarded, orders: dict[str, int], ann: str, path: str
) -> None:
    """No answer to Ann contains data of others' orders."""
    with guarded.client(ann) as client:
        answer = client.get(path.format(**orders))
    assert answer.status_code in (200, 404)
    assert "SECRET" not in answer.text
    assert "SECRET" not in str(answer.headers)
    assert '"quantity":77' not in answer.text


@pytest.mark.parametrize("name", ["others", "left", "others deleted"])
def test_orders_outside_the_scope_are_not_found(
    guarded: Guarded, orders: dict[str, int], ann: str, name: str
) -> None:
    """Reading, changing or deleting another's order gets 404."""
    path = f"/api/orders/{orders[name]}"
    with guarded.client(ann) as client:
        missing = client.get("/api/orders/999999").content
        for answer in (
            client.get(path),
            client.put(path, json={"status": "cancelled"}),
            client.patch(path, json={"customer_name": OURS}),
            client.put(path, json={"status": "cancelled"}, headers={"If-Match": '"1"'}),
            client.delete(path),
            client.delete(path, headers={"If-Match": '"999"'}),
        ):
            problem(answer, 404)
            assert answer.content == missing


def test_history_outside_the_scope_is_not_found(
    guarded: Guarded, orders: dict[str, int], ann: str
) -> None:
    """The history of an order that is not Ann's, or not any more, gets 404."""
    with guarded.client(ann) as client:
        for name in ("others", "others deleted", "left"):
            problem(client.get(f"/api/orders/{orders[name]}/events"), 404)


def test_history_within_the_scope(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """History has no old values of an order that entered, and all events of a deleted one."""
    with guarded.client(ann) as client:
        entered = ok(client.get(f"/api/orders/{orders['entered']}/events"))["events"]
        gone = ok(client.get(f"/api/orders/{orders['ours deleted']}/events"))["events"]
    assert [event["operation"] for event in entered] == ["UPDATE"]
    assert (entered[0]["changed"], entered[0]["actor"]) == (None, None)
    assert [event["operation"] for event in gone] == ["INSERT", "DELETE"]


def test_counts_and_pulse_respect_the_scope(
    guarded: Guarded, orders: dict[str, int], ann: str
) -> None:
    """Counts and pulse include visible orders only."""
    assert orders
    with guarded.client(ann) as client:
        listed = ok(client.get("/api/orders"))["orders"]
        counts = ok(client.get("/api/orders/counts"))["counts"]
        pulse = ok(client.get("/api/pulse"))
        events = ok(client.get("/api/events?limit=10000"))
    assert sum(counts.values()) == len(listed)
    assert sum(pulse["orders"]) == len(listed)
    assert sum(pulse["changes"]) == len(events["events"]) >= sum(pulse["recent"])
    assert events["last"] == events["position"]


def test_activity_respects_the_scope(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """Groups count visible events only; who changed what of them shows in the events alone."""
    assert orders
    with guarded.client(ann) as client:
        groups = ok(client.get("/api/activity"))["groups"]
        events = ok(client.get("/api/events?limit=10000"))["events"]
    assert sum(group["events"] for group in groups) == len(events)
    assert {group["actor"] for group in groups} == {None}
    assert {group["columns"] for group in groups} == {None}
    sample = [event for group in groups for event in group["sample"]]
    assert sorted(sample, key=lambda event: event["position"]) == events


def test_opened_groups_and_actors_respect_the_scope(
    guarded: Guarded, orders: dict[str, int], ann: str
) -> None:
    """A group opens into its visible events; a hidden event opens nothing; others are not named."""
    assert orders
    with guarded.client(ann) as client:
        visible = ok(client.get("/api/events?limit=10000"))
        opened: dict[int, Any] = {}
        for group in ok(client.get("/api/activity"))["groups"]:
            page = ok(client.get(f"/api/activity/events?first=1&last={group['last']}&limit=100"))
            opened |= {event["position"]: event for event in page["events"]}
        assert [opened[each] for each in sorted(opened)] == visible["events"]
        for position in range(1, visible["position"] + 1):
            if position not in opened:
                path = f"/api/activity/events?first=1&last={position}"
                problem(client.get(path), 404)
        me = ok(client.get("/api/me"))["subject"]
        named = ok(client.get("/api/activity/actors"))["actors"]
        assert named == [{"name": me, "changed_at": None}]
        assert ok(client.get(f"/api/activity?actor={me}"))["groups"] == []
        problem(client.get("/api/activity?actor=Bob"), 422, "actor")


def test_pages_respect_the_scope(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """Cursors lead through visible orders only, even a cursor of another client."""
    assert orders
    with guarded.client(ann) as client, guarded.client(token()) as anyone:
        seen, cursor = [], ""
        while cursor is not None:
            page = ok(client.get(f"/api/orders?limit=1{cursor and '&cursor=' + cursor}"))
            seen += [order["id"] for order in page["orders"]]
            cursor = page["next_cursor"]
        foreign = ok(anyone.get("/api/orders?limit=1"))["next_cursor"]
        answer = client.get(f"/api/orders?cursor={foreign}")
        assert "SECRET" not in answer.text
    with guarded.client(ann) as client:
        assert seen == [order["id"] for order in ok(client.get("/api/orders"))["orders"]]


def test_events_go_on_from_last(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """A page of events without visible ones still says how far it goes."""
    assert orders
    with guarded.client(ann) as client:
        positions, after, head = [], 0, 1
        while after < head:
            page = ok(client.get(f"/api/events?after={after}&limit=2"))
            assert after < page["last"] <= after + 2
            positions += [event["position"] for event in page["events"]]
            after, head = page["last"], page["position"]
        whole = ok(client.get("/api/events?limit=10000"))["events"]
    assert positions == [event["position"] for event in whole]


def test_writing_for_others_is_refused(guarded: Guarded, ann: str) -> None:
    """An order outside the scope cannot be created, and one inside cannot be moved out."""
    with guarded.client(ann) as client:
        order = created(client.post("/api/orders", json=ORDER))
        problem(client.post("/api/orders", json={**ORDER, "customer_name": "Bob"}), 403)
        path = f"/api/orders/{order['id']}"
        problem(client.put(path, json={"customer_name": "Bob"}), 403)
        assert ok(client.get(path)) == order


def test_many_rows_respect_the_scope(guarded: Guarded, ann: str) -> None:
    """Of many rows those in scope change, as long as they stay there; the log names the sender."""
    with guarded.client(token("clerk", subject="chief")) as client:
        ids = [
            created(client.post("/api/orders", json=ORDER | {"customer_name": customer}))["id"]
            for customer in (OURS, OTHERS, OURS)
        ]
    named = {"rows": [{"key": {"id": number}} for number in ids]}

    def statuses(method: str, body: dict[str, Any]) -> list[int]:
        answer = ok(client.request(method, "/api/orders", json=body))
        return [row["status"] for row in answer["rows"]]

    with guarded.client(ann) as client:
        assert statuses("PATCH", named | {"set": {"quantity": 44}}) == [200, 404, 200]
        assert statuses("PATCH", named | {"set": {"customer_name": OTHERS}}) == [403, 404, 403]
        listed = ok(client.get("/api/orders", params={"quantity": 44}))["orders"]
        assert {(order["id"], order["customer_name"]) for order in listed} == {
            (ids[0], OURS),
            (ids[2], OURS),
        }
        assert statuses("DELETE", named) == [204, 404, 204]
    guarded.sql()
    with guarded.client(token("viewer")) as client:
        events = ok(client.get(f"/api/orders/{ids[0]}/events"))["events"]
    assert [event["actor"] for event in events] == ["chief", "ann", "ann"]


def test_idempotency_keys_belong_to_a_subject(guarded: Guarded) -> None:
    """Idempotency keys belong to a subject: another's key does not return the first answer."""
    ids = set()
    for subject in ("first", "second"):
        with guarded.client(token("clerk", [OURS], subject=subject)) as client:
            answers = [
                client.post("/api/orders", json=ORDER, headers={"Idempotency-Key": "same"})
                for _ in range(2)
            ]
            assert answers[0].json() == answers[1].json()
            ids.add(answers[0].json()["id"])
    assert len(ids) == 2


def test_empty_scope_sees_nothing(guarded: Guarded, orders: dict[str, int]) -> None:
    """A token with an empty list of customers sees nothing."""
    assert orders
    with guarded.client(token("admin", [])) as client:
        assert ok(client.get("/api/orders"))["orders"] == []
        assert ok(client.get("/api/events?limit=10000"))["events"] == []
        assert set(ok(client.get("/api/orders/counts"))["counts"].values()) == {0}
        problem(client.get(f"/api/orders/{orders['ours']}"), 404)
        problem(client.post("/api/orders", json=ORDER), 403)


def test_actor_is_the_subject(guarded: Guarded) -> None:
    """The actor in history is the token's subject, and null for psql."""
    with guarded.client(token("admin", subject="ann@example.com")) as client:
        order = created(client.post("/api/orders", json=ORDER))
        client.put(f"/api/orders/{order['id']}", json={"status": "shipped"})
        guarded.sql(f"UPDATE orders SET quantity = 5 WHERE id = {order['id']}")
        events = ok(client.get(f"/api/orders/{order['id']}/events"))["events"]
    assert [event["actor"] for event in events] == ["ann@example.com", "ann@example.com", None]


def test_actor_cannot_be_chosen(guarded: Guarded) -> None:
    """A subject that looks like SQL is stored as it is."""
    subject = "'; DROP TABLE orders; --"
    with guarded.client(token("clerk", subject=subject)) as client:
        order = created(client.post("/api/orders", json=ORDER))
        guarded.sql()
        events = ok(client.get(f"/api/orders/{order['id']}/events"))["events"]
    assert events[0]["actor"] == subject
