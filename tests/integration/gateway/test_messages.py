"""Valid and invalid messages and requests; one gateway serves all these tests."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness import attacks
from harness.follower import Follower, Message
from harness.pipeline import Pipeline, Service, health
from harness.servers import Postgres
from harness.valkey import Valkey
from harness.waiting import until


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener and a gateway for all tests of this module."""
    valkey = Valkey()
    database = postgres.create_database()
    with Pipeline(database, valkey) as started:
        started.listener().ready()
        yield started
    postgres.drop_database(database)
    valkey.stop()


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start the gateway."""
    return pipeline.gateway().ready()


def write(pipeline: Pipeline) -> None:
    """Commit an order."""
    with pipeline.database.connect() as sql:
        sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')")


def test_ping_is_answered(gateway: Service) -> None:
    """A ping gets a pong with the position."""
    with Follower(gateway.ws_url) as follower:
        follower.send({"type": "ping"})
        assert follower.next("pong")["position"] == follower.position


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("rubbish", "invalid_json"),
        ("[]", "invalid_message"),
        ("null", "invalid_message"),
        ("{}", "unknown_type"),
        ('{"type":"delete"}', "unknown_type"),
        ('{"type":"subscribe","filter":{"status":"pending"}}', "invalid_message"),
        ('{"type":"subscribe","filter":{"status":["lost"]}}', "invalid_message"),
        ('{"type":"subscribe","filter":{"status":[]}}', "invalid_message"),
        ('{"type":"subscribe","filter":{"colour":["red"]}}', "invalid_message"),
        ('{"type":"subscribe","filter":[]}', "invalid_message"),
        ('{"type":"subscribe","after":-1}', "invalid_message"),
        ('{"type":"subscribe","after":"1"}', "invalid_message"),
        ('{"type":"subscribe","filter":{"order_id":[' + "9" * 5000 + "]}}", "invalid_json"),
        ("[" * 20_000, "invalid_json"),
        (b"\x00\x01binary", "binary_not_supported"),
    ],
)
def test_an_invalid_message_gets_an_error(
    pipeline: Pipeline, gateway: Service, message: str | bytes, code: str
) -> None:
    """An invalid message is answered with an error code; the connection goes on, as do others."""
    with Follower(gateway.ws_url) as other, Follower(gateway.ws_url) as follower:
        follower.send(message)
        error = follower.next("error")
        assert error["code"] == code
        assert len(error["message"]) < 300
        write(pipeline)
        assert len(follower.until(follower.position + 1)) == 1
        assert len(other.until(other.position + 1)) == 1


def test_a_huge_message_closes_only_its_sender(pipeline: Pipeline, gateway: Service) -> None:
    """A 10 MB message closes its connection with 1009 and affects no other."""
    with Follower(gateway.ws_url) as other:
        with Follower(gateway.ws_url) as follower:
            with suppress(ConnectionClosed):  # it may close while this sends
                follower.send("x" * 10_000_000)
            assert follower.closing_code() == 1009
        write(pipeline)
        assert len(other.until(other.position + 1)) == 1


def test_too_many_messages_close_the_connection(gateway: Service) -> None:
    """A client over the message rate is closed with 1008."""
    with Follower(gateway.ws_url) as follower:
        with suppress(ConnectionClosed):  # it may close while this sends
            for _ in range(200):
                follower.send({"type": "ping"})
        assert follower.closing_code() == 1008


def test_nothing_follows_the_closing_frame(pipeline: Pipeline, gateway: Service) -> None:
    """A client that is slow to answer the closing frame gets no more events."""
    with Follower(gateway.ws_url) as other:
        rude = attacks.Entrance(gateway.port).upgraded()
        rude.sendall(attacks.frame(attacks.TEXT, b'{"type":"ping"}') * 200)
        until(lambda: health(gateway.port)[1]["live"] == 1, 10, "only the other is live")
        write(pipeline)
        other.until(other.position + 1)
        opcodes = [opcode for opcode, _ in attacks.frames(rude)]
    assert opcodes.count(attacks.CLOSE) == 1
    assert opcodes[-1] == attacks.CLOSE


def test_other_paths_are_not_found(gateway: Service) -> None:
    """Any path other than /ws and /sse is a 404."""
    with (
        pytest.raises(InvalidStatus) as refused,
        Follower(gateway.ws_url.replace("/ws", "/elsewhere")),
    ):
        pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30, ""])
def test_an_invalid_position_is_refused(gateway: Service, after: str) -> None:
    """A position that is not a whole number is a 400 that names the parameter."""
    with pytest.raises(InvalidStatus) as refused, Follower(f"{gateway.ws_url}?after={after}"):
        pass
    assert refused.value.response.status_code == 400
    assert b"after" in refused.value.response.body


# --- RFC 6455 and RFC 9110 ------------------------------------------------------------------------

_UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")
_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


def answered(gateway: Service, path: str, *headers: str) -> Message:
    """Send a request and return the response's header, the status as ``status``."""
    entrance = attacks.Entrance(gateway.port)
    with entrance.dial() as opened:
        opened.sendall(entrance.request(f"GET {path}", *headers))
        received = b""
        while more := opened.recv(65_536):
            received += more
    status, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return {**found, "status": int(status.split()[1])}


