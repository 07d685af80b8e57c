"""WebSocket frames as gateways and the baseline send them."""

import zlib
from collections.abc import Iterable

from bench.feed import event

_STAMP = b"2026-11-22T11:12:52.5+00:00"


def frame(payload: bytes, first_byte: int = 0x81) -> bytes:
    if len(payload) < 126:
        head = bytes((first_byte, len(payload)))
    elif len(payload) < 65_536:
        head = bytes((first_byte, 126)) + len(payload).to_bytes(2, "big")
    else:
        head = bytes((first_byte, 127)) + len(payload).to_bytes(8, "big")
    return head + payload


def events(first: int, last: int) -> bytes:
    rows = b",".join(b'{"position":%d,"changed_at":"%b"}' % (n, _STAMP) for n in (first, last))
    return b'{"type":"events","first":%d,"last":%d,"events":[%b]}' % (first, last, rows)


def compressed(texts: Iterable[bytes]) -> list[bytes]:
    """Return compressed frames of one shared compressor."""
    deflate = zlib.compressobj(4, wbits=-15)
    return [
        frame((deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4], 0xC1)
        for text in texts
    ]


HELLO = b'{"type":"hello","gateway":"g","stream":"s","position":4,"heartbeat_seconds":15}'


def row(number: int) -> bytes:
    """Return the message that the baseline sends for one order."""
    return b'{"operation" : "INSERT", "order" : {"id":%d,"customer_name":"Ann"}}' % number


def look_alikes() -> list[bytes]:
    """Return compressed frames of a hundred messages, of which some have the same bytes."""
    return compressed(
        b'{"type":"events","first":%d,"last":%d,"events":[%b]}'
        % (first, first + 9, ",".join(map(event, range(first, first + 10))).encode())
        for first in range(5, 1005, 10)
    )
