"""How clients are served, and that no client affects another (I6)."""

import json
import signal
import socket
import struct
from contextlib import ExitStack, closing
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, health
from harness.processes import service
from harness.waiting import until

MB = 1024 * 1024
INSERT = "INSERT INTO orders (customer_name, product_name, status) VALUES (%s, 'Laptop', %s)"


@pytest.fixture
def gateway(pipeline: Pipeline) -> Service:
    """Start a listener and a gateway with five heartbeats per second."""
    started = pipeline.gateway(HEARTBEAT_INTERVAL_S="0.2")
    pipeline.listener().ready()
    return started.ready()


def write(pipeline: Pipeline, orders: int, name: str = "Ada", status: str = "pending") -> None:
    """Commit orders one by one."""
    with pipeline.database.connect() as sql:
        for _ in range(orders):
            sql.execute(INSERT, [name, status])


def test_heartbeats_carry_the_position(pipeline: Pipeline, gateway: Service) -> None:
    """An idle connection gets heartbeats at the interval that hello names, with the position."""
    with Follower(gateway.ws_url) as follower:
        assert follower.hello["heartbeat_seconds"] == 0.2
        assert follower.next("heartbeat")["position"] == 0
        write(pipeline, 1)
        follower.until(1)
        assert follower.next("heartbeat")["position"] == 1


def test_a_filtered_client_sees_rows_enter_and_leave(pipeline: Pipeline, gateway: Service) -> None:
    """A filtered client sees matching orders enter, change and LEAVE, and no other orders."""
    with Follower(gateway.ws_url) as follower, pipeline.database.connect() as sql:
        follower.send({"type": "subscribe", "filter": {"status": ["pending"]}})
        subscribed = follower.next("subscribed")
        assert subscribed["tables"] == {"orders": {"status": ["pending"]}}
        sql.execute(INSERT, ["Ada", "pending"])
        sql.execute(INSERT, ["Bob", "shipped"])
        sql.execute("UPDATE orders SET quantity = 2")
        sql.execute("UPDATE orders SET status = 'shipped' WHERE id = 1")
        sql.execute("UPDATE orders SET status = 'pending' WHERE id = 2")
        sql.execute("DELETE FROM orders")
        sql.execute("TRUNCATE orders")
        follower.until(9)
        seen = [(event["operation"], event["order_id"]) for event in follower.events]
    assert seen == [
        ("INSERT", 1),
        ("UPDATE", 1),
        ("LEAVE", 1),
        ("UPDATE", 2),
        ("DELETE", 2),
        ("TRUNCATE", None),
    ]
    left = follower.events[2]
    assert left["order"] is None
    assert left["changed"] is None


def test_a_filter_can_resume(pipeline: Pipeline, gateway: Service) -> None:
    """I7: subscribe with after brings the matching events since, then a heartbeat."""
    write(pipeline, 3, "Ada")
    write(pipeline, 3, "Bob")
    with Follower(gateway.ws_url, after=6) as follower:
        follower.send({"type": "subscribe", "filter": {"customer_name": ["Ada"]}, "after": 1})
        assert follower.next("subscribed")["position"] == 1
        follower.until(6)
        assert [event["position"] for event in follower.events] == [2, 3]
        follower.send({"type": "subscribe", "after": 4})
        assert follower.next("subscribed") == {
            "type": "subscribed",
            "tables": None,
            "position": 4,
        }
        follower.until(6)
    assert [event["position"] for event in follower.events] == [2, 3, 5, 6]


def test_a_full_gateway_refuses_more(pipeline: Pipeline) -> None:
    """With max_connections clients, a gateway answers others with 503 and Retry-After."""
    pipeline.listener().ready()
    full = pipeline.gateway(MAX_CONNECTIONS="1").ready()
    with Follower(full.ws_url):
        with pytest.raises(InvalidStatus) as refused, Follower(full.ws_url):
            pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "1"
        page = health(full.port)[1]
        assert (page["full"], page["refused"], page["connections"]) == ("connections", 1, 1)


