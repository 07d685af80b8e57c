"""The API as an attacker asks it: without a token, with a bad one, with another customer's."""

import json
import re
import time
from typing import Any

import httpx
import pytest

import headers
from answers import created, ok, problem
from attacks import Entrance
from guarded import OTHERS, OURS, Guarded
from texts import NO_TEXT, STRANGE, named, refused
from tokens import ASKING, SECRET, bearer, token

NEEDS = {
    ("get", "/api/orders"): "viewer",
    ("post", "/api/orders"): "clerk",
    ("get", "/api/orders/counts"): "viewer",
    ("get", "/api/pulse"): "viewer",
    ("get", "/api/orders/{order_id}"): "viewer",
    ("put", "/api/orders/{order_id}"): "clerk",
    ("patch", "/api/orders/{order_id}"): "clerk",
    ("delete", "/api/orders/{order_id}"): "admin",
    ("get", "/api/orders/{order_id}/events"): "viewer",
    ("get", "/api/events"): "viewer",
    ("get", "/api/me"): "viewer",
    ("post", "/api/tickets"): "viewer",
    ("post", "/api/revocations"): "admin",
    ("get", "/api/health"): None,
}
"""The role that each path takes."""

ROLES = ["viewer", "clerk", "admin"]
ORDER = {"customer_name": OURS, "product_name": "Laptop"}


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """Ask as one who does not know what to send."""
    return client.request(method.upper(), path.format(order_id=1))


def test_every_path_is_in_the_table(guarded: Guarded) -> None:
    """A path that nobody has thought about would be missing here."""
    with guarded.client() as nobody:
        paths = ok(nobody.get("/api/openapi.json"))["paths"]
    there = {(method, path) for path, methods in paths.items() for method in methods}
    assert there == set(NEEDS)


@pytest.mark.parametrize(("method", "path"), [each for each in NEEDS if NEEDS[each] is not None])
def test_nobody_without_a_token(guarded: Guarded, method: str, path: str) -> None:
    """401 says how to do better, before anything else is looked at."""
    with guarded.client() as nobody:
        answer = nobody.request(method.upper(), path.format(order_id="x"), content=b"{rubbish")
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="orders"'


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/docsx", "/api/healthy", "/api//orders", "/"]
)
def test_unknown_paths_are_closed_too(guarded: Guarded, path: str) -> None:
    """What does not exist tells nobody so."""
    with guarded.client() as nobody:
        problem(nobody.get(path), 401)


def test_documentation_is_open(guarded: Guarded) -> None:
    """The API's description is no secret."""
    with guarded.client() as nobody:
        assert nobody.get("/api/docs").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer a.b.c",
        "Bearer null",
        f"Bearer {token('admin', secret='another secret of 32 bytes or more')}",
        f"Bearer {token('admin', ttl_s=-120)}",
        f"Bearer {token('admin', nbf=int(time.time()) + 3600)}",
        f"Bearer {token('admin', aud='other')}",
        f"Bearer {token('admin', iss='other')}",
        f"Bearer {token('root')}",
        f"Bearer {token('admin')}x",
        f"Token {token('admin')}",
        f"Bearer {'x' * 10_000}",
        f"Bearer {SECRET}",
    ],
)
def test_bad_token(guarded: Guarded, header: str) -> None:
    """A token that does not count is refused, and what is said holds nothing of it."""
    with guarded.client() as client:
        answer = client.get("/api/orders", headers={"Authorization": header})
    problem(answer, 401)
    shown = header.partition(" ")[2]
    assert len(shown) < 10 or shown not in answer.text


def test_two_tokens(guarded: Guarded) -> None:
    """Of two tokens none counts: who reads which would be a matter of luck."""
    good = f"Bearer {token('admin')}"
    with guarded.client() as client:
        headers = [("Authorization", good), ("Authorization", "Bearer x")]
        problem(client.get("/api/orders", headers=headers), 401)


