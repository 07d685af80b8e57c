"""Reads WebSocket frames without keeping them. Pure.

Of an ``events`` frame only its beginning is looked at; the rest is counted and forgotten, so that
a thousand clients cost their generator little more than the kernel's copying.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_EVENTS = re.compile(rb'(?:42\["orders",)?\{"type":"events","first":(\d+),"last":(\d+),')
_ROW = re.compile(rb'\{"operation" ?: ?"\w+", ?"order" ?: ?\{"id":(\d+)')
_STAMP = re.compile(rb'"changed_at":"([^"]+)"')

_GLANCE = 96
"""So many bytes of a payload tell what it is."""

_SMALL = 4096
"""Other messages are shorter."""

PING, CLOSE = 9, 8
_COMPRESSED = 0x40
_TAIL = b"\x00\x00\xff\xff"
_REMEMBERED = 1024
"""So many messages one client of a gateway may be ahead of another."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One whole message. ``first`` is 0 if it holds no events; then ``text`` is all of it."""

    opcode: int
    first: int
    last: int
    text: bytes = b""


class Inflater:
    """Opens what one gateway compressed once for all its clients: each message once, here too.

    Bytes alone do not tell which message they are: where only a leading digit differs, it comes out
    of the window, and hundreds of messages later the same bytes mean other events. So a message is
    known by its bytes and by how far the client has got that hears it.
    """

    def __init__(self) -> None:
        self._window = zlib.decompressobj(-15)
        self._texts: dict[tuple[int, bytes], bytes] = {}

    def open(self, packed: bytes, after: int) -> bytes:
        """Return the text of the message that comes after a position.

        Whoever is first to get it gets it next after the one before.
        """
        text = self._texts.get((after, packed))
        if text is None:
            text = self._texts[after, packed] = self._window.decompress(packed + _TAIL)
            if len(self._texts) > _REMEMBERED:
                del self._texts[next(iter(self._texts))]
        return text


class Reader:
    """Turns what a socket gives into what was heard.

    A ``whole`` reader keeps the text of every message; others that of small ones without events.
    Whoever reads says in ``position`` how far he has got, before he asks for the next message.
    """

    __slots__ = ("_begun", "_inflater", "_left", "_pending", "_whole", "position")

    def __init__(self, inflater: Inflater, *, whole: bool = False) -> None:
        self._pending = b""
        self._left = 0
        self._begun: Heard | None = None
        self._whole = whole
        self._inflater = inflater
        self.position = -1

    def feed(self, data: bytes | memoryview) -> Iterator[Heard]:
        """Take the next bytes; yield the messages they complete."""
        if self._left:
            if len(data) < self._left:
                self._left -= len(data)
                return
            data = data[self._left :]
            self._left = 0
            if self._begun is not None:
                yield self._begun
        if self._pending:
            data = self._pending + bytes(data)
            self._pending = b""
        yield from self._frames(data)

    def _frames(self, data: bytes | memoryview) -> Iterator[Heard]:
        at, end = 0, len(data)
        while at < end:
            start, length = header(data, at, end)
            glance = length if self._whole else min(length, _GLANCE)
            if not start or end - start < glance:
                break
            heard = self._look(data, at, start, length, end)
            if heard is None:
                break
            if end - start < length:
                self._begun, self._left = heard, length - (end - start)
                return
            yield heard
            at = start + length
        self._pending = bytes(data[at:])

    def _look(
        self, data: bytes | memoryview, at: int, start: int, length: int, end: int
    ) -> Heard | None:
        """Say what a frame is; None if more of it must come first."""
        opcode = data[at] & 15
        if data[at] & _COMPRESSED:
            return self._open(opcode, data, start, length, end)
        if opcode == 1 and (found := events_of(data, start)) is not None:
            text = bytes(data[start : start + length]) if self._whole else b""
            return Heard(opcode, *found, text)
        if end - start < length <= _SMALL:
            return None
        return Heard(opcode, 0, 0, bytes(data[start : start + min(length, _SMALL)]))

    def _open(
        self, opcode: int, data: bytes | memoryview, start: int, length: int, end: int
    ) -> Heard | None:
        if end - start < length:
            return None
        text = self._inflater.open(bytes(data[start : start + length]), self.position)
        found = events_of(text, 0)
        return Heard(opcode, *(found or (0, 0)), text)


def header(data: bytes | memoryview, at: int, end: int) -> tuple[int, int]:
    """Return where a frame's payload begins and its length; (0, 0) if that is not known yet."""
    if end - at < 2:
        return 0, 0
    length = data[at + 1]
    if length < 126:
        return at + 2, length
    size = 2 if length == 126 else 8
    if end - at < 2 + size:
        return 0, 0
    return at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")


def events_of(data: bytes | memoryview, start: int) -> tuple[int, int] | None:
    """Return first and last position of an ``events`` message, or twice a baseline row's id.

    The message may be wrapped as Socket.IO does it.
    """
    found = _EVENTS.match(data, start)
    if found is not None:
        return int(found[1]), int(found[2])
    found = _ROW.match(data, start)
    return None if found is None else (int(found[1]), int(found[1]))


def is_compressed(frame: bytes) -> bool:
    """Tell whether a frame's payload is compressed."""
    return bool(frame[0] & _COMPRESSED)


def stamps_of(text: bytes) -> list[bytes]:
    """Return when each event of an ``events`` message happened, as PostgreSQL wrote it."""
    return _STAMP.findall(text)


def pong(payload: bytes) -> bytes:
    """Return the answer to a ping."""
    return bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def masked(text: bytes) -> bytes:
    """Return a short text message as a client sends it."""
    return bytes((0x81, 0x80 | 126)) + len(text).to_bytes(2, "big") + bytes(4) + text