def test_a_gateway_over_its_memory_bound_refuses_more(pipeline: Pipeline) -> None:
    """Over its memory bound a gateway refuses new clients with 503 and serves those it has."""
    pipeline.listener().ready()
    empty_mb = health(pipeline.gateway().ready().port)[1]["memory_mb"]
    room = {"RING_MAX_BYTES": str(64 * MB), "MAX_MEMORY_MB": str(empty_mb + 20)}
    gateway = pipeline.gateway(**room).ready()
    with Follower(gateway.ws_url) as follower, pipeline.database.connect() as sql:
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        assert health(gateway.port)[1]["full"] is None
        for round_ in range(1, 7):  # 5 MB each
            sql.execute(
                "INSERT INTO orders (customer_name, product_name, note)"
                " SELECT 'Ada', 'Desk', repeat('x', 50000) FROM generate_series(1, 100)"
            )
            follower.until(100 * round_)
        until(lambda: health(gateway.port)[1]["full"] == "memory", what="memory is full")
        with pytest.raises(InvalidStatus) as refused, Follower(gateway.ws_url):
            pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "1"
        page = health(gateway.port)[1]
        assert page["memory_mb"] >= empty_mb + 20
        assert (page["status"], page["refused"]) == ("ok", 1)
        sql.execute(INSERT, ["Ada", "pending"])
        follower.until(601)
        sql.execute("UPDATE order_stream SET id = gen_random_uuid()")  # empties the ring
        sql.execute(INSERT, ["Ada", "pending"])
        follower.next("reset")
        until(lambda: health(gateway.port)[1]["full"] is None, what="memory is free")
        with Follower(gateway.ws_url) as late:
            assert late.hello


def test_a_client_that_stops_reading_delays_no_other(pipeline: Pipeline) -> None:
    """I6: while one socket is full, other clients get every event; the slow one gets a reset."""
    gateway = pipeline.gateway(RING_MAX_EVENTS="10000", **_PATIENT)
    pipeline.listener().ready()
    with (
        closing(stuck_client(gateway.ready().port)) as slow,
        Follower(gateway.ws_url) as follower,
        pipeline.database.connect() as sql,
    ):
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        for round_ in range(1, 61):
            sql.execute(
                "INSERT INTO orders (customer_name, product_name, note)"
                " SELECT 'Ada', 'Desk', repeat('x', 1000) FROM generate_series(1, 500)"
            )
            follower.until(500 * round_)  # this one keeps up
        assert len(follower.events) == 30_000
        until(lambda: health(gateway.port)[1]["live"] == 1, what="the slow one is not live")
        resets = [message for message in read_all(slow, 30_000) if message["type"] == "reset"]
    assert [message["reason"] for message in resets] == ["slow"]


def test_few_bytes_are_held_for_a_client_that_stops_reading(pipeline: Pipeline) -> None:
    """I6: a client that read fast and has large TCP buffers leaves the hub soon after it stops."""
    gateway = pipeline.gateway(**_PATIENT)
    pipeline.listener().ready()
    with (
        closing(stuck_client(gateway.ready().port, 256 * 1024)) as slow,
        Follower(gateway.ws_url) as follower,
        pipeline.database.connect() as sql,
    ):
        sql.execute("ALTER TABLE orders ADD COLUMN note text")

        def write_megabyte(number: int) -> None:
            sql.execute(
                "INSERT INTO orders (customer_name, product_name, note)"
                " SELECT 'Ada', 'Desk', repeat('x', 1000) FROM generate_series(1, 800)"
            )
            follower.until(800 * number)

        for number in range(1, 7):
            write_megabyte(number)
            read_all(slow, 800 * number, reached=800 * (number - 1))
        until(lambda: health(gateway.port)[1]["live"] == 2, what="both keep up")
        for number in (7, 8):
            write_megabyte(number)
        until(lambda: health(gateway.port)[1]["live"] == 1, what="the slow one is not live")


def test_a_client_that_answers_no_ping_is_disconnected(pipeline: Pipeline) -> None:
    """A client that does not answer pings is disconnected; one that only answers pings stays."""
    gateway = pipeline.gateway(PING_INTERVAL_S="0.5", PING_TIMEOUT_S="0.5")
    pipeline.listener().ready()
    gateway.ready()
    with Follower(gateway.ws_url) as present, stuck_client(gateway.port):
        until(lambda: health(gateway.port)[1]["connections"] == 2)
        until(lambda: health(gateway.port)[1]["connections"] == 1, what="the silent one is gone")
        present.send({"type": "ping"})
        assert present.next("pong")


_PING, _PONG = 0x9, 0xA
_PATIENT = {"PING_TIMEOUT_S": "120"}  # these clients read nothing for a while


