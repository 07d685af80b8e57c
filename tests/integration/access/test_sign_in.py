"""Signing in to the stream."""

import hashlib
import json
import time
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from harness.follower import Follower, Message
from harness.guarded import OURS, Guarded
from harness.signing import SECRET, bearer, token

ROWS = {"customer_name": [OURS]}


def test_header(guarded: Guarded, ann: str) -> None:
    """A token in the header is accepted: hello, then authenticated."""
    with Follower(guarded.gateway.ws_url, additional_headers=bearer(ann)) as follower:
        said = follower.expect("authenticated")
    assert (said["subject"], said["role"], said["rows"]) == ("ann", "admin", ROWS)
    assert said["expires"]


def test_subprotocol(guarded: Guarded, ann: str) -> None:
    """A token among the subprotocols is accepted, and only ``orders`` is selected."""
    offered = [Subprotocol("orders"), Subprotocol(f"orders.token.{ann}")]
    with Follower(guarded.gateway.ws_url, subprotocols=offered) as follower:
        follower.expect("authenticated")
        assert follower.socket.subprotocol == "orders"
        assert ann not in str(follower.socket.response.headers)


def test_first_message(guarded: Guarded, ann: str) -> None:
    """A token in the first message is accepted; the gateway sends nothing before it."""
    with connect(guarded.gateway.ws_url) as socket:
        socket.send(json.dumps({"type": "auth", "token": ann}))
        assert [json.loads(socket.recv(5))["type"] for _ in range(2)] == ["hello", "authenticated"]


@pytest.mark.parametrize("way", ["subprotocol", "message"])
def test_ticket_is_good_once(guarded: Guarded, ann: str, way: str) -> None:
    """A ticket opens one connection with its holder's restriction, and no second one."""
    with guarded.client(ann) as client:
        ticket = client.post("/api/tickets").json()["ticket"]
    if way == "subprotocol":
        offered = [Subprotocol("orders"), Subprotocol(f"orders.ticket.{ticket}")]
        with Follower(guarded.gateway.ws_url, subprotocols=offered) as follower:
            assert follower.expect("authenticated")["rows"] == ROWS
        assert guarded.refusal(subprotocols=offered).status_code == 401
    message = {"type": "auth", "ticket": ticket}
    if way == "message":
        with connect(guarded.gateway.ws_url) as socket:
            socket.send(json.dumps(message))
            assert json.loads(socket.recv(5))["type"] == "hello"
            assert json.loads(socket.recv(5))["rows"] == ROWS
    assert guarded.closing(message).code == 4001


def test_ticket_leaves_no_trace_in_redis(guarded: Guarded, ann: str) -> None:
    """Keys in Redis do not reveal tickets, and each expires."""
    with guarded.client(ann) as client, guarded.pipeline.valkey.connect() as redis:
        ticket = client.post("/api/tickets").json()["ticket"]
        keys = list(redis.scan_iter("orders:ticket:*"))
        assert keys
        assert ticket.encode() not in b"".join(keys)
        assert all(0 < redis.ttl(key) <= 30 for key in keys)


@pytest.mark.parametrize(
    "stored",
    ["", "7", "[]", "not JSON", "{}", '{"subject":"ann","role":"admin","customers":null}'],
)
def test_ticket_of_another_version(guarded: Guarded, stored: str) -> None:
    """A ticket that another version stored is refused; it does not fail the gateway."""
    key = f"orders:ticket:{hashlib.sha256(b'odd').hexdigest()}"
    with guarded.pipeline.valkey.connect() as redis:
        redis.set(key, stored, ex=30)
    assert guarded.closing({"type": "auth", "ticket": "odd"}).code == 4001


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
    """A first message that does not sign in closes the connection with 4001."""
    closed = guarded.closing(message)
    assert closed.code == 4001
    assert "eyJ" not in closed.reason


def test_silent_connections_are_closed(guarded: Guarded) -> None:
    """A silent client is closed after SIGN_IN_WITHIN_S and receives nothing."""
    began = time.monotonic()
    assert guarded.closing().code == 4001
    assert 0.9 < time.monotonic() - began < 9  # the setting's default is 10


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
    """A hostile token is refused during the handshake."""
    answer = guarded.refusal(**options)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_token_in_the_address_is_ignored(guarded: Guarded, ann: str) -> None:
    """A token in the address is ignored, because addresses are logged."""
    assert guarded.closing({"type": "ping"}, query=f"?token={ann}").code == 4001


def test_page_over_http_of_a_site_over_https(guarded: Guarded, ann: str) -> None:
    """A site over HTTPS refuses pages that were loaded over HTTP."""
    host = guarded.gateway.ws_url.removeprefix("ws://").partition("/")[0]
    headers = {**bearer(ann), "X-Forwarded-Proto": "https", "Origin": f"http://{host}"}
    assert guarded.refusal(additional_headers=headers).status_code == 403
    secure = {**headers, "Origin": f"https://{host}"}
    with connect(guarded.gateway.ws_url, additional_headers=secure) as socket:
        assert json.loads(socket.recv(5))["type"] == "hello"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_page_of_another_origin(guarded: Guarded, ann: str, origin: str) -> None:
    """A page of another origin is refused, even with a token."""
    headers = {**bearer(ann), "Origin": origin}
    assert guarded.refusal(additional_headers=headers).status_code == 403


def test_the_gateways_own_credential_is_for_the_api(guarded: Guarded) -> None:
    """AUTH_SECRET itself is not a credential."""
    assert guarded.refusal(additional_headers=bearer(SECRET)).status_code == 401
