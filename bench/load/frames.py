"""Parse single WebSocket frames as a client receives them. Pure.

``receive.c`` splits the byte stream into frames and counts plain ``events`` frames itself. Only the
other frames are parsed here.
"""

import re
import zlib
from dataclasses import dataclass

_EVENTS = re.compile(rb'(?:42\["orders",)?\{"type":"events","first":(\d+),"last":(\d+),')
_ROW = re.compile(rb'\{"operation" ?: ?"\w+", ?"order" ?: ?\{"id":(\d+)')
_STAMP = re.compile(rb'"changed_at":"([^"]+)"')

PING, CLOSE = 9, 8
_COMPRESSED = 0x40
_TAIL = b"\x00\x00\xff\xff"
_REMEMBERED = 1024
"""How many messages one client of a gateway may be ahead of another."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``first`` is 0 if it holds no events."""

    opcode: int
    first: int
    last: int
    text: bytes


class Inflater:
    """Decompresses the messages of one gateway, each of them once for all clients.

    The compressed bytes alone do not identify a message: two messages that differ only in a digit
    that lies in the compression window have the same bytes. The key is therefore the bytes and the
    position of the client that received them.
    """

    def __init__(self) -> None:
        self._window = zlib.decompressobj(-15)
        self._texts: dict[tuple[int, bytes], bytes] = {}

    def open(self, packed: bytes, after: int) -> bytes:
        """Return the text of the message that follows position ``after``.

        The first client to receive a message receives the messages in the order of compression.
        """
        text = self._texts.get((after, packed))
        if text is None:
            text = self._texts[after, packed] = self._window.decompress(packed + _TAIL)
            if len(self._texts) > _REMEMBERED:
                del self._texts[next(iter(self._texts))]
        return text


def parse(frame: bytes, inflater: Inflater, position: int) -> Message:
    """Parse one whole frame for a client that has received everything up to ``position``."""
    length = frame[1]
    payload = frame[2 if length < 126 else 4 if length == 126 else 10 :]
    text = inflater.open(payload, position) if is_compressed(frame) else payload
    found = _EVENTS.match(text) or _ROW.match(text)
    first, last = (int(found[1]), int(found[found.re.groups])) if found else (0, 0)
    return Message(frame[0] & 15, first, last, text)


def is_compressed(frame: bytes) -> bool:
    """Return whether the payload of a frame is compressed."""
    return bool(frame[0] & _COMPRESSED)


def stamps_of(text: bytes) -> list[bytes]:
    """Return ``changed_at`` of each event of an ``events`` message, as PostgreSQL wrote it."""
    return _STAMP.findall(text)


def pong(payload: bytes) -> bytes:
    """Return the answer to a ping."""
    return bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def masked(text: bytes) -> bytes:
    """Return a short text message as a client sends it."""
    return bytes((0x81, 0x80 | 126)) + len(text).to_bytes(2, "big") + bytes(4) + text
