"""Server-sent events: the same stream for clients that only read."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, health, listening
from harness.servers import Postgres
from harness.signing import ASKING, bearer, token
from harness.waiting import until
from orders_contract.messages import SERVER_MESSAGE

Event = tuple[str, dict[str, Any]]
"""The id of an event, or the name of a named one, and its message."""


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener for all tests of this module."""
    with listening(postgres, "ALTER TABLE orders ADD COLUMN note json") as started:
        yield started


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start a gateway that pings often."""
    settings = {"PING_INTERVAL_S": "0.2", "PING_TIMEOUT_S": "0.2"}
    return pipeline.gateway(**settings, HEARTBEAT_INTERVAL_S="1").ready()


@contextmanager
def stream(gateway: Service, query: str = "", **headers: str) -> Iterator[Iterator[Event]]:
    """Open ``/sse`` and yield its events, parsed as a browser parses them."""
    url = f"{gateway.url}/sse{query}"
    with httpx.stream("GET", url, headers=headers, timeout=10) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"] == "text/event-stream"
        yield events(response.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Yield events from the lines of a stream."""
    event_id, named, data = "", "", []
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event_id = value
        elif name == "event":
            named = value
        elif name == "data":
            data.append(value)
        elif line == "" and data:
            message = json.loads("\n".join(data))
            if named:
                yield named, message
                return
            SERVER_MESSAGE.validate_python(message)
            yield event_id, message
            data = []


def until_position(stream: Iterator[Event], position: int) -> list[dict[str, Any]]:
    """Read up to a position; return the events of rows so far."""
    rows: list[dict[str, Any]] = []
    for event_id, message in stream:
        if message["type"] == "events":
            rows += message["events"]
        if int(event_id.rpartition(":")[2]) >= position:
            return rows
    raise AssertionError("the stream has ended")


def write(pipeline: Pipeline, *customers: str) -> None:
    """Commit an order for each customer."""
    with pipeline.database.connect() as sql:
        for customer in customers:
            sql.execute(
                "INSERT INTO orders (customer_name, product_name, note)"
                " VALUES (%s, 'Desk', E'{\"a\":\\r\\n1}')",
                [customer],
            )


def test_the_stream_as_events(pipeline: Pipeline, gateway: Service) -> None:
    """Hello, then every change, each with its place as id; line breaks in a row break nothing."""
    with stream(gateway) as live:
        event_id, hello = next(live)
        assert hello["type"] == "hello"
        assert event_id == f"{hello['stream']}:{hello['position']}"
        write(pipeline, "Ada", "Bob")
        rows = until_position(live, hello["position"] + 2)
    assert [row["order"]["customer_name"] for row in rows] == ["Ada", "Bob"]
    assert rows[0]["order"]["note"] == {"a": 1}


def test_a_client_resumes_by_the_last_event_id(pipeline: Pipeline, gateway: Service) -> None:
    """I7: reconnecting with the id of the last event brings every missed event once."""
    with stream(gateway) as live:
        event_id, hello = next(live)
    write(pipeline, "Cid", "Dan")
    last = {"Last-Event-ID": event_id}
    with stream(gateway, "?after=0", **last) as resumed:
        rows = until_position(resumed, hello["position"] + 2)
    assert [row["order"]["customer_name"] for row in rows] == ["Cid", "Dan"]


def test_no_cut_hides_a_reset(pipeline: Pipeline, gateway: Service) -> None:
    """I7: a client of another stream keeps its place until it has read the reset."""
    with stream(gateway) as live:
        position = next(live)[1]["position"]
        write(pipeline, "Eva")
        until_position(live, position + 1)  # the tests after this one count from here
    with stream(gateway, **{"Last-Event-ID": "another:1"}) as live:
        (before, hello), (after, reset) = next(live), next(live)
    assert (hello["type"], before) == ("hello", "")
    assert (reset["type"], after) == ("reset", f"{hello['stream']}:{reset['position']}")


def test_filters_are_in_the_query(pipeline: Pipeline, gateway: Service) -> None:
    """The query holds what a subscribe message holds."""
    wanted = quote(json.dumps({"tables": {"orders": {"customer_name": ["Eve"]}}}))
    with stream(gateway, f"?subscribe={wanted}") as live:
        position = next(live)[1]["position"]
        assert next(live)[1]["tables"] == {"orders": {"customer_name": ["Eve"]}}
        write(pipeline, "Ada", "Eve")
        rows = until_position(live, position + 2)
    assert [row["order"]["customer_name"] for row in rows] == ["Eve"]


