"""The load generator reads WebSocket frames however the network cuts them."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.load.client import Client, Tally
from bench.load.frames import CLOSE, PING, Heard, Inflater, Reader, stamps_of
from harness.wire import HELLO, compressed, events, frame, look_alikes

WIRE = b"".join(
    [
        frame(HELLO),
        frame(events(5, 5)),
        frame(b"ab", 0x80 | PING),
        frame(events(6, 900) + b" " * 70_000),
        frame(events(901, 902) + b" " * 300),
        frame(b"\x03\xe8", 0x80 | CLOSE),
    ]
)


def read(reader: Reader, cuts: list[int]) -> list[Heard]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(WIRE)), len(WIRE)]
    pieces = [WIRE[start:end] for start, end in pairwise(edges)]
    return [heard for piece in pieces if piece for heard in reader.feed(memoryview(piece))]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.integers(0, 1000) | st.integers(0, len(WIRE)), max_size=12))
def test_cuts_do_not_matter(cuts: list[int]) -> None:
    """However the bytes are cut, the same messages are heard."""
    heard = read(Reader(Inflater()), cuts)
    assert [(each.opcode, each.first, each.last) for each in heard] == [
        (1, 0, 0),
        (1, 5, 5),
        (PING, 0, 0),
        (1, 6, 900),
        (1, 901, 902),
        (CLOSE, 0, 0),
    ]
    assert (heard[0].text, heard[2].text) == (HELLO, b"ab")


@given(st.lists(st.integers(0, len(WIRE)), max_size=12))
def test_a_whole_reader_keeps_the_text(cuts: list[int]) -> None:
    """A reader asked for whole messages tells when each event happened."""
    heard = read(Reader(Inflater(), whole=True), cuts)
    assert [len(stamps_of(each.text)) for each in heard if each.first] == [2, 2, 2]


def test_an_event_counts_when_all_of_it_is_there() -> None:
    """A message whose last byte is missing has not been heard."""
    wire = frame(events(5, 5))
    reader = Reader(Inflater())
    assert list(reader.feed(wire[:-1])) == []
    assert [each.last for each in reader.feed(wire[-1:])] == [5]


def hear(wire: list[bytes], *clients: Client) -> Tally:
    """Let clients that were greeted hear frames, one client after the other."""
    tally, shared = Tally(), Inflater()
    for client in clients:
        client.listen(shared)
        client.hear(frame(HELLO), tally)
        for part in wire:
            client.hear(part, tally)
    return tally


def test_clients_share_what_was_compressed_once() -> None:
    """Frames of one compressor are opened once, whoever gets them first, and read by all."""
    wire = compressed([events(5, 9), events(10, 10)])
    tally = hear(wire, Client(numbered=True, whole=False), Client(numbered=True, whole=False))
    assert (tally.events, tally.gaps) == (12, 0)


def test_the_same_bytes_may_be_another_message() -> None:
    """What differs only by a digit out of the window is the same on the wire, and yet not lost."""
    wire = look_alikes()
    assert len(set(wire)) < len(wire)  # or this would show nothing
    tally = hear(wire, Client(numbered=True, whole=False), Client(numbered=True, whole=False))
    assert (tally.events, tally.gaps) == (2000, 0)
