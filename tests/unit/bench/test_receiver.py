"""The load generator counts exactly what the network delivers."""

import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.compiler import library
from bench.load.client import Client, Tally
from bench.load.dialects import DIALECTS
from bench.load.frames import CLOSE, PING, Inflater, parse, stamps_of
from bench.load.receiver import SOURCE, Receiver
from harness.server_frames import HELLO, compressed, events, frame, look_alikes, row

_READ_BYTES = 1024 * 1024
_FITS_BYTES = 60_000
_FIRST = 5  # after HELLO


@dataclass
class Line:
    """A client, and the other end of its connection."""

    client: Client
    far: socket.socket

    @classmethod
    def open(
        cls,
        *,
        tcp: bool = False,
        numbered: bool = True,
        whole: bool = False,
        timed: bool = False,
        dialect: str = "",
    ) -> Self:
        far, near = _tcp_pair() if tcp else socket.socketpair()
        far.settimeout(10)
        near.setblocking(False)
        client = Client(
            numbered=numbered,
            whole=whole,
            timed=timed,
            dialect=DIALECTS[dialect] if dialect else None,
        )
        client.sock = near
        return cls(client, far)

    def answers(self) -> bytes:
        """Return what the client sent."""
        self.far.setblocking(False)
        try:
            return self.far.recv(_READ_BYTES)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        assert self.client.sock is not None
        self.client.sock.close()
        self.far.close()


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        return server.accept()[0], near


