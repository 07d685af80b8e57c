"""The events that a restricted token receives, and the end of its connection."""

import contextlib
import json
import time
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from harness.follower import Follower, Message
from harness.guarded import OTHERS, OURS, Guarded
from harness.signing import ASKING, bearer, token
from harness.waiting import until

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
"""Every kind of change of Ann's and others' orders, and orders that pass between them."""

SEEN = ["TRUNCATE", "UPDATE", "LEAVE", "INSERT", "UPDATE"]
"""The operations that Ann sees of these."""


def kinds(events: list[Message]) -> list[str]:
    return [event["operation"] for event in events]


# --- what is seen ---------------------------------------------------------------------------------


def listened(follower: Follower, head: int) -> list[Message]:
    """Read up to a position, and check that nothing holds data of others."""
    with follower:
        follower.until(head)
    assert "SECRET" not in json.dumps(follower.events)
    return follower.events


def test_live(guarded: Guarded, ann: str) -> None:
    """Live, Ann sees her own orders, LEAVE for those that pass on, and positions for the rest."""
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
    """Resuming from ring, Redis or log gives the same events as live."""
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
    """No subscription widens the scope."""
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
    """A subscription to others' orders brings TRUNCATE only."""
    follower = guarded.follow(ann)
    follower.send({"type": "subscribe", "filter": {"customer_name": [OTHERS]}})
    follower.next("subscribed")
    events = listened(follower, guarded.sql(*EVERYTHING, "TRUNCATE orders"))
    assert kinds(events) == ["TRUNCATE", "TRUNCATE"]


def test_conflated(guarded: Guarded, ann: str) -> None:
    """A conflated frame holds nothing of others either."""
    with guarded.follow(ann) as watching:
        if not watching.hello["schema"]:
            watching.next("schema")
        guarded.sql("ALTER TABLE orders ADD COLUMN note text")
        watching.next("schema")  # a change of schema makes a slow client read from the log
    slow = guarded.follow(ann, max_queue=1)
    big = (
        "INSERT INTO orders (customer_name, product_name, quantity, note) "
        f"SELECT '{OURS}', 'thing', 1, string_agg(md5(random()::text), '') "
        "FROM generate_series(1, 12500)"  # 400 kB that cannot be compressed
    )
    seen: list[Message] = []
    conflated = False
    with slow:
        for _ in range(25):
            guarded.sql(
                *[big] * 2,
                "UPDATE orders SET note = NULL",
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
    """Orders that pass between customers of one scope come as plain updates."""
    follower = guarded.follow(token(customers=[OURS, OTHERS], subject="both"))
    events = listened_to_both(follower, guarded.sql(*EVERYTHING))
    assert "LEAVE" not in kinds(events)
    assert [event["changed"] for event in events if event["operation"] == "UPDATE"][1] is not None


def listened_to_both(follower: Follower, head: int) -> list[Message]:
    with follower:
        return follower.until(head)


# --- staying --------------------------------------------------------------------------------------


def test_token_that_ends(guarded: Guarded) -> None:
    """``expiring`` comes before a token expires; then the connection closes."""
    began = time.monotonic()
    follower = guarded.follow(token(ttl_s=3))
    with follower:
        assert 1 <= follower.next("expiring")["seconds"] <= 3
        assert follower.closing_code() == 4001
    assert time.monotonic() - began < 60


def test_renewed_in_place(guarded: Guarded, ann: str) -> None:
    """A renewed connection misses nothing."""
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
    """Renewal by another subject or with another restriction is refused; the connection stays."""
    follower = guarded.follow(ann)
    follower.send({"type": "auth", **shown})
    error = follower.next("error")
    assert error["code"] == "unauthorized"
    assert kinds(listened(follower, guarded.sql(*EVERYTHING))) == SEEN


# --- how many -------------------------------------------------------------------------------------


def test_connections_of_one_subject(guarded: Guarded) -> None:
    """Connections beyond a subject's limit close with 1013; other subjects are admitted."""
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
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        other = bearer(token(subject="other"))
        stack.enter_context(Follower(few.ws_url, additional_headers=other))
        stack.enter_context(connect(few.ws_url))
        with pytest.raises(InvalidStatus) as refused:
            connect(few.ws_url)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"
        report = httpx.get(f"{few.url}/health").json()
        assert report["refused"] == 2

    def is_admitted() -> bool:
        try:
            with Follower(few.ws_url, additional_headers=shown):
                return True
        except (InvalidStatus, ConnectionClosed):
            return False

    until(is_admitted, what="places that were given back can be had again")
