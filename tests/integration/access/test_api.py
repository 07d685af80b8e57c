"""Attacks on the API: no token, bad tokens, odd texts, too many requests."""

import time

import httpx
import pytest

from harness import headers
from harness.answers import ok, problem
from harness.attacks import Entrance
from harness.guarded import OURS, Guarded
from harness.signing import ASKING, SECRET, bearer, token
from harness.texts import NO_TEXT, STRANGE, named, refused

NEEDS = {
    ("get", "/api/schema"): "viewer",
    ("get", "/api/orders"): "viewer",
    ("post", "/api/orders"): "clerk",
    ("patch", "/api/orders"): "clerk",
    ("delete", "/api/orders"): "admin",
    ("get", "/api/orders/counts"): "viewer",
    ("get", "/api/pulse"): "viewer",
    ("get", "/api/orders/{order_id}"): "viewer",
    ("put", "/api/orders/{order_id}"): "clerk",
    ("patch", "/api/orders/{order_id}"): "clerk",
    ("delete", "/api/orders/{order_id}"): "admin",
    ("get", "/api/orders/{order_id}/events"): "viewer",
    ("get", "/api/events"): "viewer",
    ("get", "/api/activity"): "viewer",
    ("get", "/api/activity/events"): "viewer",
    ("get", "/api/activity/actors"): "viewer",
    ("get", "/api/tables/{table}"): "viewer",
    ("post", "/api/tables/{table}"): "clerk",
    ("patch", "/api/tables/{table}"): "clerk",
    ("delete", "/api/tables/{table}"): "admin",
    ("get", "/api/tables/{table}/{key}"): "viewer",
    ("patch", "/api/tables/{table}/{key}"): "clerk",
    ("put", "/api/tables/{table}/{key}"): "clerk",
    ("delete", "/api/tables/{table}/{key}"): "admin",
    ("get", "/api/me"): "viewer",
    ("post", "/api/tickets"): "viewer",
    ("get", "/api/revocations"): "admin",
    ("post", "/api/revocations"): "admin",
    ("get", "/api/tokens"): "admin",
    ("post", "/api/tokens"): "admin",
    ("delete", "/api/tokens/{token}"): "admin",
    ("get", "/api/users"): "admin",
    ("post", "/api/users"): "admin",
    ("patch", "/api/users/{name}"): "admin",
    ("delete", "/api/users/{name}"): "admin",
    ("post", "/api/user-links"): "admin",
    ("get", "/api/all-sessions"): "admin",
    ("delete", "/api/all-sessions/{session}"): "admin",
    ("get", "/api/counts/{table}"): "viewer",
    ("get", "/api/export/{table}"): "viewer",
    ("get", "/api/values/{table}/{column}"): "viewer",
    ("get", "/api/views"): "viewer",
    ("post", "/api/views"): "viewer",
    ("patch", "/api/views/{view_id}"): "viewer",
    ("delete", "/api/views/{view_id}"): "viewer",
    ("get", "/api/templates/{name}"): "viewer",
    ("put", "/api/templates/{name}"): "admin",
    ("get", "/api/preferences/{name}"): "viewer",
    ("put", "/api/preferences/{name}"): "viewer",
    ("get", "/api/settings/choices"): "admin",
    ("put", "/api/settings/choices/{table}/{column}"): "admin",
    ("post", "/api/settings/choices/{table}/{column}"): "admin",
    ("delete", "/api/settings/choices/{table}/{column}/{choice}"): "admin",
    ("get", "/api/settings/tables"): "admin",
    ("put", "/api/settings/tables/{table}"): "admin",
    ("get", "/api/settings/deployment"): "admin",
    ("get", "/api/health"): None,
    ("get", "/api/session"): None,
    ("get", "/api/session/company"): None,
    ("get", "/api/session/company/callback"): None,
    ("post", "/api/session/company/logout"): None,
}
"""The role that each path requires."""

