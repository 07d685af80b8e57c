"""The stream as an attacker follows it: unasked, with another customer's token, after its end."""

import contextlib
import json
import time
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from follower import Follower, Message
from guarded import OTHERS, OURS, Guarded
from tokens import ASKING, SECRET, bearer, token

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('{}', '{}')"
OURS_TO_OTHERS = (
    f"UPDATE orders SET customer_name = '{OTHERS}', product_name = 'SECRET future'"
    f" WHERE customer_name = '{OURS}'"
)
OTHERS_TO_OURS = (
    f"UPDATE orders SET customer_name = '{OURS}', product_name = 'Desk'"
    f" WHERE customer_name = '{OTHERS}'"
)
EVERYTHING = (
    "SET orders.actor = 'SECRET actor'",
    "TRUNCATE orders",
    INSERT.format(OTHERS, "SECRET thing"),
    "UPDATE orders SET product_name = 'SECRET other thing'",
    OTHERS_TO_OURS,
    OURS_TO_OTHERS,
    "UPDATE orders SET status = 'shipped'",
    "DELETE FROM orders",
    "RESET orders.actor",
    INSERT.format(OURS, "Laptop"),
    "UPDATE orders SET quantity = 3",
)
"""Every kind of change, to others' orders and ours, and orders that pass between us."""

SEEN = ["TRUNCATE", "UPDATE", "LEAVE", "INSERT", "UPDATE"]
"""What of it is Ann's business."""


def kinds(events: list[Message]) -> list[str]:
    return [event["operation"] for event in events]


def signing_in(url: str, *messages: Message, wait_s: float = 15) -> ConnectionClosed:
    """Connect without a token, say something, and return how the gateway ends it."""
    with connect(url, compression=None) as socket:
        for message in messages:
            socket.send(json.dumps(message))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(wait_s)
    return closed.value


def code(closed: ConnectionClosed) -> int | None:
    return None if closed.rcvd is None else closed.rcvd.code


def refusal(guarded: Guarded, **options: Any) -> httpx.Response | Any:
    """Return the answer to a handshake that must fail."""
    with pytest.raises(InvalidStatus) as refused:
        connect(guarded.gateway.ws_url, **options)
    return refused.value.response


# --- getting in -----------------------------------------------------------------------------------


def test_header(guarded: Guarded, ann: str) -> None:
    """A token in the header opens the stream: hello, then whose it is."""
    with Follower(guarded.gateway.ws_url, additional_headers=bearer(ann)) as follower:
        said = follower.expect("authenticated")
    assert (said["subject"], said["role"], said["customers"]) == ("ann", "admin", [OURS])
    assert said["expires"]


def test_subprotocol(guarded: Guarded, ann: str) -> None:
    """A token among the subprotocols does too; the answer names ours alone."""
    offered = [Subprotocol("orders"), Subprotocol(f"orders.token.{ann}")]
    with Follower(guarded.gateway.ws_url, subprotocols=offered) as follower:
        follower.expect("authenticated")
        assert follower.socket.subprotocol == "orders"
        assert ann not in str(follower.socket.response.headers)


def test_first_message(guarded: Guarded, ann: str) -> None:
    """A token in the first message does too; before it nothing is said."""
    with connect(guarded.gateway.ws_url) as socket:
        socket.send(json.dumps({"type": "auth", "token": ann}))
        assert [json.loads(socket.recv(5))["type"] for _ in range(2)] == ["hello", "authenticated"]


@pytest.mark.parametrize("way", ["subprotocol", "message"])
def test_ticket_is_good_once(guarded: Guarded, ann: str, way: str) -> None:
    """A ticket opens one connection, with its holder's scope, and no second."""
    with guarded.client(ann) as client:
        ticket = client.post("/api/tickets").json()["ticket"]
    if way == "subprotocol":
        offered = [Subprotocol("orders"), Subprotocol(f"orders.ticket.{ticket}")]
        with Follower(guarded.gateway.ws_url, subprotocols=offered) as follower:
            assert follower.expect("authenticated")["customers"] == [OURS]
        assert refusal(guarded, subprotocols=offered).status_code == 401
    message = {"type": "auth", "ticket": ticket}
    if way == "message":
        with connect(guarded.gateway.ws_url) as socket:
            socket.send(json.dumps(message))
            assert json.loads(socket.recv(5))["type"] == "hello"
            assert json.loads(socket.recv(5))["customers"] == [OURS]
    assert code(signing_in(guarded.gateway.ws_url, message)) == 4001


