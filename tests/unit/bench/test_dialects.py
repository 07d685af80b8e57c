"""The load generator understands other servers, however the network cuts what they send."""

import socket
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from bench.load.client import Client, Tally
from bench.load.dialects import DIALECTS


def _text(payload: bytes) -> bytes:
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def _binary(payload: bytes) -> bytes:
    return Frame(Opcode.BINARY, payload).serialize(mask=False)


def _events(first: int, last: int, more: bytes = b"") -> bytes:
    return b'{"type":"events","first":%d,"last":%d,"events":[]%b}' % (first, last, more)


def _wrapped(name: str, text: bytes) -> bytes:
    """Return a message as this server wraps it, without the frame."""
    match name:
        case "nats":
            return b"MSG orders 1 %d\r\n%b\r\n" % (len(text), text)
        case "socket.io":
            return b'42["orders",%b]' % text
    return text


def _messages(name: str) -> list[bytes]:
    spans = [(1, 1, b""), (2, 900, b" " * 70_000), (901, 902, b"")]
    return [_wrapped(name, _events(*span)) for span in spans]


def _nats() -> bytes:
    """Return frames that end within a line and within a message, and one that holds several."""
    stream = b'INFO {"server_id":"x"}\r\nPONG\r\n' + b"PING\r\n".join(_messages("nats"))
    return b"".join(_binary(part) for part in (stream[:9], stream[9:99], stream[99:]))


_HANDSHAKE = [b'0{"sid":"x","pingInterval":25000}', b'40{"sid":"y"}', b"2"]
_WIRE = {
    "nats": _nats(),
    "nchan": b"".join(map(_text, _messages("nchan"))),
    "socket.io": b"".join(map(_text, _HANDSHAKE + _messages("socket.io"))),
}
_SAID = {
    "nats": [b"CONNECT {", b"SUB orders 1\r\n", b"PONG\r\n"],
    "nchan": [],
    "socket.io": [b"40", b"3"],
}


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(sorted(DIALECTS)), st.lists(st.integers(0, 2000), max_size=12))
def test_cuts_do_not_matter(name: str, cuts: list[int]) -> None:
    """However the bytes are cut, every event is counted once and every question answered."""
    wire, tally = _WIRE[name], Tally()
    here, there = socket.socketpair()
    with here, there:
        client = Client(numbered=True, whole=False, dialect=DIALECTS[name])
        client.sock = here
        for start, end in pairwise([0, *sorted(cuts), len(wire)]):
            client.hear(memoryview(wire[start:end]), tally)
        here.shutdown(socket.SHUT_WR)
        said = there.makefile("rb").read()
    assert (tally.events, tally.frames, tally.gaps, client.position) == (902, 3, 0, 902)
    assert all(word in said for word in _SAID[name])
    assert bool(said) == bool(_SAID[name])


@pytest.mark.parametrize("name", DIALECTS)
def test_a_missing_event_is_a_gap(name: str) -> None:
    """Who was not sent the first event has missed it."""
    client, tally = Client(numbered=True, whole=False, dialect=DIALECTS[name]), Tally()
    framed = _binary if name == "nats" else _text
    client.hear(framed(_wrapped(name, _events(2, 3))), tally)
    assert (tally.events, tally.gaps) == (2, 1)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_client_is_greeted_once_it_is_welcome(name: str) -> None:
    """It waits for its server's word; one that has none serves from the handshake on."""
    client = Client(numbered=True, whole=False, dialect=DIALECTS[name])
    client.answered(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    assert client.greeted == (name == "nchan")
    client.hear(_WIRE[name], Tally())
    assert client.greeted
