"""Attacks on a gateway that requires tokens, or on the edge in front of it.

    python -m harness.attacks NAME HOST PORT COUNT

runs one attack as a separate process, for tests that measure the latency of other clients.
"""

import json
import os
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from harness.processes import LOOPBACK
from harness.signing import bearer, token

TEXT, CONTINUATION, CLOSE, PING = 0x1, 0x0, 0x8, 0x9
FIN, COMPRESSED = 0x80, 0x40


@dataclass(frozen=True)
class Entrance:
    """The address that clients connect to: a gateway's or the edge's."""

    port: int
    host: str = LOOPBACK

    @classmethod
    def at(cls, url: str) -> Self:
        """Return the entrance at an address with a port."""
        parts = urlsplit(url)
        assert parts.port is not None
        return cls(parts.port, str(parts.hostname))

    @property
    def url(self) -> str:
        """The address for HTTP clients."""
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The address for WebSocket clients."""
        return f"ws://{self.host}:{self.port}/ws"

    def dial(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), 10)

    def connect(self) -> ClientConnection:
        """Connect as an ordinary client with a valid token."""
        return connect(self.ws_url, additional_headers=bearer(token()))

    def request(self, line: str, *headers: str) -> bytes:
        """Return the head of a request with a valid token."""
        shown = bearer(token("admin", subject="mallory"))["Authorization"]
        named = f"Host: {self.host}:{self.port}", *headers, f"Authorization: {shown}"
        return "\r\n".join([f"{line} HTTP/1.1", *named, "", ""]).encode()

    def handshake(self, *headers: str) -> bytes:
        """Return an upgrade request for WebSocket."""
        return self.request(
            "GET /ws",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *headers,
        )

    def upgraded(self, *headers: str) -> socket.socket:
        """Return a raw socket after the WebSocket handshake."""
        opened = self.dial()
        opened.sendall(self.handshake(*headers))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += opened.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        return opened


def frame(opcode: int, payload: bytes, flags: int = FIN) -> bytes:
    """Return a masked frame as a client sends it; the mask is zero."""
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
    """Read until the other side closes; return its closing code, if any."""
    closing = [payload for opcode, payload in frames(opened, within_s) if opcode == CLOSE]
    return int(struct.unpack_from("!H", closing[0])[0]) if closing else None


def frames(opened: socket.socket, within_s: float = 10) -> list[tuple[int, bytes]]:
    """Read until the other side closes; return opcode and payload of each complete frame."""
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
    """Read until the other side closes; return its closing code."""
    try:
        while True:
            opened.recv(10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def _expect(code: int | None, *codes: int) -> None:
    """Check that the gateway closed with one of these codes or cut the connection."""
    assert code is None or code in codes, code


# --- attacks --------------------------------------------------------------------------------------


def abandon(entrance: Entrance, count: int) -> None:
    """Open connections and abandon them half-way through the handshake."""
    request = entrance.handshake()
    with ExitStack() as held:
        for number in range(count):
            opened = held.enter_context(entrance.dial())
            opened.sendall(request[: number % len(request)])
            if number % 500 == 499:
                held.close()


def dawdle(entrance: Entrance, count: int) -> None:
    """Send many upgrades and requests byte by byte at once; check that all are cut off."""
    heads = [entrance.handshake(), entrance.request("GET /api/orders")]
    _dawdle(entrance, [heads[number % 2][:-4] for number in range(count)], within_s=14)


def dawdle_over_a_body(entrance: Entrance, count: int) -> None:
    """Send bodies byte by byte; check that all are cut off, after 20 s plus the edge's wait."""
    head = entrance.request("POST /api/orders", "Content-Length: 60000")
    _dawdle(entrance, [head] * count, within_s=45)


def _dawdle(entrance: Entrance, beginnings: Iterable[bytes], within_s: float) -> None:
    with ExitStack() as held:
        slow = []
        for beginning in beginnings:
            slow.append(held.enter_context(entrance.dial()))
            slow[-1].sendall(beginning)
            slow[-1].setblocking(False)
        began = time.monotonic()
        while slow := [each for each in slow if not _is_over(each)]:
            assert time.monotonic() - began < within_s, f"{len(slow)} are not cut off"
            time.sleep(0.2)  # between two bytes


def _is_over(slow: socket.socket) -> bool:
    """Send one more byte; return whether the other side has closed."""
    try:
        slow.send(b"x")
        return slow.recv(65_536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def open_and_close(entrance: Entrance, count: int) -> None:
    """Open and close connections as fast as possible."""
    for _ in range(count):
        with entrance.connect():
            pass


def flood_pings(entrance: Entrance, count: int) -> None:
    """Flood with pings."""
    opened = entrance.upgraded()
    with suppress(ConnectionError):
        for _ in range(count // 100):
            opened.sendall(frame(PING, b"x" * 125) * 100)
    _expect(closed_with(opened), 1008)


def send_large(entrance: Entrance, count: int) -> None:
    """Send messages of a megabyte."""
    for _ in range(count):
        with entrance.connect() as opened:
            with suppress(ConnectionClosed):
                opened.send("x" * 1_000_000)
            _expect(code_of(opened), 1009)


def send_pieces(entrance: Entrance, count: int) -> None:
    """Send a message whose fragments never end."""
    opened = entrance.upgraded()
    with suppress(ConnectionError):
        opened.sendall(frame(TEXT, b"{", flags=0))
        for _ in range(count // 100):
            opened.sendall(frame(CONTINUATION, b"x", flags=0) * 100)
    _expect(closed_with(opened), 1008, 1009)


def send_bombs(entrance: Entrance, count: int) -> None:
    """Send a small compressed message that inflates to a large one."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(bytes(50_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb.removesuffix(b"\x00\x00\xff\xff")
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    for _ in range(count):
        opened = entrance.upgraded(offer)
        with suppress(ConnectionError):
            opened.sendall(frame(TEXT, bomb, FIN | COMPRESSED))
        _expect(closed_with(opened), 1009)


def send_noise(entrance: Entrance, count: int) -> None:
    """Send random bytes before and after the upgrade."""
    for number in range(count):
        opened = entrance.upgraded() if number % 2 else entrance.dial()
        with suppress(ConnectionError):
            opened.sendall(os.urandom(4096) + b"\r\n\r\n")
        opened.close()


def chatter(entrance: Entrance, count: int) -> None:
    """Send far too many valid messages."""
    with entrance.connect() as opened:
        with suppress(ConnectionClosed):
            for _ in range(count):
                opened.send(json.dumps({"type": "subscribe", "filter": {"order_id": [1]}}))
        _expect(code_of(opened), 1008)


class Attack(NamedTuple):
    """An attack, and its size in ordinary runs and at full size."""

    run: Callable[[Entrance, int], None]
    bounded: int
    full: int
    is_quick: bool = True


ATTACKS = {
    "abandon": Attack(abandon, 2_000, 100_000),
    "open_and_close": Attack(open_and_close, 100, 2_000),
    "flood_pings": Attack(flood_pings, 20_000, 1_000_000),
    "send_large": Attack(send_large, 5, 100),
    "send_pieces": Attack(send_pieces, 20_000, 1_000_000),
    "send_bombs": Attack(send_bombs, 3, 50),
    "send_noise": Attack(send_noise, 50, 2_000),
    "chatter": Attack(chatter, 500, 10_000),
    "dawdle": Attack(dawdle, 50, 500, is_quick=False),
}


if __name__ == "__main__":
    name, host, port, size = sys.argv[1:]
    ATTACKS[name].run(Entrance(int(port), host), int(size))