def test_ticket_leaves_no_trace_in_redis(guarded: Guarded, ann: str) -> None:
    """Who reads Redis's keys finds no ticket among them; each ends by itself."""
    with guarded.client(ann) as client, guarded.pipeline.valkey.connect() as redis:
        ticket = client.post("/api/tickets").json()["ticket"]
        keys = list(redis.scan_iter("orders:ticket:*"))
        assert keys
        assert ticket.encode() not in b"".join(keys)
        assert all(0 < redis.ttl(key) <= 30 for key in keys)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe"},
        {"type": "ping"},
        {"type": "auth"},
        {"type": "auth", "token": "x"},
        {"type": "auth", "token": None},
        {"type": "auth", "ticket": "x"},
        {"type": "auth", "ticket": "x" * 10_000},
        {"type": "auth", "ticket": "*"},
        {"type": "auth", "token": "a.b.c", "ticket": "x"},
        {"type": "auth", "token": token(secret="another secret of 32 bytes or more")},
        {"type": "auth", "token": token(ttl_s=-120)},
        {"type": "auth", "token": token("root")},
        {"type": "authenticated", "subject": "chief", "role": "admin"},
        {"type": "hello"},
    ],
)
def test_bad_first_message(guarded: Guarded, message: Message) -> None:
    """Who does not sign in with the first message is closed with 4001, having heard nothing."""
    closed = signing_in(guarded.gateway.ws_url, message)
    assert code(closed) == 4001
    assert closed.rcvd is not None
    assert "eyJ" not in closed.rcvd.reason


def test_silence_is_no_way_in(guarded: Guarded) -> None:
    """Who says nothing hears nothing, and is closed in time (SIGN_IN_WITHIN_S)."""
    began = time.monotonic()
    assert code(signing_in(guarded.gateway.ws_url)) == 4001
    assert 0.9 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": bearer("x")},
        {"additional_headers": bearer(token(ttl_s=-120))},
        {"additional_headers": bearer(token(secret="another secret of 32 bytes or more"))},
        {"additional_headers": [*bearer(token()).items(), *bearer(token()).items()]},
        {"subprotocols": [Subprotocol("orders"), Subprotocol("orders.token.x")]},
        {"subprotocols": [Subprotocol("orders"), Subprotocol("orders.ticket.x")]},
    ],
)
def test_bad_handshake(guarded: Guarded, options: dict[str, Any]) -> None:
    """A token that does not count is refused before there is a connection."""
    answer = refusal(guarded, **options)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_token_in_the_address_counts_for_nothing(guarded: Guarded, ann: str) -> None:
    """Addresses are logged, so a token there is not looked at."""
    closed = signing_in(f"{guarded.gateway.ws_url}?token={ann}", {"type": "ping"})
    assert code(closed) == 4001


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_page_of_another_origin(guarded: Guarded, ann: str, origin: str) -> None:
    """A page from elsewhere does not get in, whatever it shows."""
    headers = {**bearer(ann), "Origin": origin}
    assert refusal(guarded, additional_headers=headers).status_code == 403


def test_the_gateways_own_credential_is_for_the_api(guarded: Guarded) -> None:
    """The secret itself opens nothing here."""
    assert refusal(guarded, additional_headers=bearer(SECRET)).status_code == 401


# --- what is seen ---------------------------------------------------------------------------------


def listened(follower: Follower, head: int) -> list[Message]:
    """Read up to a position; nothing on the way may hold what is others'."""
    with follower:
        follower.until(head)
    assert "SECRET" not in json.dumps(follower.events)
    return follower.events