@pytest.mark.parametrize(("method", "path"), [each for each in NEEDS if NEEDS[each] is not None])
@pytest.mark.parametrize("role", ROLES)
def test_roles(guarded: Guarded, role: str, method: str, path: str) -> None:
    """Viewers read, clerks write, admins delete; each path asks for exactly that."""
    needed = NEEDS[method, path]
    assert needed is not None
    with guarded.client(token(role)) as client:
        answer = ask(client, method, path)
    if ROLES.index(role) < ROLES.index(needed):
        problem(answer, 403)
    else:
        assert answer.status_code not in (401, 403, 500), answer.text


def test_who_am_i(guarded: Guarded, ann: str) -> None:
    """A token's holder is told what it says."""
    with guarded.client(ann) as client:
        me = ok(client.get("/api/me"))
    assert me.pop("expires")
    assert me == {"mode": "token", "subject": "ann", "role": "admin", "customers": [OURS]}


def test_health_has_no_details_for_strangers(guarded: Guarded) -> None:
    """Without a token health is one word."""
    with guarded.client() as nobody, guarded.client(token()) as viewer:
        assert set(nobody.get("/api/health").json()) == {"status"}
        assert set(viewer.get("/api/health").json()) == {"status", "checks"}


# --- scopes ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def orders(guarded: Guarded) -> dict[str, int]:
    """Make orders of ours and of others, with every kind of past; return their ids by name."""
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
def test_nothing_of_others_is_ever_answered(
    guarded: Guarded, orders: dict[str, int], ann: str, path: str
) -> None:
    """Whatever Ann asks for, no answer holds a word of others' orders."""
    with guarded.client(ann) as client:
        answer = client.get(path.format(**orders))
    assert answer.status_code in (200, 404)
    assert "SECRET" not in answer.text
    assert "SECRET" not in str(answer.headers)
    assert '"quantity":77' not in answer.text


@pytest.mark.parametrize("name", ["others", "left", "others deleted"])
def test_others_orders_are_not_there(
    guarded: Guarded, orders: dict[str, int], ann: str, name: str
) -> None:
    """Reading, changing or deleting another's order is answered as if there were none."""
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


