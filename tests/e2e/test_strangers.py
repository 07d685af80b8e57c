"""What strangers leave undone at the edge is their own loss: nobody else waits for it."""

import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress

import pytest
from websockets.sync.client import connect

from harness.attacks import Entrance, dawdle_over_a_body
from harness.world import World, stream_url

ROUNDS = 5
JSON = "Content-Type: application/json"
MEGABYTE = b" " * 1_000_000


def half_a_body(entrance: Entrance) -> None:
    """Go away in the middle of an order."""
    _send(entrance, entrance.request("POST /api/orders", JSON, "Content-Length: 90"), b"{")


def less_than_announced(entrance: Entrance) -> None:
    """Go away after an order that would do, but is not all of what was announced."""
    head = entrance.request("POST /api/orders", JSON, "Content-Length: 90")
    _send(entrance, head, b'{"customer_name": "cut off", "product_name": "cut off"}')


def half_a_body_of_a_read(entrance: Entrance) -> None:
    """Announce a body where none belongs, and go away in the middle of it."""
    _send(entrance, entrance.request("GET /api/orders", "Content-Length: 90"), b"{")


def large_body(entrance: Entrance) -> None:
    """Send far more than any order is."""
    head = entrance.request("POST /api/orders", JSON, f"Content-Length: {len(MEGABYTE)}")
    _send(entrance, head, MEGABYTE)


def endless_body(entrance: Entrance) -> None:
    """Send more and more, without having said how much."""
    head = entrance.request("POST /api/orders", JSON, "Transfer-Encoding: chunked")
    _send(entrance, head, b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE))


def half_a_body_of_a_handshake(entrance: Entrance) -> None:
    """Announce a body of a handshake, and go away in the middle of it."""
    _send(entrance, entrance.handshake("Content-Length: 90"), b"{")


def body_of_a_handshake(entrance: Entrance) -> None:
    """Send a handshake with a body, as no client does."""
    _send(entrance, entrance.handshake(f"Content-Length: {len(MEGABYTE)}"), MEGABYTE)


def pieces_of_a_handshake(entrance: Entrance) -> None:
    """Send a handshake with a body, without having said how much."""
    _send(entrance, entrance.handshake("Transfer-Encoding: chunked"), b"5\r\n{")


def many_headers(entrance: Entrance) -> None:
    """Send a handshake with more headers than a gateway reads."""
    _send(entrance, entrance.handshake(*(f"X-{number}: x" for number in range(300))))


def long_header(entrance: Entrance) -> None:
    """Send a handshake with a longer line than a gateway reads."""
    _send(entrance, entrance.handshake("X-Long: " + "x" * 12_000))


def plain_request(entrance: Entrance) -> None:
    """Ask the gateway for a page, with half a body."""
    _send(entrance, entrance.request("POST /ws", "Content-Length: 90"), b"{")


def _send(entrance: Entrance, *parts: bytes) -> None:
    """Send as much as is taken, then go: without a word, having heard what there is to hear."""
    with entrance.dial() as opened:
        try:
            for part in parts:
                opened.sendall(part)
            opened.settimeout(0.2)
            opened.recv(65_536)
        except OSError:
            pass  # refused, or told nothing


STRANGERS: list[Callable[[Entrance], None]] = [
    half_a_body,
    less_than_announced,
    half_a_body_of_a_read,
    large_body,
    endless_body,
    half_a_body_of_a_handshake,
    body_of_a_handshake,
    pieces_of_a_handshake,
    many_headers,
    long_header,
    plain_request,
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.__name__)
def test_nobody_waits_for_a_stranger(world: World, stranger: Callable[[Entrance], None]) -> None:
    """Requests and handshakes that follow are answered at once: no process is held to be away."""
    entrance = Entrance.at(world.edge)
    waited_s = 0.0
    for _ in range(ROUNDS):
        stranger(entrance)
        began = time.monotonic()
        with urllib.request.urlopen(f"{world.edge}/api/orders?limit=1", timeout=30):
            pass
        with connect(stream_url(world)):
            pass
        waited_s += time.monotonic() - began
    assert waited_s / ROUNDS < 0.5
    assert world.psql("SELECT count(*) FROM orders WHERE customer_name = 'cut off'") == "0"


@pytest.mark.slow
def test_slow_bodies_are_cut_off(world: World) -> None:
    """Nobody keeps a connection by sending a byte now and then."""
    dawdle_over_a_body(Entrance.at(world.edge), 20)


@pytest.mark.parametrize("size", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_no_request_hides_in_a_body(world: World, size: str) -> None:
    """What is left of a body that was refused is never taken for another request."""
    entrance = Entrance.at(world.edge)
    hidden = entrance.request("GET /api/orders")
    body = (hidden * (1_000_000 // len(hidden) + 1))[:1_000_000]
    if "chunked" in size:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with entrance.dial() as opened:
        with suppress(ConnectionError):
            opened.sendall(entrance.request("POST /api/orders", JSON, size) + body)
        answers = opened.recv(65_536)
        opened.settimeout(1)  # long enough for a request that was hidden
        with suppress(ConnectionError, TimeoutError):
            while more := opened.recv(65_536):
                answers += more
    assert answers.startswith(b"HTTP/1.1 413")
    assert answers.count(b"HTTP/1.1") == 1