def test_live(guarded: Guarded, ann: str) -> None:
    """While it happens Ann sees her own, LEAVE for what passes on, and positions for the rest."""
    follower = guarded.follow(ann)
    head = guarded.sql(*EVERYTHING)
    events = listened(follower, head)
    assert kinds(events) == SEEN
    entered, left = events[1], events[2]
    assert (entered["changed"], entered["actor"]) == (None, None)
    assert (left["order"], left["changed"], left["actor"]) == (None, None, None)
    assert events[0]["actor"] is None


@pytest.mark.parametrize("source", ["ring", "redis", "api"])
def test_resumed(guarded: Guarded, ann: str, source: str) -> None:
    """What is read again, from ring, Redis or the log, is what would have been seen live."""
    before = guarded.sql()
    head = guarded.sql(*EVERYTHING)
    if source != "ring":  # the ring of this gateway holds 50 events
        guarded.sql(*[INSERT.format(OTHERS, "SECRET filler")] * 60)
    if source == "api":
        with guarded.pipeline.valkey.connect() as redis:
            redis.delete("orders:log")
    events = listened(guarded.follow(ann, f"?after={before}"), head)
    assert kinds([event for event in events if event["position"] <= head]) == SEEN


@pytest.mark.parametrize(
    "filter_",
    [
        None,
        {},
        {"customer_name": [OTHERS]},
        {"customer_name": [OTHERS, OURS]},
        {"order_id": list(range(1, 100))},
        {"status": ["pending", "shipped"]},
        {"customer_name": ["SECRET"], "status": ["pending"]},
    ],
)
def test_filter_widens_nothing(guarded: Guarded, ann: str, filter_: Any) -> None:
    """Whatever a client subscribes to, its scope stays."""
    follower = guarded.follow(ann)
    follower.send({"type": "subscribe", "filter": filter_, "after": 0})
    assert follower.next("subscribed")["position"] == 0
    head = guarded.sql(*EVERYTHING)
    with follower:
        follower.until(head)
    shown = [event["order"] or event["changed"] or {} for event in follower.events]
    assert {row["customer_name"] for row in shown if "customer_name" in row} <= {OURS}
    assert "SECRET" not in json.dumps(follower.events)


def test_filter_of_another_customer_is_empty(guarded: Guarded, ann: str) -> None:
    """Asking for others' orders brings nothing but what concerns everyone."""
    follower = guarded.follow(ann)
    follower.send({"type": "subscribe", "filter": {"customer_name": [OTHERS]}})
    follower.next("subscribed")
    events = listened(follower, guarded.sql(*EVERYTHING, "TRUNCATE orders"))
    assert kinds(events) == ["TRUNCATE", "TRUNCATE"]


def test_conflated(guarded: Guarded, ann: str) -> None:
    """One who fell behind gets the newest of each order, and still nothing of others'."""
    slow = guarded.follow(ann, max_queue=1)
    big = "x" * 400_000
    seen: list[Message] = []
    conflated = False
    with slow:
        for _ in range(25):
            guarded.sql(
                *[INSERT.format(OURS, big)] * 2,
                INSERT.format(OTHERS, "SECRET thing"),
                OURS_TO_OTHERS,
                OTHERS_TO_OURS,
                "DELETE FROM orders",
            )
        head = guarded.sql("DELETE FROM orders", INSERT.format(OURS, "last"))
        while slow.position < head:
            message = slow.receive(20)
            conflated = conflated or bool(message.get("conflated"))
            seen += message.get("events", [])
    assert conflated
    assert "SECRET" not in json.dumps(seen)


def test_several_customers(guarded: Guarded) -> None:
    """A scope of several customers shows orders that pass between them as they are."""
    follower = guarded.follow(token(customers=[OURS, OTHERS], subject="both"))
    events = listened_to_both(follower, guarded.sql(*EVERYTHING))
    assert "LEAVE" not in kinds(events)
    assert [event["changed"] for event in events if event["operation"] == "UPDATE"][1] is not None


def listened_to_both(follower: Follower, head: int) -> list[Message]:
    with follower:
        return follower.until(head)


# --- staying --------------------------------------------------------------------------------------