@pytest.mark.parametrize(
    "version", [("Sec-WebSocket-Version: 8",), ("Sec-WebSocket-Version: 13, 8",), ()]
)
def test_another_version_gets_426(gateway: Service, version: tuple[str, ...]) -> None:
    """RFC 6455, 4.4: a handshake of another version gets 426 with the version spoken here."""
    answer = answered(gateway, "/ws", *_UPGRADE, _KEY, *version)
    assert (answer["status"], answer["sec-websocket-version"]) == (426, "13")


@pytest.mark.parametrize("headers", [(), _UPGRADE[:1], _UPGRADE[1:]])
def test_a_plain_request_gets_426(gateway: Service, headers: tuple[str, ...]) -> None:
    """RFC 9110, 15.5.22: 426 names the protocol in Upgrade, and Upgrade in Connection."""
    answer = answered(gateway, "/ws", *headers)
    assert (answer["status"], answer["upgrade"]) == (426, "websocket")
    assert "upgrade" in answer["connection"].lower().replace(" ", "").split(",")


def test_long_cookies_are_accepted(gateway: Service) -> None:
    """Ports of a host share their cookies: more than 8 kB of them are not refused with 431."""
    cookies = {"Cookie": "; ".join(f"c{number}={'x' * 4000}" for number in range(5))}
    with Follower(gateway.ws_url, additional_headers=cookies) as follower:
        assert follower.hello


def _oversized(payload: bytes, width: int) -> bytes:
    """Return a masked text frame whose length takes more bytes than it needs."""
    marker = {2: 126, 8: 127}[width]
    return bytes([0x81, 0x80 | marker]) + len(payload).to_bytes(width) + bytes(4) + payload


@pytest.mark.parametrize("width", [2, 8])
def test_a_length_must_be_minimal(gateway: Service, width: int) -> None:
    """RFC 6455, 5.2: a length encoded in more bytes than needed is a protocol error (1002)."""
    opened = attacks.Entrance(gateway.port).upgraded()
    opened.sendall(_oversized(b'{"type":"ping"}', width))
    assert attacks.closed_with(opened) == 1002


def test_a_close_between_fragments_is_echoed(gateway: Service) -> None:
    """RFC 6455, 5.4: a closing frame may come within a fragmented message."""
    opened = attacks.Entrance(gateway.port).upgraded()
    opened.sendall(attacks.frame(attacks.TEXT, b'{"type":', flags=0))
    opened.sendall(attacks.frame(attacks.CLOSE, (1000).to_bytes(2)))
    assert attacks.closed_with(opened) == 1000