def stuck_client(port: int, buffer_bytes: int = 4096) -> socket.socket:
    """Open a WebSocket by hand, with small buffers, and read only the handshake."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    raw.settimeout(20)
    raw.connect(("127.0.0.1", port))
    raw.sendall(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += raw.recv(1)
    return raw


def read_all(raw: socket.socket, position: int, reached: int = 0) -> list[dict[str, Any]]:
    """Read frames up to a position; assert that there is no gap without a reset."""
    stream = raw.makefile("rb", buffering=0)
    messages: list[dict[str, Any]] = []
    while reached < position:
        opcode, short = _exactly(stream, 2)
        size = short
        if short == 126:
            (size,) = struct.unpack(">H", _exactly(stream, 2))
        elif short == 127:
            (size,) = struct.unpack(">Q", _exactly(stream, 8))
        payload = _exactly(stream, size)
        if opcode & 0x0F == _PING:
            raw.sendall(bytes([0x80 | _PONG, 0x80 | size]) + b"\0\0\0\0" + payload)
            continue
        message = json.loads(payload)
        if message["type"] == "events":
            assert message["first"] == reached + 1
            reached = message["last"]
        else:
            reached = message.get("position", reached)
        messages.append(message)
    return messages


def _exactly(stream: socket.SocketIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        assert more, "closed"
        data += more
    return data


def test_sigterm_sends_clients_to_another_gateway(gateway: Service) -> None:
    """On SIGTERM a gateway closes its connections with 1012 and exits with status 0."""
    with Follower(gateway.ws_url) as follower:
        gateway.process.signal(signal.SIGTERM)
        assert follower.closing_code() == 1012
    assert gateway.process.wait(8) == 0
    assert "Traceback" not in gateway.process.output()


def test_a_stopping_gateway_does_not_wait_for_handshakes(gateway: Service) -> None:
    """Connections without a complete request do not keep a gateway from exiting."""
    with ExitStack() as strangers:
        for said in (b"", b"GET /ws HTTP/1.1\r\nHost:"):
            stranger = socket.create_connection(("127.0.0.1", gateway.port))
            strangers.enter_context(stranger).sendall(said)
        gateway.process.signal(signal.SIGTERM)
        assert gateway.process.wait(8) == 0


def test_a_draining_gateway_spreads_its_clients(pipeline: Pipeline) -> None:
    """I7: clients are closed one after another; those still connected get new events."""
    gateway = pipeline.gateway(DRAIN_CLIENTS_PER_S="20")
    pipeline.listener().ready()
    gateway.ready()
    with ExitStack() as clients:
        followers = [clients.enter_context(Follower(gateway.ws_url)) for _ in range(20)]
        gateway.process.signal(signal.SIGTERM)
        first_gone = until(lambda: next((one for one in followers if one.gone), None))
        write(pipeline, 1)
        assert all(one.closing_code() == 1012 for one in followers)
        told = [one for one in followers if one.events]
    assert first_gone not in told
    assert told
    assert gateway.process.wait(8) == 0


def test_without_redis_there_are_no_heartbeats(pipeline: Pipeline) -> None:
    """While Redis is away: no heartbeats, no new clients, health 503; then service resumes."""
    gateway = pipeline.gateway(HEARTBEAT_INTERVAL_S="0.2")
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        follower.next("heartbeat")
        pipeline.valkey.stop()
        until(lambda: health(gateway.port)[0] == 503, 15)
        with pytest.raises(InvalidStatus) as refused, Follower(gateway.ws_url):
            pass
        assert refused.value.response.status_code == 503
        pipeline.valkey.start()
        write(pipeline, 1)
        follower.until(1, 15)
    gateway.ready()


def test_the_gateway_has_no_database(pipeline: Pipeline) -> None:
    """I9: a gateway's process has neither database settings nor a database driver."""
    pipeline.start = service
    gateway = pipeline.gateway()
    pipeline.listener()
    gateway.ready()
    with open(f"/proc/{gateway.process.pid}/environ", "rb") as file:  # noqa: PTH123  not a file
        assert b"DB_" not in file.read()
    with open(f"/proc/{gateway.process.pid}/maps") as file:  # noqa: PTH123
        assert "psycopg" not in file.read()


def test_a_client_that_falls_behind_gets_the_newest_state(pipeline: Pipeline) -> None:
    """I6: a slow client gets each order's newest state, marked conflated, then every event."""
    gateway = pipeline.gateway(RING_MAX_EVENTS="2000", **_PATIENT)
    pipeline.listener().ready()
    with (
        closing(stuck_client(gateway.ready().port)) as slow,
        Follower(gateway.ws_url) as follower,
        pipeline.database.connect() as sql,
    ):
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, note)"
            " SELECT 'Ada', 'Desk', repeat('x', 1000) FROM generate_series(1, 100)"
        )
        for round_ in range(1, 151):
            sql.execute("UPDATE orders SET quantity = quantity + 1")
            follower.until(100 + 100 * round_)
        assert len(follower.events) == 15_100
        messages = read_all(slow, 15_100)
        until(lambda: health(gateway.port)[1]["live"] == 2, what="it caught up")
        sql.execute("DELETE FROM orders WHERE id = 1")
        messages += read_all(slow, 15_101, reached=15_100)
    conflated = [message for message in messages if message.get("conflated")]
    assert conflated
    assert all(len(message["events"]) <= 200 for message in conflated)
    assert not [message for message in messages if message["type"] == "reset"]
    orders: dict[int, dict[str, Any]] = {}
    for event in (event for message in messages for event in message.get("events", [])):
        orders[event["order_id"]] = event["order"]
    assert orders.pop(1) is None
    assert {order["quantity"] for order in orders.values()} == {151}