def test_token_that_ends(guarded: Guarded) -> None:
    """A warning comes before the end, with the seconds left; at the end the connection closes."""
    began = time.monotonic()
    follower = guarded.follow(token(ttl_s=3))
    with follower:
        assert 1 <= follower.next("expiring")["seconds"] <= 3
        assert follower.closing_code() == 4001
    assert time.monotonic() - began < 6


def test_renewed_in_place(guarded: Guarded, ann: str) -> None:
    """With a new token the connection goes on, and misses nothing."""
    follower = guarded.follow(token(customers=[OURS], subject="ann", ttl_s=3))
    with follower:
        follower.next("expiring")
        follower.send({"type": "auth", "token": ann})
        assert follower.next("authenticated")["subject"] == "ann"
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            guarded.sql(INSERT.format(OURS, "Laptop"))
        head = guarded.sql()
        follower.until(head)


@pytest.mark.parametrize(
    "shown",
    [
        {"token": token(subject="bob", customers=[OURS])},
        {"token": token(subject="ann")},
        {"token": token(subject="ann", customers=[OURS, OTHERS])},
        {"token": token(subject="ann", customers=[OURS], ttl_s=-120)},
        {"token": "x"},
        {"ticket": "x"},
    ],
)
def test_renewal_changes_nothing_else(guarded: Guarded, ann: str, shown: dict[str, str]) -> None:
    """Another's token, or one of another scope, is refused; the connection goes on as it was."""
    follower = guarded.follow(ann)
    follower.send({"type": "auth", **shown})
    error = follower.next("error")
    assert error["code"] == "unauthorized"
    assert kinds(listened(follower, guarded.sql(*EVERYTHING))) == SEEN


def test_revoked(guarded: Guarded, chief: str) -> None:
    """A connection whose token is revoked closes within two seconds; one of another's stays."""
    victim = token(subject="eve", customers=[OURS])
    with guarded.follow(victim) as follower, guarded.follow(chief) as bystander:
        with guarded.client(chief) as admin:
            answer = admin.post("/api/revocations", json={"token": victim})
            assert answer.status_code == 204
        began = time.monotonic()
        assert follower.closing_code() == 4001
        assert time.monotonic() - began < 2
        bystander.send({"type": "ping"})
        bystander.next("pong")
    assert refusal(guarded, additional_headers=bearer(victim)).status_code == 401


def test_ticket_of_a_revoked_token(guarded: Guarded, chief: str) -> None:
    """A ticket that was drawn before its token was revoked opens nothing."""
    victim = token(subject="carol")
    with guarded.client(victim) as client, guarded.client(chief) as admin:
        ticket = client.post("/api/tickets").json()["ticket"]
        with guarded.follow(victim) as follower:
            admin.post("/api/revocations", json={"subject": "carol"})
            assert follower.closing_code() == 4001
    closed = signing_in(guarded.gateway.ws_url, {"type": "auth", "ticket": ticket})
    assert code(closed) == 4001


# --- how many -------------------------------------------------------------------------------------


def test_connections_of_one_subject(guarded: Guarded) -> None:
    """Beyond its number a subject's connections are closed with 1013; others get in."""
    few = guarded.pipeline.gateway(
        **ASKING, API_URL=guarded.url, CONNECTIONS_PER_SUBJECT="2", CONNECTIONS_PER_ADDRESS="4"
    ).ready()
    shown = bearer(token(subject="many"))
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(Follower(few.ws_url, additional_headers=shown))
        third = stack.enter_context(connect(few.ws_url, additional_headers=shown))
        with pytest.raises(ConnectionClosed) as closed:
            third.recv(5)
        assert code(closed.value) == 1013
        other = bearer(token(subject="other"))
        stack.enter_context(Follower(few.ws_url, additional_headers=other))
        stack.enter_context(connect(few.ws_url))
        with pytest.raises(InvalidStatus) as refused:
            connect(few.ws_url)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"
        report = httpx.get(f"{few.url}/health").json()
        assert report["refused"] == 2
    with Follower(few.ws_url, additional_headers=shown):
        pass  # places that were given back can be had again
