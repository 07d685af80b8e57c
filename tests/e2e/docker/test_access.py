"""Containers that require tokens, through the edge.

``integration/access`` tests attacks on the same processes in detail. These tests cover what images,
networks, users and the edge add.
"""

import contextlib
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from harness.answers import created, ok, problem
from harness.containers import ContainerStack
from harness.follower import Follower
from harness.people import PASSWORD, page, secret, shown_to
from harness.signing import ASKING, bearer, token
from harness.waiting import BUSY, until
from harness.world import head, stream_url

OURS, OTHERS = "Ann", "Bob SECRET"
ORDER = {"customer_name": OURS, "product_name": "Laptop"}
CHIEF = token("admin", subject="chief")
ANN = token("admin", [OURS], subject="ann")


@pytest.fixture(scope="module")
def guarded(containers: ContainerStack) -> Iterator[ContainerStack]:
    """Run the containers with tokens required, low limits, and a company login that is away."""
    few = {"REQUESTS_PER_SECOND": "10", "CONNECTIONS_PER_SUBJECT": "3"}
    rules = '[{"when": {"groups": ["chiefs"]}, "role": "admin"}]'
    company = {"OIDC_ISSUER": "https://login.invalid", "OIDC_RULES": rules}
    company |= {"OIDC_CLIENT_ID": "orders", "OIDC_CLIENT_SECRET": "of the provider"}
    with containers.set(**ASKING, **few, **company, CONNECTIONS_PER_ADDRESS="8"):
        with client(containers, CHIEF) as chief:
            until(lambda: chief.get("/api/health").json().get("status") == "ok", 60, "all is well")
        yield containers


def client(stack: ContainerStack, shown: str | None = None) -> httpx.Client:
    """Return an HTTP client of the edge that sends a token."""
    headers = {} if shown is None else bearer(shown)
    return httpx.Client(base_url=stack.edge, headers=headers, timeout=30)


def follow(stack: ContainerStack, shown: str) -> Follower:
    """Connect through the edge with a token."""
    follower = Follower(stream_url(stack), additional_headers=bearer(shown))
    follower.expect("authenticated")
    return follower


def checks(shown: httpx.Client) -> dict[str, Any]:
    """Return the detailed health page, which requires a token."""
    found: dict[str, Any] = ok(shown.get("/api/health"))["checks"]
    return found


def closing_code(stack: ContainerStack, *messages: Any, **options: Any) -> int | None:
    """Connect, send a message, and return the closing code; 0 if the handshake was refused."""
    try:
        with connect(stream_url(stack), **options) as socket:
            for message in messages:
                socket.send(json.dumps(message))
            with contextlib.suppress(TimeoutError):
                while True:
                    socket.recv(15)
    except InvalidStatus:
        return 0
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code
    return None


def test_nothing_is_shown_without_a_token(guarded: ContainerStack) -> None:
    """Without a token the health page is a single word, and everything else is refused."""
    with client(guarded) as nobody:
        for path in ("/api/orders", "/api/orders/1", "/api/events", "/api/pulse", "/api/me"):
            problem(nobody.get(path), 401)
        assert ok(nobody.get("/api/health")) == {"status": "ok"}
        problem(nobody.post("/api/orders", json=ORDER), 401)
    assert closing_code(guarded, {"type": "subscribe"}) == 4001
    assert closing_code(guarded, {"type": "auth", "token": token(ttl_s=-120)}) == 4001
    assert closing_code(guarded, additional_headers=bearer("x")) == 0


def test_roles(guarded: ContainerStack) -> None:
    """Viewers read, clerks write, admins delete."""
    with client(guarded, token("viewer")) as viewer, client(guarded, token("clerk")) as clerk:
        problem(viewer.post("/api/orders", json=ORDER), 403)
        path = f"/api/orders/{created(clerk.post('/api/orders', json=ORDER))['id']}"
        assert ok(viewer.get(path))["customer_name"] == OURS
        problem(clerk.delete(path), 403)
    with client(guarded, CHIEF) as chief:
        assert chief.delete(path).status_code == 204


