"""The load generator's hot path in C hears what the reader in Python hears."""

import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.compiler import library
from bench.load.client import Client, Tally
from bench.load.frames import CLOSE, PING, Inflater
from bench.load.receiver import SOURCE, Receiver
from harness.wire import HELLO, compressed, events, frame, look_alikes, row

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
    ) -> Self:
        far, near = _tcp_pair() if tcp else socket.socketpair()
        far.settimeout(10)
        near.setblocking(False)
        client = Client(numbered=numbered, whole=whole, timed=timed)
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


@dataclass
class InPython:
    """Hears what is sent, piece by piece."""

    inflater: Inflater = field(default_factory=Inflater)
    tally: Tally = field(default_factory=Tally)

    def hear(self, line: Line, pieces: Sequence[bytes]) -> None:
        line.client.listen(self.inflater)
        assert line.client.sock is not None
        for piece in pieces:
            line.far.sendall(piece)
            line.client.hear(line.client.sock.recv(_READ_BYTES), self.tally)


class InC:
    """The same in C; what comes back is heard in Python."""

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
        """Send it all; returns when the client has noticed that the other end closed."""
        line.client.listen(self.inflater)
        assert line.client.sock is not None
        self.epoll.register(line.client.sock, select.EPOLLIN)
        assert self.receiver.adopt(line.client)
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
def c() -> Iterator[InC]:
    ear = InC()
    yield ear
    ear.close()


@pytest.fixture
def in_c(c: InC) -> InC:
    c.begin()
    return c


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


def sent(plan: Plan) -> bytes:
    """Return frames of all kinds, the events with gaps and repetitions."""
    position, wire = _FIRST, frame(HELLO)
    for kind, number in plan:
        if kind in {"events", "large", "gap"}:
            first = position + number % 9 * (kind == "gap")
            position = first + number
            padding = b" " * (70_000 if kind == "large" else number % 300)
            wire += frame(events(first, position - 1) + padding)
        elif kind == "again":
            first = max(1, position - number)
            wire += frame(events(first, first + 9))
            position = max(position, first + 10)
        elif kind == "ping":
            wire += frame(b"ab", 0x80 | PING)
        elif kind == "empty":
            wire += frame(b"")
        else:
            wire += frame(b'{"type":"%b","position":%d}' % (kind.encode(), position))
    return wire + frame(b"\x03\xe8", 0x80 | CLOSE)


def cut(wire: bytes, where: list[float]) -> list[bytes]:
    """Cut at these shares of the whole, and where more would not fit into a socket."""
    size = len(wire)
    places = {int(share * size) for share in where} | {*range(0, size, _FITS_BYTES)} | {0}
    edges = [*sorted(places), size]
    return [wire[start:end] for start, end in pairwise(edges)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS, where=st.lists(st.floats(0, 0.999), max_size=9), whole=st.booleans())
def test_both_hear_the_same(in_c: InC, plan: Plan, where: list[float], *, whole: bool) -> None:
    """Whatever is sent, and however it is cut, both count the same, get as far and answer alike."""
    in_c.begin()
    in_python = InPython()
    heard = []
    for ear in (in_python, in_c):
        with closing(Line.open(whole=whole)) as line:
            ear.hear(line, cut(sent(plan), where))
            heard.append((ear.tally, line.client.position, line.client.greeted, line.answers()))
    assert heard[0] == heard[1]


def test_each_place_to_cut(in_c: InC) -> None:
    """A stream cut in two anywhere is heard as if it had come whole."""
    wire = frame(HELLO) + frame(events(5, 9)) + frame(events(10, 1234) + b" " * 200)
    for place in range(1, len(wire)):
        in_c.begin()
        line = Line.open()
        in_c.hear(line, [wire[:place], wire[place:]])
        assert (in_c.tally.frames, in_c.tally.events, line.client.position) == (2, 1230, 1234)
        line.close()


def test_a_gap_is_noticed(in_c: InC) -> None:
    """Events that do not follow are a gap, once."""
    line = Line.open()
    in_c.hear(line, [frame(HELLO), frame(events(5, 6)), frame(events(8, 9)), frame(events(10, 10))])
    assert (in_c.tally.gaps, in_c.tally.events, line.client.position) == (1, 5, 10)
    line.close()


