"""Unfinished and oversized requests at the edge delay no other client."""

import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress

import pytest
from websockets.sync.client import connect

from harness.attacks import Entrance, dawdle_over_a_body
from harness.waiting import under_load
from harness.world import World, stream_url

ROUNDS = 5
JSON = "Content-Type: application/json"
MEGABYTE = b" " * 1_000_000


def half_a_body(entrance: Entrance) -> None:
    """Disconnect in the middle of an order."""
    _send(entrance, entrance.request("POST /api/orders", JSON, "Content-Length: 90"), b"{")


def less_than_announced(entrance: Entrance) -> None:
    """Disconnect after a complete order that is shorter than its Content-Length."""
    head = entrance.request("POST /api/orders", JSON, "Content-Length: 90")
    _send(entrance, head, b'{"customer_name": "cut off", "product_name": "cut off"}')


def half_a_body_of_a_read(entrance: Entrance) -> None:
    """Announce a body with a GET, and disconnect in the middle of it."""
    _send(entrance, entrance.request("GET /api/orders", "Content-Length: 90"), b"{")


def large_body(entrance: Entrance) -> None:
    """Send a body larger than any order."""
    head = entrance.request("POST /api/orders", JSON, f"Content-Length: {len(MEGABYTE)}")
    _send(entrance, head, MEGABYTE)


def endless_body(entrance: Entrance) -> None:
    """Send a chunked body without an end."""
    head = entrance.request("POST /api/orders", JSON, "Transfer-Encoding: chunked")
    _send(entrance, head, b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE))


def half_a_body_of_a_handshake(entrance: Entrance) -> None:
    """Announce a body with a handshake, and disconnect in the middle of it."""
    _send(entrance, entrance.handshake("Content-Length: 90"), b"{")


def body_of_a_handshake(entrance: Entrance) -> None:
    """Send a handshake with a body."""
    _send(entrance, entrance.handshake(f"Content-Length: {len(MEGABYTE)}"), MEGABYTE)


def pieces_of_a_handshake(entrance: Entrance) -> None:
    """Send a handshake with a chunked body."""
    _send(entrance, entrance.handshake("Transfer-Encoding: chunked"), b"5\r\n{")


def many_headers(entrance: Entrance) -> None:
    """Send a handshake with more headers than a gateway reads."""
    _send(entrance, entrance.handshake(*(f"X-{number}: x" for number in range(300))))


def long_header(entrance: Entrance) -> None:
    """Send a handshake with a longer line than a gateway reads."""
    _send(entrance, entrance.handshake("X-Long: " + "x" * 12_000))


def plain_request(entrance: Entrance) -> None:
    """Send a POST with half a body to the gateway's path."""
    _send(entrance, entrance.request("POST /ws", "Content-Length: 90"), b"{")


def _send(entrance: Entrance, *parts: bytes) -> None:
    """Send as much as the server accepts, read what it answers, and disconnect."""
    with entrance.dial() as opened:
        try:
            for part in parts:
                opened.sendall(part)
            opened.settimeout(0.2)
            opened.recv(65_536)
        except OSError:
            pass  # refused, or no answer


REQUESTS: list[Callable[[Entrance], None]] = [
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


@pytest.mark.parametrize("send", REQUESTS, ids=lambda send: send.__name__)
def test_other_clients_do_not_wait(world: World, send: Callable[[Entrance], None]) -> None:
    """Requests and handshakes that follow are answered at once: no process counts as down."""
    entrance = Entrance.at(world.edge)
    waited_s = 0.0
    for _ in range(ROUNDS):
        send(entrance)
        began = time.monotonic()
        with urllib.request.urlopen(f"{world.edge}/api/orders?limit=1", timeout=30):
            pass
        with connect(stream_url(world)):
            pass
        waited_s += time.monotonic() - began
    assert waited_s / ROUNDS < under_load(0.5)
    assert world.psql("SELECT count(*) FROM orders WHERE customer_name = 'cut off'") == "0"


@pytest.mark.slow
def test_slow_bodies_are_cut_off(world: World) -> None:
    """A client that sends a body byte by byte is disconnected."""
    dawdle_over_a_body(Entrance.at(world.edge), 20)


@pytest.mark.parametrize("size", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_no_request_hides_in_a_body(world: World, size: str) -> None:
    """The rest of a rejected body is never read as another request."""
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