def test_scope(guarded: ContainerStack) -> None:
    """A token restricted to a customer shows only that customer's orders, in API and stream."""
    with follow(guarded, ANN) as follower, client(guarded, CHIEF) as chief:
        theirs = created(chief.post("/api/orders", json={**ORDER, "customer_name": OTHERS}))
        chief.put(f"/api/orders/{theirs['id']}", json={"product_name": "SECRET"})
        ours = created(chief.post("/api/orders", json=ORDER))
        follower.until(head(guarded))
    assert "SECRET" not in json.dumps(follower.events)
    assert follower.events[-1]["order_id"] == ours["id"]
    with client(guarded, ANN) as ann:
        problem(ann.get(f"/api/orders/{theirs['id']}"), 404)
        for path in ("/api/orders", "/api/orders?search=SECRET", "/api/events?limit=10000"):
            answer = ann.get(path)
            ok(answer)
            assert "SECRET" not in answer.text


def test_ticket_is_good_once(guarded: ContainerStack) -> None:
    """A gateway redeems a ticket that the API stored in Redis, each as its own Redis user."""
    with client(guarded, ANN) as ann:
        ticket = ann.post("/api/tickets").json()["ticket"]
    offered = [Subprotocol("orders"), Subprotocol(f"orders.ticket.{ticket}")]
    with Follower(stream_url(guarded), subprotocols=offered) as follower:
        assert follower.expect("authenticated")["rows"] == {"customer_name": [OURS]}
    assert closing_code(guarded, subprotocols=offered) == 0


def test_revoked(guarded: ContainerStack) -> None:
    """Two seconds after revocation a token is refused by the API and by every gateway."""
    victim = token(subject="eve")
    with follow(guarded, victim) as follower, client(guarded, victim) as eve:
        assert ok(eve.get("/api/me"))["subject"] == "eve"
        with client(guarded, CHIEF) as chief:
            assert chief.post("/api/revocations", json={"token": victim}).status_code == 204
        began = time.monotonic()
        assert follower.closing_code() == 4001
        assert time.monotonic() - began < BUSY * 2
        until(lambda: eve.get("/api/me").status_code == 401, 2)
    # Each gateway hears of it by itself; one that has not yet closes the stream right away.
    until(lambda: closing_code(guarded, additional_headers=bearer(victim)) == 0, 2)


def test_renewed_in_place(guarded: ContainerStack) -> None:
    """With a new token the connection continues."""
    with follow(guarded, token(subject="ann", ttl_s=5)) as follower:
        follower.next("expiring")
        follower.send({"type": "auth", "token": token(subject="ann")})
        assert follower.next("authenticated")["subject"] == "ann"
        with client(guarded, CHIEF) as chief:
            created(chief.post("/api/orders", json=ORDER))
        follower.until(head(guarded))


def test_connections_of_one_subject(guarded: ContainerStack) -> None:
    """Beyond the limit per gateway, a subject's connections are closed with 1013."""
    many = token(subject="many")
    with contextlib.ExitStack() as stack:
        codes = []
        for _ in range(7):  # two gateways, three each
            opened = stack.enter_context(
                connect(stream_url(guarded), additional_headers=bearer(many))
            )
            try:
                opened.recv(5)
            except ConnectionClosed as closed:
                codes.append(closed.rcvd and closed.rcvd.code)
        assert 1013 in codes
        with client(guarded, CHIEF) as chief:
            until(lambda: checks(chief)["limits"]["connections"] > 0, 5, "it is counted")


_FROM_WITHIN = """
import http.client, sys
knock = http.client.HTTPConnection("edge", 3000, timeout=10)
knock.request("GET", "/ws", headers={"Connection": "Upgrade", "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"})
print(knock.getresponse().status)
"""


def test_connections_of_one_address(guarded: ContainerStack) -> None:
    """Beyond the limit per gateway, an address is refused with Retry-After; another is not."""
    refused = []
    with contextlib.ExitStack() as stack:
        for _ in range(17):  # two gateways, eight each
            try:
                stack.enter_context(connect(stream_url(guarded)))
            except InvalidStatus as refusal:
                refused.append(refusal.response)
        assert {each.status_code for each in refused} == {429}
        assert {each.headers["Retry-After"] for each in refused} == {"1"}
        assert guarded.run("api-1", "python", "-c", _FROM_WITHIN) == (0, "101\n")


def test_gateways_say_what_they_hold(guarded: ContainerStack) -> None:
    """The health page sums the gateways' memory, which is below the limit."""
    with client(guarded, CHIEF) as chief:
        gateways = checks(chief)["gateways"]
    assert gateways["full"] == 0
    assert 0 < gateways["memory_mb"] < 440 * gateways["count"]
    assert guarded.run("gateway-1", "printenv", "MAX_MEMORY_MB") == (0, "440\n")