OF_PEOPLE = {
    ("put", "/api/session"),
    ("delete", "/api/session"),
    ("get", "/api/sessions"),
    ("delete", "/api/sessions/others"),
    ("delete", "/api/sessions/{session}"),
    ("post", "/api/password"),
}
"""Paths that a session is needed for; a token is not enough."""
OF_PAGES = {("post", "/api/session"), ("post", "/api/set-up")}
OF_GATEWAYS = {("post", "/api/session-lookups")}

ANYTHING = dict.fromkeys(
    ("order_id", "table", "key", "session", "token", "name", "view_id", "column", "choice"), "x"
)
"""Values for the parts of paths."""
ROLES = ["viewer", "clerk", "admin"]
ORDER = {"customer_name": OURS, "product_name": "Laptop"}


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """Ask as one who does not know what to send."""
    return client.request(
        method.upper(),
        path.format(**{**ANYTHING, "order_id": 1, "table": "orders", "key": 1}),
    )


def test_every_path_is_in_the_table(guarded: Guarded) -> None:
    """Every path of the API is listed in this file."""
    with guarded.client() as nobody:
        paths = ok(nobody.get("/api/openapi.json"))["paths"]
    there = {(method, path) for path, methods in paths.items() for method in methods}
    assert there == set(NEEDS) | OF_PEOPLE | OF_PAGES | OF_GATEWAYS


@pytest.mark.parametrize(("method", "path"), sorted(OF_PEOPLE | OF_PAGES | OF_GATEWAYS))
def test_a_token_is_no_person(guarded: Guarded, method: str, path: str) -> None:
    """With a token, of whatever role, nobody signs in, ends sessions or asks about them."""
    with guarded.client(token("admin")) as client:
        problem(ask(client, method, path), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        each
        for each in [*NEEDS, *sorted(OF_PEOPLE | OF_GATEWAYS)]
        if NEEDS.get(each, "") is not None
    ],
)
def test_every_path_requires_a_token(guarded: Guarded, method: str, path: str) -> None:
    """A request without a token gets 401 with a challenge, before anything else is checked."""
    with guarded.client() as nobody:
        answer = nobody.request(
            method.upper(),
            path.format(**ANYTHING),
            content=b"{rubbish",
        )
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="orders"'


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/docsx", "/api/healthy", "/api//orders", "/"]
)
def test_unknown_paths_are_closed_too(guarded: Guarded, path: str) -> None:
    """An unknown path without a token gets 401, not 404."""
    with guarded.client() as nobody:
        problem(nobody.get(path), 401)


def test_no_company_login(guarded: Guarded) -> None:
    """Where no company login is set up, its paths lead nowhere."""
    with guarded.client() as nobody:
        assert ok(nobody.get("/api/session")) == {"company": None}
        problem(nobody.get("/api/session/company"), 404)
        problem(nobody.get("/api/session/company/callback"), 404)
        problem(nobody.post("/api/session/company/logout"), 404)


def test_documentation_is_open(guarded: Guarded) -> None:
    """The API's description needs no token."""
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
    """A hostile token gets 401, and the answer quotes nothing of it."""
    with guarded.client() as client:
        answer = client.get("/api/orders", headers={"Authorization": header})
    problem(answer, 401)
    shown = header.partition(" ")[2]
    assert len(shown) < 10 or shown not in answer.text


def test_two_tokens(guarded: Guarded) -> None:
    """A request with two tokens gets 401."""
    good = f"Bearer {token('admin')}"
    with guarded.client() as client:
        headers = [("Authorization", good), ("Authorization", "Bearer x")]
        problem(client.get("/api/orders", headers=headers), 401)


@pytest.mark.parametrize(("method", "path"), [each for each in NEEDS if NEEDS[each] is not None])
@pytest.mark.parametrize("role", ROLES)
def test_roles(guarded: Guarded, role: str, method: str, path: str) -> None:
    """Each path requires exactly its role."""
    needed = NEEDS[method, path]
    assert needed is not None
    with guarded.client(token(role)) as client:
        answer = ask(client, method, path)
    if ROLES.index(role) < ROLES.index(needed):
        problem(answer, 403)
    else:
        assert answer.status_code not in (401, 403, 500), answer.text