def test_never_ours_has_no_history(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """Of an order that was never hers Ann does not even learn that there is a history."""
    with guarded.client(ann) as client:
        problem(client.get(f"/api/orders/{orders['others']}/events"), 404)
        problem(client.get(f"/api/orders/{orders['others deleted']}/events"), 404)


def test_what_is_seen_of_orders_that_pass(
    guarded: Guarded, orders: dict[str, int], ann: str
) -> None:
    """An order that leaves ends with LEAVE; one that enters has no past; both tell no actor."""
    with guarded.client(ann) as client:
        left = ok(client.get(f"/api/orders/{orders['left']}/events"))["events"]
        entered = ok(client.get(f"/api/orders/{orders['entered']}/events"))["events"]
        gone = ok(client.get(f"/api/orders/{orders['ours deleted']}/events"))["events"]
    assert [event["operation"] for event in left] == ["INSERT", "LEAVE"]
    assert (left[1]["order"], left[1]["changed"], left[1]["actor"]) == (None, None, None)
    assert [event["operation"] for event in entered] == ["UPDATE"]
    assert (entered[0]["changed"], entered[0]["actor"]) == (None, None)
    assert [event["operation"] for event in gone] == ["INSERT", "DELETE"]


def test_counts_and_pulse_count_ours(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """Figures are those of the orders that are seen."""
    assert orders
    with guarded.client(ann) as client:
        listed = ok(client.get("/api/orders"))["orders"]
        counts = ok(client.get("/api/orders/counts"))["counts"]
        pulse = ok(client.get("/api/pulse"))
        events = ok(client.get("/api/events?limit=10000"))
    assert sum(counts.values()) == len(listed)
    assert sum(pulse["orders"]) == len(listed)
    assert sum(pulse["changes"]) == len(events["events"])
    assert events["last"] == events["position"]


def test_pages_of_ours(guarded: Guarded, orders: dict[str, int], ann: str) -> None:
    """Cursors lead through ours alone, and one of another's page shows nothing more."""
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
    """A page in which nothing is ours still says how far it goes."""
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
    """Nobody creates an order for another customer, or gives one away."""
    with guarded.client(ann) as client:
        order = created(client.post("/api/orders", json=ORDER))
        problem(client.post("/api/orders", json={**ORDER, "customer_name": "Bob"}), 403)
        path = f"/api/orders/{order['id']}"
        problem(client.put(path, json={"customer_name": "Bob"}), 403)
        assert ok(client.get(path)) == order


def test_idempotency_keys_are_ones_own(guarded: Guarded) -> None:
    """Another subject's key with the same body gets an order of its own, not the other's answer."""
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
    """A token for no customers is not one for all of them."""
    assert orders
    with guarded.client(token("admin", [])) as client:
        assert ok(client.get("/api/orders"))["orders"] == []
        assert ok(client.get("/api/events?limit=10000"))["events"] == []
        assert set(ok(client.get("/api/orders/counts"))["counts"].values()) == {0}
        problem(client.get(f"/api/orders/{orders['ours']}"), 404)
        problem(client.post("/api/orders", json=ORDER), 403)


def test_actor_is_the_subject(guarded: Guarded) -> None:
    """Who changed an order is in its history: the token's subject, for psql nobody."""
    with guarded.client(token("admin", subject="ann@example.com")) as client:
        order = created(client.post("/api/orders", json=ORDER))
        client.put(f"/api/orders/{order['id']}", json={"status": "shipped"})
        guarded.sql(f"UPDATE orders SET quantity = 5 WHERE id = {order['id']}")
        events = ok(client.get(f"/api/orders/{order['id']}/events"))["events"]
    assert [event["actor"] for event in events] == ["ann@example.com", "ann@example.com", None]


def test_actor_cannot_be_chosen(guarded: Guarded) -> None:
    """A subject made of SQL is a name like any other."""
    subject = "'; DROP TABLE orders; --"
    with guarded.client(token("clerk", subject=subject)) as client:
        order = created(client.post("/api/orders", json=ORDER))
        guarded.sql()
        events = ok(client.get(f"/api/orders/{order['id']}/events"))["events"]
    assert events[0]["actor"] == subject


@pytest.mark.parametrize("text", STRANGE)
def test_text_is_only_text(guarded: Guarded, chief: str, text: str) -> None:
    """SQL, markup, headers and strange characters in a name are a name, wherever they go."""
    with guarded.client(chief) as client, guarded.client(token("viewer", [text])) as holder:
        order = named(client, text)
        assert ok(holder.get("/api/orders"))["orders"] == [order]
        before = guarded.sql()
        with guarded.follow(token("viewer", [text]), f"?after={before}") as follower:
            head = guarded.sql(f"DELETE FROM orders WHERE id = {order['id']}")
            follower.until(head)
        assert [event["operation"] for event in follower.events] == ["DELETE"]


@pytest.mark.parametrize("string", NO_TEXT)
def test_what_is_no_text(guarded: Guarded, chief: str, string: str) -> None:
    """A string that no text can be is refused by name."""
    with guarded.client(chief) as client:
        refused(client, string)


@pytest.mark.parametrize("key", headers.INJECTIONS)
def test_header_injection(guarded: Guarded, key: str) -> None:
    """Who puts the end of a line into a header's value gets no header of theirs back."""
    headers.check(Entrance(guarded.api.port), key)


# --- revocation -----------------------------------------------------------------------------------


def refused_within(client: httpx.Client, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if client.get("/api/me").status_code == 401:
            return True
        time.sleep(0.05)  # between two looks at a condition
    return False


def test_revoked_token(guarded: Guarded, chief: str) -> None:
    """A revoked token counts no longer within two seconds; others of its subject still do."""
    first, second = token(subject="eve", jti="first"), token(subject="eve", jti="second")
    with guarded.client(chief) as admin, guarded.client(first) as client:
        assert client.get("/api/me").status_code == 200
        assert admin.post("/api/revocations", json={"token": first}).status_code == 204
        assert refused_within(client, 2)
        assert admin.get("/api/me", headers=bearer(second)).status_code == 200


def test_revoked_subject(guarded: Guarded, chief: str) -> None:
    """All a subject had counts no longer; what it is given later does."""
    with guarded.client(chief) as admin, guarded.client(token(subject="mallory")) as client:
        assert client.get("/api/me").status_code == 200
        assert admin.post("/api/revocations", json={"subject": "mallory"}).status_code == 204
        assert refused_within(client, 2)
        later = token(subject="mallory", iat=int(time.time()) + 2)
        assert admin.get("/api/me", headers=bearer(later)).status_code == 200


def test_revocation_outlives_redis(guarded: Guarded, chief: str) -> None:
    """I3: Redis loses its memory, and what was revoked stays so: PostgreSQL has the list."""
    lost = token(subject="trudy", jti="lost")
    with guarded.client(chief) as admin, guarded.client(lost) as client:
        assert admin.post("/api/revocations", json={"token_id": "lost"}).status_code == 204
        assert refused_within(client, 2)
        with guarded.pipeline.valkey.connect() as redis:
            redis.flushall()
        late = guarded.pipeline.gateway(
            AUTH_MODE="token", AUTH_SECRET=SECRET, API_URL=guarded.url
        ).ready()
        answer = httpx.get(f"{late.url}/ws", headers=bearer(lost))
        while answer.status_code == 503:  # it does not know yet, and lets nobody in
            answer = httpx.get(f"{late.url}/ws", headers=bearer(lost))
        assert answer.status_code == 401
        assert client.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"token": "x"}, {"token_id": "a", "subject": "b"}, {"subject": ""}, {"all": True}, []],
)
def test_malformed_revocation(guarded: Guarded, chief: str, body: Any) -> None:
    """What is no revocation is refused."""
    with guarded.client(chief) as admin:
        problem(admin.post("/api/revocations", json=body), 422)