def test_page_of_another_origin(guarded: ContainerStack) -> None:
    """A page of another origin gets no connection; the dashboard is limited to its own origin."""
    assert closing_code(guarded, additional_headers=bearer(ANN), origin="https://evil.example") == 0
    with client(guarded, ANN) as ann:
        page = ann.get("/")
        answer = ann.get("/api/orders", headers={"Origin": "https://evil.example"})
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_actor_is_the_subject(guarded: ContainerStack) -> None:
    """An order's history names the subject of each change."""
    with client(guarded, token("clerk", subject="ann@example.com")) as clerk:
        order = created(clerk.post("/api/orders", json=ORDER))
        head(guarded)
        events = ok(clerk.get(f"/api/orders/{order['id']}/events"))["events"]
    assert [event["actor"] for event in events] == ["ann@example.com"]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("orders_api", "SELECT take_order_events()"),
        ("orders_api", "DELETE FROM order_events"),
        ("orders_api", "DELETE FROM order_outbox"),
        ("orders_listener", "SELECT * FROM orders"),
        ("orders_listener", "UPDATE orders SET quantity = 2"),
    ],
)
def test_database_roles(guarded: ContainerStack, role: str, statement: str) -> None:
    """Each service's database role can do only what the service needs."""
    status, output = guarded.run("db-1", "psql", "-U", role, "-c", statement)
    assert status != 0
    assert "permission denied" in output


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("gateway", "FLUSHALL"),
        ("gateway", "SET orders:head x"),
        ("gateway", "PUBLISH orders:changes x"),
        ("api", "DEL orders:log"),
        ("api", "KEYS *"),
        ("listener", "HSET orders:revoked token:x 1"),
        ("listener", "CONFIG GET *"),
    ],
)
def test_redis_users(guarded: ContainerStack, service: str, command: str) -> None:
    """With its own password file a service can do in Redis only what it needs."""
    password = guarded.run(f"{service}-1", "cat", "/run/redis/password")[1].strip()
    shown = ["redis-cli", "--no-auth-warning", "--user", service, "--pass", password]
    assert guarded.run("redis-1", *shown, "PING")[1].strip() == "PONG"
    assert "NOPERM" in guarded.run("redis-1", *shown, *command.split())[1]


def test_too_many_requests(guarded: ContainerStack) -> None:
    """Beyond its address's burst a client receives 429 with Retry-After."""
    with client(guarded, token(subject="eager")) as eager:
        answers = (eager.get("/api/me") for _ in range(2_000))
        answer = next(each for each in answers if each.status_code != 200)
        problem(answer, 429)
        assert int(answer.headers["Retry-After"]) >= 1


def test_logs_hold_no_tokens(guarded: ContainerStack) -> None:
    """No container's log contains a token or an order of the tests before."""
    with pytest.raises(AssertionError, match="SECRET"):
        guarded.psql("SELECT 'SECRET'::int")
    output = guarded.log()
    assert not re.search(r"eyJ[\w-]+\.eyJ", output)
    for word in ("SECRET", "Laptop", ASKING["AUTH_SECRET"]):
        assert word not in output


def test_people_sign_in(guarded: ContainerStack) -> None:
    """A user made by the command signs in through the edge; the stream takes the cookie."""
    said = guarded.compose("run", "--rm", "orders", "user", "add", "carl", "--role", "clerk")
    found = re.search(r"/set-up#(\S+)", said)
    assert found, said
    with page(guarded.edge) as browser:
        link = {"link": found[1], "password": PASSWORD}
        assert browser.post("/api/set-up", json=link).status_code == 201
        assert ok(browser.get("/api/me"))["role"] == "clerk"
        shown = shown_to(guarded.edge, secret(browser))
        with Follower(stream_url(guarded), additional_headers=shown) as follower:
            follower.expect("authenticated")
            assert ok(browser.delete("/api/session")) == {"continue_at": None}
            assert follower.closing_code() == 4001
        assert ok(browser.get("/api/session")) == {"company": "login.invalid"}
        public = {"Host": f"localhost:{guarded.port}"}
        begun = browser.get("/api/session/company?back=/pulse", headers=public)
    assert begun.headers["Location"] == "/pulse#sign-in=away"