def test_who_am_i(guarded: Guarded, ann: str) -> None:
    """The holder of a token can read its subject, role and restriction."""
    with guarded.client(ann) as client:
        me = ok(client.get("/api/me"))
    assert me.pop("expires")
    restricted = {"customers": [OURS], "rows": {"customer_name": [OURS]}}
    assert me == {
        "mode": "token",
        "subject": "ann",
        "role": "admin",
        "session": None,
        **restricted,
        "company": False,
    }


def test_health_has_no_details_without_a_token(guarded: Guarded) -> None:
    """Health without a token answers one word."""
    with guarded.client() as nobody, guarded.client(token()) as viewer:
        assert set(nobody.get("/api/health").json()) == {"status"}
        assert set(viewer.get("/api/health").json()) == {"status", "checks"}


# --- what is in requests -------------------------------------------------------------------------


@pytest.mark.parametrize("text", STRANGE)
def test_odd_text_is_stored_unchanged(guarded: Guarded, chief: str, text: str) -> None:
    """SQL, markup, headers and strange characters in a name are stored and returned as they are."""
    with guarded.client(chief) as client, guarded.client(token("viewer", [text])) as holder:
        order = named(client, text)
        assert ok(holder.get("/api/orders"))["orders"] == [order]
        before = guarded.sql()
        with guarded.follow(token("viewer", [text]), f"?after={before}") as follower:
            head = guarded.sql(f"DELETE FROM orders WHERE id = {order['id']}")
            follower.until(head)
        assert [event["operation"] for event in follower.events] == ["DELETE"]


@pytest.mark.parametrize("string", NO_TEXT)
def test_text_that_cannot_be_stored_is_refused(guarded: Guarded, chief: str, string: str) -> None:
    """Text that PostgreSQL cannot store is refused, naming the field."""
    with guarded.client(chief) as client:
        refused(client, string)


@pytest.mark.parametrize("key", headers.INJECTIONS)
def test_header_injection(guarded: Guarded, key: str) -> None:
    """A line end in a header's value adds no header to the response."""
    headers.check(Entrance(guarded.api.port), key)


# --- how often ------------------------------------------------------------------------------------

FEW = {"REQUESTS_PER_SECOND": "0.01", "REQUESTS_BURST": "20"}
"""So few more requests that a slow machine makes no difference."""


def test_too_many_requests(guarded: Guarded, chief: str) -> None:
    """A subject beyond its limit gets 429 with Retry-After; others are served."""
    few = guarded.pipeline.api(**ASKING, **FEW)
    # Each comes from an address of its own, as the edge says: so it is the subject that is counted.
    with httpx.Client(base_url=few.url, headers=bearer(token(subject="eager"))) as client:
        answers = [
            client.get("/api/me", headers={"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(30)
        ]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 10
        assert problem(refused[0], 429)
        assert int(refused[0].headers["Retry-After"]) >= 1
    with httpx.Client(base_url=few.url, headers=bearer(chief)) as other:
        counted = ok(other.get("/api/health"))["checks"]["limits"]
        assert counted["requests"] == len(refused)


def test_requests_without_a_token_are_limited_by_address(guarded: Guarded, chief: str) -> None:
    """Requests without a token are counted by address; other addresses are served."""
    few = guarded.pipeline.api(**ASKING, **FEW)
    with httpx.Client(base_url=few.url) as client:
        here, there = ({"X-Forwarded-For": f"203.0.113.{number}"} for number in (1, 2))
        codes = [client.get("/api/orders", headers=here).status_code for _ in range(30)]
        assert set(codes) == {401, 429}
        assert client.get("/api/me", headers={**there, **bearer(chief)}).status_code == 200


# --- what is logged -------------------------------------------------------------------------------


def test_logs_hold_no_ticket(guarded: Guarded) -> None:
    """A ticket is in the response only, not in a log; ``guarded`` checks the other secrets."""
    with guarded.client(token("viewer", subject="logged")) as client:
        ticket = client.post("/api/tickets").json()["ticket"]
    assert ticket not in guarded.logs()
