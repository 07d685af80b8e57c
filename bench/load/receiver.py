"""``receive.c`` as a Python class. It takes a fraction of the CPU time of a reader in Python.

The C code counts plain ``events`` frames and returns all other frames to Python, each as a whole.
"""

import ctypes
import select
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.load.client import Client, Tally
from bench.load.frames import Message, is_compressed

SOURCE = Path(__file__).parent / "receive.c"

_ARRIVAL = struct.Struct("@qqdd")
_NOTE = struct.Struct("@dqq")


class Counts(ctypes.Structure):
    """The counts of ``receive.c``."""

    _fields_ = [(name, ctypes.c_int64) for name in ("frames", "events", "bytes", "gaps")]

    frames: int
    events: int
    bytes: int
    gaps: int


class _Told(ctypes.Structure):
    _fields_ = [
        ("fd", ctypes.c_int),
        ("events", ctypes.c_uint32),
        ("frame", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
    ]


class _Record(ctypes.Structure):
    _fields_ = [
        ("arrivals", ctypes.c_void_p),
        ("latest", ctypes.c_void_p),
        ("places", ctypes.c_size_t),
        ("used", ctypes.c_size_t),
        ("notes", ctypes.c_void_p),
        ("notes_room", ctypes.c_size_t),
        ("notes_used", ctypes.c_size_t),
    ]


class Receiver:
    """Waits on an epoll; reads adopted clients and reports all other descriptors."""

    def __init__(self, library: Path, epoll: select.epoll) -> None:
        self._c = _declared(ctypes.CDLL(str(library)))
        self._self = ctypes.c_void_p(self._c.receiver_new(epoll.fileno()))
        self._told = _Told()
        self.counts: Counts = self._c.counts(self._self).contents
        """Counts since the mark."""

    def close(self) -> None:
        """Free all memory."""
        self._c.receiver_free(self._self)

    def adopt(self, client: Client) -> None:
        """Read the client's socket from its next byte on."""
        assert client.sock is not None
        flags = (client.numbered, client.whole, client.timed)
        fd = client.sock.fileno()
        if not self._c.adopt(self._self, fd, client.position, client.port, *flags):
            raise AssertionError(f"descriptor {fd} is above the limit of receive.c")

    def dismiss(self, client: Client) -> None:
        """Stop reading a client and set its position."""
        assert client.sock is not None
        client.position = self._c.position(self._self, client.sock.fileno())
        self._c.dismiss(self._self, client.sock.fileno())

    def poll(self, timeout_s: float) -> Iterator[tuple[int, int, bytes]]:
        """Wait and receive; yield each ready descriptor with its epoll events or a frame."""
        told = self._told
        self._c.await_ready(self._self, -1 if timeout_s < 0 else round(timeout_s * 1000))
        while self._c.next_told(self._self, ctypes.byref(told)):
            yield (
                told.fd,
                told.events,
                ctypes.string_at(told.frame, told.size) if told.size else b"",
            )

    def hear(self, client: Client, frame: bytes, tally: Tally) -> Message | None:
        """Pass a returned frame to a client; if it is compressed, register it in ``receive.c``."""
        assert client.sock is not None
        fd = client.sock.fileno()
        client.position = before = self._c.position(self._self, fd)
        heard = client.hear(frame, tally)
        self._c.move(self._self, fd, client.position)
        if heard and is_compressed(frame):
            span = heard.first, heard.last
            self._c.learn(self._self, client.port, before, frame, len(frame), *span)
        return heard

    def spread(self) -> list[int]:
        """Return the lowest and highest position of adopted clients; [] if there are none."""
        lowest, highest = ctypes.c_int64(), ctypes.c_int64()
        served = self._c.spread(self._self, ctypes.byref(lowest), ctypes.byref(highest))
        return [lowest.value, highest.value] if served else []

    def arrivals(self) -> Iterator[tuple[int, int, float, float]]:
        """Yield a tuple for each frame: last position, receivers, first and last arrival."""
        record = self._c.record(self._self).contents
        rows = _rows(_ARRIVAL, record.arrivals, record.places)
        return (row for row in rows if row[1])

    def notes(self) -> Iterator[tuple[float, int, int]]:
        """Yield each arrival at a timed client: time, first and last position."""
        record = self._c.record(self._self).contents
        return _rows(_NOTE, record.notes, record.notes_used)

    def mark(self) -> None:
        """Reset the counts."""
        self._c.mark(self._self)


def _rows(layout: struct.Struct, address: int | None, count: int) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a copied array. The address of an empty array is None."""
    return layout.iter_unpack(ctypes.string_at(address or 0, layout.size * count))


def _declared(c: ctypes.CDLL) -> ctypes.CDLL:
    """Declare the functions that take or return other types than C's int."""
    pointer, integer, size = ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t
    c.receiver_new.restype = pointer
    c.adopt.argtypes = [pointer, ctypes.c_int, integer, *[ctypes.c_int] * 4]
    c.position.restype = integer
    c.move.argtypes = [pointer, ctypes.c_int, integer]
    c.learn.argtypes = [pointer, ctypes.c_int, integer, ctypes.c_char_p, size, integer, integer]
    c.counts.restype = ctypes.POINTER(Counts)
    c.record.restype = ctypes.POINTER(_Record)
    return c