def test_an_event_counts_when_all_of_it_is_there(in_c: InC) -> None:
    """A message whose last byte never comes has not been heard."""
    line = Line.open()
    in_c.hear(line, [frame(HELLO), frame(events(5, 5))[:-1]])
    assert (in_c.tally.events, line.client.position) == (0, 4)
    line.close()


def test_large_frames_over_tcp(in_c: InC) -> None:
    """The rest of a large frame is dropped unread, and no byte of what follows with it."""
    line = Line.open(tcp=True)
    wire = frame(HELLO)
    for first in range(5, 45, 2):
        wire += frame(events(first, first) + b" " * 60_000)
        wire += frame(events(first + 1, first + 1))
    in_c.hear(line, cut(wire, [0.0001, 0.1, 0.33, 0.77, 0.9999]))
    assert (in_c.tally.frames, in_c.tally.events, in_c.tally.gaps) == (40, 40, 0)
    assert in_c.tally.bytes == len(wire)
    assert in_c.returned == 1  # hello alone
    line.close()


def test_rows_of_the_baseline(in_c: InC) -> None:
    """The baseline's rows have no positions; each counts as one event."""
    for numbered, positions in ((False, 2), (True, 9)):
        in_c.begin()
        line = Line.open(numbered=numbered)
        in_c.hear(line, [frame(row(7)), frame(row(9)), frame(row(8).replace(b" : ", b":"))])
        assert (in_c.tally.frames, line.client.position, in_c.returned) == (3, positions, 0)
        line.close()


def test_a_compressed_message_is_opened_once(in_c: InC) -> None:
    """What one client of a gateway has opened is recognised when it comes to another."""
    wire = [frame(HELLO), *compressed([events(5, 9), events(10, 10)])]
    returned = []
    for _ in range(3):
        line = Line.open()
        in_c.hear(line, wire)
        returned.append(in_c.returned)
        assert line.client.position == 10
        line.close()
    assert (in_c.tally.events, in_c.tally.gaps) == (18, 0)
    assert returned == [3, 4, 5]  # each hello, and the first client's frames


def test_the_same_bytes_may_be_another_message(in_c: InC) -> None:
    """A compressed message is recognised by its bytes and by how far its client has got."""
    wire = look_alikes()
    assert len(set(wire)) < len(wire)  # or this would show nothing
    for _ in range(2):
        line = Line.open()
        in_c.hear(line, [frame(HELLO), *wire])
        line.close()
    assert (in_c.tally.events, in_c.tally.gaps) == (2000, 0)


def test_arrivals_and_notes(in_c: InC) -> None:
    """For each frame: how many got it, when first and when last; each one of a timed client."""
    wire = [frame(HELLO), *(frame(events(number, number)) for number in range(5, 3005))]
    for timed in (True, False):
        line = Line.open(timed=timed)
        in_c.hear(line, cut(b"".join(wire), []))
        line.close()
    arrivals = {
        last: (count, first_at, last_at)
        for last, count, first_at, last_at in in_c.receiver.arrivals()
    }
    assert sorted(arrivals) == list(range(5, 3005))
    assert all(count == 2 and first < last for count, first, last in arrivals.values())
    assert [(first, last) for _, first, last in in_c.receiver.notes()] == [
        (number, number) for number in range(5, 3005)
    ]


def test_how_far_all_are(in_c: InC) -> None:
    """The least and the greatest position of those served now; nothing if nobody is."""
    assert in_c.receiver.spread() == []
    lines = [Line.open() for _ in range(3)]
    for line, position in zip(lines, (7, 5, 6), strict=True):
        line.client.position = position
        assert in_c.receiver.adopt(line.client)
    assert in_c.receiver.spread() == [5, 7]
    in_c.receiver.dismiss(lines[1].client)
    assert in_c.receiver.spread() == [6, 7]
    for line in lines:
        in_c.receiver.dismiss(line.client)
        line.close()
