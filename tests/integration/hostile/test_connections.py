"""What hostile clients do to a gateway; meanwhile a well-behaved one misses nothing (I6).

The bounded sizes are of the normal suite; the full ones (``slow``) also measure the bystander.
"""

import json
import os
import socket
import statistics
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Self

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from follower import Follower
from guarded import Guarded
from pipeline import Pipeline
from processes import LOOPBACK
from servers import Postgres, Valkey
from tokens import ASKING, bearer, token
from waiting import until

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Desk')"
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "{}Authorization: {}\r\n\r\n"
)
TEXT, CONTINUATION, PING = 0x1, 0x0, 0x9
FIN, COMPRESSED = 0x80, 0x40


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Guarded]:
    """Start API, listener and gateway; whatever is done to them must not end them."""
    valkey = Valkey()
    database = postgres.create_database()
    limits = {"CONNECTIONS_PER_ADDRESS": "100000", "CONNECTIONS_PER_SUBJECT": "100000"}
    with Pipeline(database, valkey) as started:
        api = started.api(**ASKING)
        started.listener().ready()
        url = f"http://{LOOPBACK}:{api.port}"
        gateway = started.gateway(**ASKING, **limits, API_URL=url).ready()
        pids = [each.process.pid for each in started.services]
        yield Guarded(started, api, gateway)
        assert [each.process.pid for each in started.services if each.process.running] == pids
        assert "Traceback" not in gateway.process.output()
    postgres.drop_database(database)
    valkey.stop()


class Bystander:
    """A well-behaved client, and orders that are committed one after the other meanwhile."""

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded
        self._stop = threading.Event()
        self.latencies_s: list[float] = []
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with (
                self._guarded.follow(token(subject="bystander")) as follower,
                self._guarded.pipeline.database.connect() as sql,
            ):
                self._follow(follower, sql)
        except BaseException as exc:  # noqa: BLE001  told by the block's end
            self.failure = exc

    def _follow(self, follower: Follower, sql: "psycopg.Connection[tuple[object, ...]]") -> None:
        while not self._stop.is_set():
            began = time.perf_counter()
            sql.execute(INSERT)
            follower.until(follower.position + 1, 10)
            self.latencies_s.append(time.perf_counter() - began)

    def __enter__(self) -> Self:
        self._thread.start()
        self.until_served()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.until_served()
        self._stop.set()
        self._thread.join()
        assert self.failure is None, self.failure

    def until_served(self) -> None:
        """Wait until one more order has come."""
        before = len(self.latencies_s)
        until(
            lambda: len(self.latencies_s) > before or self.failure is not None,
            20,
            "the bystander is served",
        )

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.latencies_s, n=100)[98]


def dial(guarded: Guarded) -> socket.socket:
    return socket.create_connection((LOOPBACK, guarded.gateway.port), 10)


def upgraded(guarded: Guarded, headers: str = "") -> socket.socket:
    """Return a socket on which the WebSocket protocol is spoken, by hand."""
    opened = dial(guarded)
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
    opened.settimeout(within_s)
    received = b""
    with suppress(ConnectionError):
        while more := opened.recv(65_536):
            received += more
    opened.close()
    at = 0
    while at + 2 <= len(received):
        opcode, size = received[at] & 0xF, received[at + 1] & 0x7F
        at += 2
        if size == 126:
            size, at = struct.unpack_from("!H", received, at)[0], at + 2
        elif size == 127:
            size, at = struct.unpack_from("!Q", received, at)[0], at + 8
        if opcode == 0x8:
            return int(struct.unpack_from("!H", received, at)[0])
        at += size
    return None


