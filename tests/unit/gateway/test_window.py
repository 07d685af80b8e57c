"""One compressor for many clients."""

import zlib
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from orders_gateway.window import MIN_MESSAGES, SharedWindow

_TAIL = b"\x00\x00\xff\xff"


@dataclass(eq=False)
class _Client:
    """Inflates as RFC 7692 asks of a client: one window, from its first compressed message on."""

    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inflate = zlib.decompressobj(-15)

    def inflate(self, packed: bytes) -> None:
        self.heard.append(self._inflate.decompress(packed + _TAIL))


def _event(number: int) -> bytes:
    return b'{"position":%d,"order":{"customer_name":"Alfreds Futterkiste","id":%d}}' % (
        number,
        number * 7919,
    )


def _send(window: SharedWindow[_Client], message: bytes) -> tuple[int, tuple[_Client, ...]]:
    """Give every member a message; return how many bytes those who follow got, and who they are."""
    packed, following, plain = window.pack(message)
    for client in following:
        client.inflate(packed)
    for client in plain:
        client.heard.append(message)
    assert set(following + plain) == set(window.members())
    assert len(following + plain) == len(window.members())
    return len(packed), following


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_everyone_reads_every_message(data: st.DataObject) -> None:
    """Whoever joins, leaves or misses a message at any time reads what was sent to it since."""
    window: SharedWindow[_Client] = SharedWindow()
    everyone = [_Client() for _ in range(4)]
    sent: dict[int, list[bytes]] = {id(client): [] for client in everyone}
    for number in range(60):
        message = _event(number)
        there = data.draw(st.lists(st.sampled_from(everyone), unique=True))
        for client in everyone:
            if client not in there:
                window.leave(client)
            else:
                if client not in window.members():
                    window.join(client)
                sent[id(client)].append(message)
        _send(window, message)
    assert all(client.heard == sent[id(client)] for client in everyone)


def test_a_message_costs_what_is_new_in_it() -> None:
    """With the window of those before, a message is a fraction of its own size."""
    window: SharedWindow[_Client] = SharedWindow()
    window.join(_Client())
    sizes = [_send(window, _event(number))[0] for number in range(MIN_MESSAGES)]
    assert max(sizes[1:]) < len(_event(1)) / 3


def test_those_who_come_wait_for_a_beginning_and_it_comes() -> None:
    """A beginning costs everyone's window, so one client after the other does not call for one."""
    window: SharedWindow[_Client] = SharedWindow()
    first, second = _Client(), _Client()
    window.join(first)
    _send(window, _event(0))
    window.join(second)
    for number in range(1, MIN_MESSAGES):
        assert _send(window, _event(number))[1] == (first,)
    assert set(_send(window, _event(MIN_MESSAGES))[1]) == {first, second}


def test_nothing_is_compressed_for_nobody() -> None:
    """Where no client deflates, or the last has left, no message is compressed."""
    window: SharedWindow[_Client] = SharedWindow()
    assert window.pack(_event(1)) == (b"", (), ())
    gone = _Client()
    window.join(gone)
    window.leave(gone)
    assert window.pack(_event(2)) == (b"", (), ())
