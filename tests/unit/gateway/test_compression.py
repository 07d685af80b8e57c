"""One compressor for many clients."""

import zlib
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from orders_gateway.compression import MIN_MESSAGES, SharedCompressor

_TAIL = b"\x00\x00\xff\xff"


@dataclass(eq=False)
class _Client:
    """Inflates as RFC 7692 requires: with one window, from its first compressed message on."""

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


def _send(compressor: SharedCompressor[_Client], message: bytes) -> tuple[int, tuple[_Client, ...]]:
    """Send a message to all members; return its compressed size and the members that got that."""
    packed, following, plain = compressor.compress(message)
    for client in following:
        client.inflate(packed)
    for client in plain:
        client.heard.append(message)
    assert set(following + plain) == set(compressor.members())
    assert len(following + plain) == len(compressor.members())
    return len(packed), following


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_everyone_reads_every_message(data: st.DataObject) -> None:
    """A client that joins, leaves or misses a message at any time reads everything sent to it."""
    compressor: SharedCompressor[_Client] = SharedCompressor()
    everyone = [_Client() for _ in range(4)]
    sent: dict[int, list[bytes]] = {id(client): [] for client in everyone}
    for number in range(60):
        message = _event(number)
        there = data.draw(st.lists(st.sampled_from(everyone), unique=True))
        for client in everyone:
            if client not in there:
                compressor.leave(client)
            else:
                if client not in compressor.members():
                    compressor.join(client)
                sent[id(client)].append(message)
        _send(compressor, message)
    assert all(client.heard == sent[id(client)] for client in everyone)


def test_a_message_costs_what_is_new_in_it() -> None:
    """After similar messages, a message is compressed to less than a third of its size."""
    compressor: SharedCompressor[_Client] = SharedCompressor()
    compressor.join(_Client())
    sizes = [_send(compressor, _event(number))[0] for number in range(MIN_MESSAGES)]
    assert max(sizes[1:]) < len(_event(1)) / 3


def test_newcomers_wait_for_the_next_reset() -> None:
    """A reset discards the dictionary, so it happens at most every MIN_MESSAGES messages."""
    compressor: SharedCompressor[_Client] = SharedCompressor()
    first, second = _Client(), _Client()
    compressor.join(first)
    _send(compressor, _event(0))
    compressor.join(second)
    for number in range(1, MIN_MESSAGES):
        assert _send(compressor, _event(number))[1] == (first,)
    assert set(_send(compressor, _event(MIN_MESSAGES))[1]) == {first, second}


def test_without_members_nothing_is_compressed() -> None:
    """While no client deflates, no message is compressed."""
    compressor: SharedCompressor[_Client] = SharedCompressor()
    assert compressor.compress(_event(1)) == (b"", (), ())
    gone = _Client()
    compressor.join(gone)
    compressor.leave(gone)
    assert compressor.compress(_event(2)) == (b"", (), ())
