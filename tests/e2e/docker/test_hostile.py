"""Hostile clients attack containers; meanwhile a well-behaved client misses nothing (I6).

Strangers connect to the edge's own address, to which the engine forwards the published port.
Neighbours, such as a compromised edge, connect to gateway and API directly. All attacks come from
one address here, whose limits would end most of them; so the limits are lifted. ``test_access``
tests the limits, and ``integration/hostile`` the processes in detail.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from harness import headers
from harness.answers import ok, problem
from harness.attacks import ATTACKS, Entrance
from harness.bystander import Bystander
from harness.containers import ContainerStack
from harness.follower import Follower
from harness.forgeries import hostile, signed, tampered
from harness.processes import program
from harness.schemas import CALLERS, UNLIMITED
from harness.schemas import attacked as attacked_by_schema
from harness.signing import ASKING, bearer, token
from harness.texts import NO_TEXT, STRANGE, named, refused
from harness.waiting import until
from harness.world import stream_url

TESTS = Path(__file__).parents[2]
LIFTED = {"CONNECTIONS_PER_ADDRESS": "100000", "CONNECTIONS_PER_SUBJECT": "100000", **UNLIMITED}
CHIEF = token("admin", subject="chief", ttl_s=7200)
DOORS = {"edge": 3000, "gateway": 8080, "api": 8000}
"""The ports of the containers, reachable from the networks they are on."""

ORIGINS = [
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://localhost:3000.evil.example",
]
UNSENDABLE = {"nothing", "not ASCII", "spaces around"}
"""Invalid tokens that no header can carry, or that become valid in one: sent as messages."""


@pytest.fixture(scope="module")
def attacked(containers: ContainerStack) -> Iterator[ContainerStack]:
    """Run the containers with tokens required; no test may make one of them end."""
    with containers.set(**ASKING, **LIFTED):
        with client(containers) as chief:
            until(lambda: chief.get("/api/health").json().get("status") == "ok", 60, "all is well")
        before = lives(containers)
        yield containers
        assert lives(containers) == before
        assert "Traceback" not in containers.log()


def lives(stack: ContainerStack) -> dict[str, str]:
    """Return each container's start time."""
    return {str(each.name): each.attrs["State"]["StartedAt"] for each in stack.containers()}


def door(stack: ContainerStack, service: str) -> Entrance:
    return Entrance(DOORS[service], stack.address(f"{service}-1"))


def client(stack: ContainerStack, service: str | None = None) -> httpx.Client:
    """Return an admin's HTTP client, of the edge or of a container's own port."""
    url = stack.edge if service is None else door(stack, service).url
    return httpx.Client(base_url=url, headers=bearer(CHIEF), timeout=30)


@contextmanager
def bystander(stack: ContainerStack) -> Iterator[Bystander]:
    """Run a well-behaved client and create orders one after another, through the edge."""

    def follow() -> Follower:
        shown = bearer(token(subject="bystander", ttl_s=7200))
        follower = Follower(stream_url(stack), additional_headers=shown)
        follower.expect("authenticated")
        return follower

    order = {"customer_name": "Ann", "product_name": "Desk"}
    with client(stack) as writer:

        def commit() -> None:
            assert writer.post("/api/orders", json=order).status_code == 201

        with Bystander(follow, commit) as served:
            yield served


@pytest.fixture
def watched(attacked: ContainerStack) -> Iterator[ContainerStack]:
    """Run a well-behaved client that must miss no event during a test."""
    with bystander(attacked):
        yield attacked


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["edge", "api"])
def test_forged_tokens_at_the_api(watched: ContainerStack, service: str) -> None:
    """Each invalid token is refused, through the edge and on the containers' ports."""
    with client(watched, service) as stranger:
        ok(stranger.get("/api/me"))
        for name, shown in forgeries().items():
            problem(stranger.get("/api/orders", headers=bearer(shown)), 401)
            assert not stranger.get("/api/health", headers=bearer(shown)).json().get("checks"), name


@pytest.mark.parametrize("service", ["edge", "gateway"])
def test_forged_tokens_on_the_stream(watched: ContainerStack, service: str) -> None:
    """Each invalid token is refused in a header, a subprotocol and a message."""
    url = door(watched, service).ws_url
    assert stream_status(url, additional_headers=bearer(CHIEF)) == 101
    for name, shown in forgeries().items():
        assert stream_status(url, additional_headers=bearer(shown)) == 401, name
    offered = [Subprotocol("orders"), Subprotocol(f"orders.token.{hostile()['alg none']}")]
    assert stream_status(url, subprotocols=offered) == 401
    for name, shown in hostile().items():
        assert said_first(url, {"type": "auth", "token": shown}) == 4001, name