class Ear:
    """A receiver and what it counted."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        built = library(SOURCE)
        if built is None:
            pytest.skip("there is no C compiler")
        self.receiver = Receiver(built, self.epoll)
        self.begin()

    def begin(self) -> None:
        self.inflater = Inflater()
        self.returned = 0
        self._tally = Tally()
        self.receiver.mark()

    def close(self) -> None:
        self.receiver.close()
        self.epoll.close()

    @property
    def tally(self) -> Tally:
        told = asdict(self._tally)
        for name in ("frames", "events", "bytes", "gaps"):
            told[name] += getattr(self.receiver.counts, name)
        return Tally(**told)

    def hear(self, line: Line, pieces: Sequence[bytes]) -> None:
        """Send it all; return when the client has noticed that the other end closed."""
        line.client.inflater = self.inflater
        assert line.client.sock is not None
        self.epoll.register(line.client.sock, select.EPOLLIN)
        self.receiver.adopt(line.client)
        for piece in pieces:
            line.far.sendall(piece)
            while select.select([line.client.sock], [], [], 0)[0]:
                self._poll(line, 0)
        line.far.shutdown(socket.SHUT_WR)
        while self._poll(line, 5):
            pass
        self.receiver.dismiss(line.client)
        self.epoll.unregister(line.client.sock)

    def _poll(self, line: Line, timeout_s: float) -> bool:
        """Return whether the connection is still open."""
        assert line.client.sock is not None
        for fd, event, told in self.receiver.poll(timeout_s):
            assert fd == line.client.sock.fileno()
            if event:
                return False
            self.returned += 1
            self.receiver.hear(line.client, told, self._tally)
        return True


@pytest.fixture(scope="module")
def shared_ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def ear(shared_ear: Ear) -> Ear:
    shared_ear.begin()
    return shared_ear


Plan = list[tuple[str, int]]
PLANS: st.SearchStrategy[Plan] = st.lists(
    st.tuples(
        st.sampled_from(
            ["events", "events", "large", "gap", "again", "ping", "heartbeat", "reset", "empty"]
        ),
        st.integers(1, 2000),
    ),
    max_size=8,
)


def sent(plan: Plan) -> tuple[bytes, Tally, int]:
    """Return frames of all kinds, what they add up to, and the position they lead to."""
    position, wire, tally = _FIRST, frame(HELLO), Tally(lost=1)
    for kind, number in plan:
        if kind in {"events", "large", "gap"}:
            skipped = number % 9 * (kind == "gap")
            first = position + skipped
            position = first + number
            padding = b" " * (70_000 if kind == "large" else number % 300)
            wire += frame(events(first, position - 1) + padding)
            tally.frames += 1
            tally.events += number
            tally.gaps += skipped > 0
        elif kind == "again":
            first = max(1, position - number)
            wire += frame(events(first, first + 9))
            tally.frames += 1
            tally.events += max(0, first + 10 - position)
            position = max(position, first + 10)
        elif kind == "ping":
            wire += frame(b"ab", 0x80 | PING)
        elif kind == "empty":
            wire += frame(b"")
        else:
            wire += frame(b'{"type":"%b","position":%d}' % (kind.encode(), position - 1))
            tally.resets += kind == "reset"
    wire += frame(b"\x03\xe8", 0x80 | CLOSE)
    tally.bytes = len(wire)
    return wire, tally, position - 1


def cut(wire: bytes, where: list[float]) -> list[bytes]:
    """Cut at these shares of the whole, and where more would not fit into a socket."""
    size = len(wire)
    places = {int(share * size) for share in where} | {*range(0, size, _FITS_BYTES)} | {0}
    edges = [*sorted(places), size]
    return [wire[start:end] for start, end in pairwise(edges)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS, where=st.lists(st.floats(0, 0.999), max_size=9), whole=st.booleans())
def test_the_counts_do_not_depend_on_the_cuts(
    ear: Ear, plan: Plan, where: list[float], *, whole: bool
) -> None:
    """However the bytes are cut, frames, events, gaps, pings and the position are exact."""
    ear.begin()
    wire, tally, position = sent(plan)
    with closing(Line.open(whole=whole)) as line:
        ear.hear(line, cut(wire, where))
        pings = sum(kind == "ping" for kind, _ in plan)
        assert line.answers().count(b"\x8a\x82") == pings
        assert (ear.tally, line.client.position, line.client.greeted) == (tally, position, True)


def test_each_place_to_cut(ear: Ear) -> None:
    """A stream cut in two at any byte gives the same counts."""
    wire = frame(HELLO) + frame(events(5, 9)) + frame(events(10, 1234) + b" " * 200)
    for place in range(1, len(wire)):
        ear.begin()
        line = Line.open()
        ear.hear(line, [wire[:place], wire[place:]])
        assert (ear.tally.frames, ear.tally.events, line.client.position) == (2, 1230, 1234)
        line.close()


def test_an_incomplete_message_does_not_count(ear: Ear) -> None:
    """A message whose last byte never arrives is not counted."""
    line = Line.open()
    ear.hear(line, [frame(HELLO), frame(events(5, 5))[:-1]])
    assert (ear.tally.events, line.client.position) == (0, 4)
    line.close()


def test_large_frames_over_tcp(ear: Ear) -> None:
    """The rest of a large frame is discarded unread, and no byte of the next frame with it."""
    line = Line.open(tcp=True)
    wire = frame(HELLO)
    for first in range(5, 45, 2):
        wire += frame(events(first, first) + b" " * 60_000)
        wire += frame(events(first + 1, first + 1))
    ear.hear(line, cut(wire, [0.0001, 0.1, 0.33, 0.77, 0.9999]))
    assert (ear.tally.frames, ear.tally.events, ear.tally.gaps) == (40, 40, 0)
    assert ear.tally.bytes == len(wire)
    assert ear.returned == 1  # hello alone
    line.close()


def test_rows_of_the_baseline(ear: Ear) -> None:
    """The baseline's rows have no positions; each counts as one event."""
    for numbered, positions in ((False, 2), (True, 9)):
        ear.begin()
        line = Line.open(numbered=numbered)
        ear.hear(line, [frame(row(7)), frame(row(9)), frame(row(8).replace(b" : ", b":"))])
        assert (ear.tally.frames, line.client.position, ear.returned) == (3, positions, 0)
        line.close()