def code_of(opened: ClientConnection) -> int | None:
    """Read until the other side closes; return its code."""
    try:
        while True:
            opened.recv(10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


# --- attacks --------------------------------------------------------------------------------------


def abandon(guarded: Guarded, count: int) -> None:
    """Open connections and abandon them half-way through the handshake."""
    shown = bearer(token())["Authorization"]
    request = HANDSHAKE.format("", shown).encode()
    with ExitStack() as held:
        for number in range(count):
            opened = held.enter_context(dial(guarded))
            opened.sendall(request[: number % len(request)])
            if number % 500 == 499:
                held.close()


def open_and_close(guarded: Guarded, count: int) -> None:
    """Open and close, as fast as it goes."""
    for _ in range(count):
        with connect(guarded.gateway.ws_url, additional_headers=bearer(token())):
            pass


def flood_pings(guarded: Guarded, count: int) -> None:
    """Send pings without end."""
    opened = upgraded(guarded)
    with suppress(ConnectionError):
        for _ in range(count // 100):
            opened.sendall(frame(PING, b"x" * 125) * 100)
    assert closed_with(opened) in (1008, None)


def send_large(guarded: Guarded, count: int) -> None:
    """Send messages of a megabyte."""
    for _ in range(count):
        with connect(guarded.gateway.ws_url, additional_headers=bearer(token())) as opened:
            with suppress(ConnectionClosed):
                opened.send("x" * 1_000_000)
            assert code_of(opened) in (1009, None)


def send_pieces(guarded: Guarded, count: int) -> None:
    """Send one message in pieces that do not end."""
    opened = upgraded(guarded)
    with suppress(ConnectionError):
        opened.sendall(frame(TEXT, b"{", flags=0))
        for _ in range(count // 100):
            opened.sendall(frame(CONTINUATION, b"x", flags=0) * 100)
    assert closed_with(opened) in (1008, 1009, None)


def send_bombs(guarded: Guarded, count: int) -> None:
    """Send little that unfolds to much."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(bytes(50_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb.removesuffix(b"\x00\x00\xff\xff")
    offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    for _ in range(count):
        opened = upgraded(guarded, offer)
        with suppress(ConnectionError):
            opened.sendall(frame(TEXT, bomb, FIN | COMPRESSED))
        assert closed_with(opened) in (1009, None)


def send_noise(guarded: Guarded, count: int) -> None:
    """Send bytes that are nothing, before and after the upgrade."""
    for number in range(count):
        opened = upgraded(guarded) if number % 2 else dial(guarded)
        with suppress(ConnectionError):
            opened.sendall(os.urandom(4096) + b"\r\n\r\n")
        opened.close()


def chatter(guarded: Guarded, count: int) -> None:
    """Send messages that are understood, far too many."""
    with connect(guarded.gateway.ws_url, additional_headers=bearer(token())) as opened:
        with suppress(ConnectionClosed):
            for _ in range(count):
                opened.send(json.dumps({"type": "subscribe", "filter": {"order_id": [1]}}))
        assert code_of(opened) in (1008, None)


ATTACKS: list[tuple[Callable[[Guarded, int], None], int, int]] = [
    (abandon, 2_000, 100_000),
    (open_and_close, 100, 2_000),
    (flood_pings, 20_000, 1_000_000),
    (send_large, 5, 100),
    (send_pieces, 20_000, 1_000_000),
    (send_bombs, 3, 50),
    (send_noise, 50, 2_000),
    (chatter, 500, 10_000),
]


@pytest.mark.parametrize(("attack", "count"), [each[:2] for each in ATTACKS])
def test_a_bystander_misses_nothing(
    guarded: Guarded, attack: Callable[[Guarded, int], None], count: int
) -> None:
    """I6: whatever is done to the gateway, a well-behaved client gets every event."""
    with Bystander(guarded):
        attack(guarded, count)
    assert guarded.gateway.process.running


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "count"), [each[::2] for each in ATTACKS])
def test_a_bystander_is_not_held_up(
    guarded: Guarded, attack: Callable[[Guarded, int], None], count: int
) -> None:
    """At full size its 99th percentile stays within three times that of a quiet moment."""
    with Bystander(guarded) as quiet:
        time.sleep(5)  # a measurement of five seconds, not a wait for something
    with Bystander(guarded) as attacked:
        attack(guarded, count)
    assert attacked.p99_s < max(3 * quiet.p99_s, 0.03), (attacked.p99_s, quiet.p99_s)


@pytest.mark.slow
def test_slow_upgrade(guarded: Guarded) -> None:
    """Who sends his handshake byte by byte is cut off after ten seconds at the latest."""
    request = HANDSHAKE.format("", "Bearer x").encode()
    opened = dial(guarded)
    opened.sendall(request[:60])
    opened.settimeout(15)
    began = time.monotonic()
    with suppress(ConnectionError):
        for byte in request[60:-1]:
            opened.sendall(bytes([byte]))
            opened.settimeout(0.5)
            with suppress(TimeoutError):
                if opened.recv(1) in (b"", b"H"):
                    break
    opened.close()
    assert time.monotonic() - began < 13