def forgeries() -> dict[str, str]:
    """Return the invalid and tampered tokens that a header can carry."""
    found = {name: shown for name, shown in hostile().items() if name not in UNSENDABLE}
    for part in range(3):
        for number, shown in enumerate(tampered(signed(), part, step=20)):
            found[f"part {part}, place {20 * number}"] = shown
    return found


def stream_status(url: str, **options: Any) -> int:
    """Return the status of a handshake's response."""
    try:
        with connect(url, **options):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def said_first(url: str, message: dict[str, Any]) -> int | None:
    """Return the closing code after this first message."""
    with connect(url) as socket:
        socket.send(json.dumps(message))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(15)
    return None if closed.value.rcvd is None else closed.value.rcvd.code


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("service", ["edge", "gateway"])
def test_page_of_another_origin(watched: ContainerStack, service: str, origin: str) -> None:
    """A page of another origin gets no connection, whatever token it sends."""
    shown = bearer(CHIEF)
    url = door(watched, service).ws_url
    assert stream_status(url, additional_headers=shown, origin=origin) == 403


# --- floods, bombs and those who take their time --------------------------------------------------


@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_misses_nothing(watched: ContainerStack, name: str) -> None:
    """I6: during each attack on the edge a well-behaved client receives every event."""
    attack = ATTACKS[name]
    attack.run(door(watched, "edge"), attack.bounded)


@pytest.mark.parametrize("name", [name for name in ATTACKS if ATTACKS[name].is_quick])
def test_a_neighbour_of_the_gateway(watched: ContainerStack, name: str) -> None:
    """I6: the same holds for attacks on a gateway's own port."""
    attack = ATTACKS[name]
    attack.run(door(watched, "gateway"), attack.bounded)


@pytest.mark.full
@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_is_not_delayed_by_full_attacks(attacked: ContainerStack, name: str) -> None:
    """I6: under full-size attacks the 99th percentile of latency at most triples."""
    with bystander(attacked) as quiet:
        time.sleep(5)  # a measurement of five seconds, not a wait for something
    entrance = door(attacked, "edge")
    command = [sys.executable, "-m", "harness.attacks", name, entrance.host, str(entrance.port)]
    with bystander(attacked) as served:
        env = {"PYTHONPATH": str(TESTS)}
        with program([*command, str(ATTACKS[name].full)], env=env) as attacker:
            assert attacker.wait(600) == 0, attacker.output()
    assert served.p99_s < max(3 * quiet.p99_s, 0.06), (served.p99_s, quiet.p99_s)


# --- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", STRANGE)
def test_odd_text_is_stored_unchanged(watched: ContainerStack, text: str) -> None:
    """SQL, markup, header lines and unusual characters in a name are stored and shown as text."""
    with client(watched) as chief:
        order = named(chief, text)
        chief.delete(f"/api/orders/{order['id']}")


@pytest.mark.parametrize("string", NO_TEXT)
def test_text_that_cannot_be_stored_is_refused(watched: ContainerStack, string: str) -> None:
    """NUL and lone surrogates are refused with the name of the field."""
    with client(watched) as chief:
        refused(chief, string)


@pytest.mark.parametrize("key", headers.INJECTIONS)
@pytest.mark.parametrize("service", ["edge", "api"])
def test_header_injection(watched: ContainerStack, service: str, key: str) -> None:
    """A line break in a header's value adds no header to the response."""
    headers.check(door(watched, service), key)


def test_too_large(watched: ContainerStack) -> None:
    """The API limits bodies of any encoding; the edge limits headers."""
    megabyte = b" " * 1_000_000
    with client(watched) as chief:
        kind = {"Content-Type": "application/json"}
        for body in (megabyte, iter([megabyte])):  # with its length, and in chunks
            problem(chief.post("/api/orders", content=body, headers=kind), 413)
        assert chief.get("/api/orders", headers={"X-Padding": "x" * 40_000}).status_code == 431
        many = [(f"X-{number}", "x" * 100) for number in range(400)]
        assert chief.get("/api/orders", headers=many).status_code == 431
        assert chief.get(f"/api/orders?search={'x' * 40_000}").status_code == 431


# --- everything else ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "examples"),
    [
        *((who, 1) for who in CALLERS),
        *(pytest.param(who, 300, marks=pytest.mark.full) for who in CALLERS),
    ],
)
def test_schemathesis(attacked: ContainerStack, tmp_path: Path, who: str, examples: int) -> None:
    """All checks pass without a token, as admin, and restricted to one customer."""
    summary = attacked_by_schema(attacked.edge, tmp_path, CALLERS[who], examples)
    assert " passed" in summary