def test_a_websocket_takes_its_filter_from_the_query_too(
    pipeline: Pipeline, gateway: Service
) -> None:
    """One request resumes with a filter and gets the newest states, on /ws as on /sse."""
    with Follower(gateway.ws_url) as now:
        place = now.hello
    write(pipeline, "Fay", "Gus", "Fay")
    until(lambda: gateway.position() == place["position"] + 3, what="the gateway has all three")
    wanted = quote(json.dumps({"filter": {"customer_name": ["Fay"]}}))
    url = f"{gateway.ws_url}?stream={place['stream']}&conflate=1&subscribe={wanted}"
    with Follower(url.replace("?", f"?after={place['position']}&")) as resumed:
        resumed.expect("subscribed")
        caught_up = resumed.next("events")
    assert caught_up["conflated"]
    assert [row["order"]["customer_name"] for row in caught_up["events"]] == ["Fay", "Fay"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?after=x", "after"),
        ("?conflate=yes", "conflate"),
        ("?subscribe=x", "subscribe"),
        ("?subscribe=" + quote('{"filter":{"colour":["red"]}}'), "orders.colour"),
    ],
)
def test_invalid_parameters_are_refused(gateway: Service, query: str, told: str) -> None:
    """A bad parameter is a 400 that names it: an EventSource does not retry it."""
    answer = httpx.get(f"{gateway.url}/sse{query}")
    assert answer.status_code == 400
    assert told in answer.text


def test_a_page_of_another_origin_is_refused(gateway: Service) -> None:
    """The same origins as for WebSocket; GET alone is served."""
    foreign = httpx.get(f"{gateway.url}/sse", headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert httpx.post(f"{gateway.url}/sse").status_code in {400, 405}


def test_a_client_that_reads_stays_connected(pipeline: Pipeline, gateway: Service) -> None:
    """Pings are comments without an answer, so no client is disconnected for not answering."""
    with stream(gateway) as live:
        position = next(live)[1]["position"]
        for _ in range(3):  # a heartbeat per second: longer than any ping may go unanswered
            assert next(live)[1]["type"] == "heartbeat"
        write(pipeline, "Ada")
        assert len(until_position(live, position + 1)) == 1


def test_a_client_that_stops_reading_delays_no_other_event_stream(
    pipeline: Pipeline, gateway: Service
) -> None:
    """I6: a full socket leaves the hub; the others get everything."""
    with stream(gateway) as reading, socket.socket() as stuck:
        position = next(reading)[1]["position"]
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", gateway.port))
        stuck.sendall(b"GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: health(gateway.port)[1]["live"] == 2)
        with pipeline.database.connect() as sql:
            for round_ in range(1, 9):
                sql.execute(
                    "INSERT INTO orders (customer_name, product_name, note)"
                    " SELECT 'Ada', 'Desk', to_json(repeat('x', 1000))"
                    " FROM generate_series(1, 500)"
                )
                until_position(reading, position + 500 * round_)
        until(lambda: health(gateway.port)[1]["live"] == 1, what="the stuck one is not live")


def test_sigterm_ends_the_streams(pipeline: Pipeline) -> None:
    """A gateway that stops ends its streams, with the reason; it does not wait for clients."""
    stopping = pipeline.gateway().ready()
    with stream(stopping) as live:
        next(live)
        stopping.process.signal(signal.SIGTERM)
        *_, last = live
    assert last == ("close", {"code": 1012, "reason": "gateway restarts"})
    assert stopping.process.wait(8) == 0
    assert "Traceback" not in stopping.process.output()


def test_tokens_and_scopes_are_the_same(pipeline: Pipeline) -> None:
    """A token in the header restricts what is seen; without one the answer is 401."""
    api = pipeline.api(**ASKING)
    guarded = pipeline.gateway(**ASKING, API_URL=api.url).ready()
    until(lambda: httpx.get(f"{guarded.url}/sse").status_code == 401, what="revocations are known")
    assert httpx.get(f"{guarded.url}/sse?ticket=made-up").status_code == 401
    ann = bearer(token("viewer", customers=["Ann"]))
    ticket = httpx.post(f"{api.url}/api/tickets", headers=ann).json()["ticket"]
    with stream(guarded, f"?ticket={ticket}") as by_ticket:
        next(by_ticket)
        assert next(by_ticket)[1]["rows"] == {"customer_name": ["Ann"]}
    assert httpx.get(f"{guarded.url}/sse?ticket={ticket}").status_code == 401
    with stream(guarded, **ann) as live:
        position = next(live)[1]["position"]
        assert next(live)[1]["rows"] == {"customer_name": ["Ann"]}
        write(pipeline, "Bob", "Ann")
        rows = until_position(live, position + 2)
    assert [row["order"]["customer_name"] for row in rows] == ["Ann"]
