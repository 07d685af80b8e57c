"""What hostile clients do to a gateway that asks for tokens.

    python -m attacks NAME PORT COUNT

runs one of them, in a process of its own where the bystander's pace is measured.
"""

import json
import os
import socket
import struct
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from processes import LOOPBACK
from tokens import bearer, token

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "{}Authorization: {}\r\n\r\n"
)
TEXT, CONTINUATION, CLOSE, PING = 0x1, 0x0, 0x8, 0x9
FIN, COMPRESSED = 0x80, 0x40


def address(port: int) -> str:
    """Return where a gateway's clients connect."""
    return f"ws://{LOOPBACK}:{port}/ws"


def dial(port: int) -> socket.socket:
    return socket.create_connection((LOOPBACK, port), 10)


def upgraded(port: int, headers: str = "") -> socket.socket:
    """Return a socket on which the WebSocket protocol is spoken, by hand."""
    opened = dial(port)
    shown = bearer(token(subject="mallory"))["Authorization"]
    opened.sendall(HANDSHAKE.format(headers, shown).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += opened.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return opened


def frame(opcode: int, payload: bytes, flags: int = FIN) -> bytes:
    """Return a masked frame, as clients send them; the mask is zero."""
    size = len(payload)
    length = (
        bytes([0x80 | size])
        if size < 126
        else b"\xfe" + struct.pack("!H", size)
        if size < 65_536
        else b"\xff" + struct.pack("!Q", size)
    )
    return bytes([flags | opcode]) + length + bytes(4) + payload


def closed_with(opened: socket.socket, within_s: float = 10) -> int | None:
    """Read until the other side closes; return its code, None if it gave none."""
    closing = [payload for opcode, payload in frames(opened, within_s) if opcode == CLOSE]
    return int(struct.unpack_from("!H", closing[0])[0]) if closing else None


def frames(opened: socket.socket, within_s: float = 10) -> list[tuple[int, bytes]]:
    """Read until the other side closes; return opcode and payload of each frame that was whole."""
    opened.settimeout(within_s)
    received = b""
    with suppress(ConnectionError):
        while more := opened.recv(65_536):
            received += more
    opened.close()
    found = []
    at = 0
    while at + 2 <= len(received):
        opcode, size = received[at] & 0xF, received[at + 1] & 0x7F
        at += 2
        if size == 126:
            size, at = struct.unpack_from("!H", received, at)[0], at + 2
        elif size == 127:
            size, at = struct.unpack_from("!Q", received, at)[0], at + 8
        found.append((opcode, received[at : at + size]))
        at += size
    return found


def code_of(opened: ClientConnection) -> int | None:
    """Read until the other side closes; return its code."""
    try:
        while True:
            opened.recv(10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def _expect(code: int | None, *codes: int) -> None:
    """Check how the gateway ended it: with one of these codes, or by cutting off."""
    assert code is None or code in codes, code


# --- attacks --------------------------------------------------------------------------------------


def abandon(port: int, count: int) -> None:
    """Open connections and abandon them half-way through the handshake."""
    shown = bearer(token())["Authorization"]
    request = HANDSHAKE.format("", shown).encode()
    with ExitStack() as held:
        for number in range(count):
            opened = held.enter_context(dial(port))
            opened.sendall(request[: number % len(request)])
            if number % 500 == 499:
                held.close()


def open_and_close(port: int, count: int) -> None:
    """Open and close, as fast as it goes."""
    for _ in range(count):
        with connect(address(port), additional_headers=bearer(token())):
            pass


def flood_pings(port: int, count: int) -> None:
    """Send pings without end."""
    opened = upgraded(port)
    with suppress(ConnectionError):
        for _ in range(count // 100):
            opened.sendall(frame(PING, b"x" * 125) * 100)
    _expect(closed_with(opened), 1008)


def send_large(port: int, count: int) -> None:
    """Send messages of a megabyte."""
    for _ in range(count):
        with connect(address(port), additional_headers=bearer(token())) as opened:
            with suppress(ConnectionClosed):
                opened.send("x" * 1_000_000)
            _expect(code_of(opened), 1009)


def send_pieces(port: int, count: int) -> None:
    """Send one message in pieces that do not end."""
    opened = upgraded(port)
    with suppress(ConnectionError):
        opened.sendall(frame(TEXT, b"{", flags=0))
        for _ in range(count // 100):
            opened.sendall(frame(CONTINUATION, b"x", flags=0) * 100)
    _expect(closed_with(opened), 1008, 1009)


def send_bombs(port: int, count: int) -> None:
    """Send little that unfolds to much."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(bytes(50_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb.removesuffix(b"\x00\x00\xff\xff")
    offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    for _ in range(count):
        opened = upgraded(port, offer)
        with suppress(ConnectionError):
            opened.sendall(frame(TEXT, bomb, FIN | COMPRESSED))
        _expect(closed_with(opened), 1009)


def send_noise(port: int, count: int) -> None:
    """Send bytes that are nothing, before and after the upgrade."""
    for number in range(count):
        opened = upgraded(port) if number % 2 else dial(port)
        with suppress(ConnectionError):
            opened.sendall(os.urandom(4096) + b"\r\n\r\n")
        opened.close()


def chatter(port: int, count: int) -> None:
    """Send messages that are understood, far too many."""
    with connect(address(port), additional_headers=bearer(token())) as opened:
        with suppress(ConnectionClosed):
            for _ in range(count):
                opened.send(json.dumps({"type": "subscribe", "filter": {"order_id": [1]}}))
        _expect(code_of(opened), 1008)


ATTACKS: dict[str, tuple[Callable[[int, int], None], int, int]] = {
    "abandon": (abandon, 2_000, 100_000),
    "open_and_close": (open_and_close, 100, 2_000),
    "flood_pings": (flood_pings, 20_000, 1_000_000),
    "send_large": (send_large, 5, 100),
    "send_pieces": (send_pieces, 20_000, 1_000_000),
    "send_bombs": (send_bombs, 3, 50),
    "send_noise": (send_noise, 50, 2_000),
    "chatter": (chatter, 500, 10_000),
}
"""Each with its bounded and its full size."""


if __name__ == "__main__":
    name, at, size = sys.argv[1:]
    ATTACKS[name][0](int(at), int(size))