_SOCKET_IO = [b'0{"sid":"x","pingInterval":25000}', b'40{"sid":"y"}', b"2"]


@pytest.mark.parametrize(
    ("dialect", "opening", "wrap", "replies"),
    [("nchan", [], b"%b", b""), ("socket.io", _SOCKET_IO, b'42["orders",%b]', b"403")],
)
def test_other_servers(
    ear: Ear, dialect: str, opening: list[bytes], wrap: bytes, replies: bytes
) -> None:
    """Messages of other servers count from the first event on; a missing first one is a gap."""
    for first, gaps in ((1, 0), (2, 1)):
        ear.begin()
        line = Line.open(dialect=dialect)
        texts = [events(first, first), events(first + 1, 900) + b" " * 70_000]
        wire = [*map(frame, opening), *(frame(wrap % text) for text in texts)]
        ear.hear(line, cut(b"".join(wire), [0.01, 0.5]))
        assert (ear.tally.frames, ear.tally.gaps, line.client.position) == (2, gaps, 900)
        assert _unmasked(line.answers()) == replies
        line.close()


def _unmasked(wire: bytes) -> bytes:
    """Return the texts of frames as ``masked`` makes them, joined."""
    texts = b""
    while wire:
        length = int.from_bytes(wire[2:4], "big")
        texts, wire = texts + wire[8 : 8 + length], wire[8 + length :]
    return texts


def test_a_compressed_message_is_opened_once(ear: Ear) -> None:
    """A frame that one client of a gateway has decompressed is recognised at the next client."""
    wire = [frame(HELLO), *compressed([events(5, 9), events(10, 10)])]
    returned = []
    for _ in range(3):
        line = Line.open()
        ear.hear(line, wire)
        returned.append(ear.returned)
        assert line.client.position == 10
        line.close()
    assert (ear.tally.events, ear.tally.gaps) == (18, 0)
    assert returned == [3, 4, 5]  # each hello, and the first client's frames


def test_the_same_bytes_may_be_another_message(ear: Ear) -> None:
    """A compressed message is recognised by its bytes and by the client's position."""
    wire = look_alikes()
    assert len(set(wire)) < len(wire)  # otherwise this test shows nothing
    for _ in range(2):
        line = Line.open()
        ear.hear(line, [frame(HELLO), *wire])
        line.close()
    assert (ear.tally.events, ear.tally.gaps) == (2000, 0)


def test_stamps() -> None:
    """A client that keeps whole messages records when each event happened."""
    message = parse(frame(events(6, 900) + b" " * 70_000), Inflater(), 5)
    assert (message.first, message.last, len(stamps_of(message.text))) == (6, 900, 2)


def test_arrivals_and_notes(ear: Ear) -> None:
    """Each frame has its number of receivers and times; a timed client has each arrival."""
    wire = [frame(HELLO), *(frame(events(number, number)) for number in range(5, 3005))]
    for timed in (True, False):
        line = Line.open(timed=timed)
        ear.hear(line, cut(b"".join(wire), []))
        line.close()
    arrivals = {
        last: (count, first_at, last_at)
        for last, count, first_at, last_at in ear.receiver.arrivals()
    }
    assert sorted(arrivals) == list(range(5, 3005))
    assert all(count == 2 and first < last for count, first, last in arrivals.values())
    assert [(first, last) for _, first, last in ear.receiver.notes()] == [
        (number, number) for number in range(5, 3005)
    ]


def test_spread(ear: Ear) -> None:
    """The spread is the lowest and the highest position of the clients that are adopted."""
    assert ear.receiver.spread() == []
    lines = [Line.open() for _ in range(3)]
    for line, position in zip(lines, (7, 5, 6), strict=True):
        line.client.position = position
        ear.receiver.adopt(line.client)
    assert ear.receiver.spread() == [5, 7]
    ear.receiver.dismiss(lines[1].client)
    assert ear.receiver.spread() == [6, 7]
    for line in lines:
        ear.receiver.dismiss(line.client)
        line.close()