def test_scoped_admin_revokes_nobody(guarded: Guarded, ann: str) -> None:
    """Who sees only some customers has no power over others' tokens."""
    with guarded.client(ann) as client:
        problem(client.post("/api/revocations", json={"subject": "chief"}), 403)


# --- how often ------------------------------------------------------------------------------------


def test_too_many_requests(guarded: Guarded, chief: str) -> None:
    """Beyond its burst a subject is told when to come back, and counted; others are served."""
    few = guarded.pipeline.api(**ASKING, REQUESTS_PER_SECOND="2", REQUESTS_BURST="20")
    # Each comes from an address of its own, as the edge says: so it is the subject that is counted.
    with httpx.Client(base_url=few.url, headers=bearer(token(subject="eager"))) as client:
        answers = [
            client.get("/api/me", headers={"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(30)
        ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 5 <= len(refused) <= 10
        assert problem(refused[0], 429)
        assert int(refused[0].headers["Retry-After"]) >= 1
    with httpx.Client(base_url=few.url, headers=bearer(chief)) as other:
        counted = ok(other.get("/api/health"))["checks"]["limits"]
        assert counted["requests"] == len(refused)


def test_stranger_from_one_address(guarded: Guarded, chief: str) -> None:
    """Without a token it is the address that is counted; another address is served."""
    few = guarded.pipeline.api(**ASKING, REQUESTS_PER_SECOND="2", REQUESTS_BURST="20")
    with httpx.Client(base_url=few.url) as client:
        here, there = ({"X-Forwarded-For": f"203.0.113.{number}"} for number in (1, 2))
        codes = [client.get("/api/orders", headers=here).status_code for _ in range(30)]
        assert set(codes) == {401, 429}
        assert client.get("/api/me", headers={**there, **bearer(chief)}).status_code == 200


# --- what is logged -------------------------------------------------------------------------------


def test_logs_hold_no_tokens_and_no_orders(guarded: Guarded, orders: dict[str, int]) -> None:
    """Whatever was asked so far, no log has a token, a ticket, a name or a product in it."""
    assert orders
    with guarded.client(token("viewer", subject="logged")) as client:
        ticket = client.post("/api/tickets").json()["ticket"]
    output = "".join(each.process.output() for each in guarded.pipeline.services)
    assert ticket not in output
    assert not re.search(r"eyJ[\w-]+\.eyJ", output)
    for word in ("SECRET", "Laptop", SECRET, json.dumps(OURS)):
        assert word not in output
