"""Reading clients' messages and rendering the gateway's."""

import json
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from harness.histories import CONDITIONS, History, batch, histories
from orders_contract.messages import (
    SERVER_MESSAGE,
    Ping,
    ResetReason,
    Subscribe,
)
from orders_gateway import protocol
from orders_gateway.errors import BadRequestError, ProtocolError
from orders_gateway.protocol import StreamRequest, parse_message, parse_request
from orders_gateway.websocket import text_frame

_POSITIONS = st.integers(0, 2**63 - 1)


def _read(frame: bytes) -> Any:
    """Return a message as a client parses it, validated against the contract."""
    SERVER_MESSAGE.validate_json(frame)
    return json.loads(frame)


# --- requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/ws", StreamRequest()),
        ("/ws?", StreamRequest()),
        ("/ws?after=0", StreamRequest(after=0)),
        ("/ws?after=7&stream=5f0c", StreamRequest(7, "5f0c")),
        ("/ws?stream=5f0c", StreamRequest(None, "5f0c")),
        ("/ws?after=1&after=2", StreamRequest(after=2)),
        ("/ws?after=9223372036854775807", StreamRequest(after=2**63 - 1)),
        ("/ws?other=7", StreamRequest()),
        ("/ws?after=7&conflate=1", StreamRequest(7, conflate=True)),
        ("/ws?after=7&conflate=0", StreamRequest(7)),
        ("/ws#after=7", StreamRequest()),
    ],
)
def test_request(target: str, asked: StreamRequest) -> None:
    """The query says where to continue; without it the stream starts from now."""
    assert parse_request(target) == asked


@pytest.mark.parametrize(
    "after",
    ["", "-1", "7.0", "0x7", "1e3", "%2B7", "%207", "%D9%A3", "9223372036854775808", "9" * 99],
)
def test_request_without_a_position(after: str) -> None:
    """A value that is not a position is refused."""
    with pytest.raises(BadRequestError, match="after must be a position"):
        parse_request(f"/ws?after={after}")


def test_the_last_event_id_counts_before_the_query() -> None:
    """An EventSource reconnects with its first target and the id of the last event."""
    asked = parse_request("/sse?after=7&stream=old&conflate=1", "5f0c:9")
    assert asked == StreamRequest(9, "5f0c", conflate=True)
    with pytest.raises(BadRequestError, match="after must be a position"):
        parse_request("/sse", "nonsense")


def test_filters_in_the_query() -> None:
    """The query may hold what a subscribe message holds."""
    target = "/sse?subscribe=" + quote('{"tables":{"orders":{"store":["Berlin"]}}}')
    assert parse_request(target).wanted == {"orders": {"store": ["Berlin"]}}
    assert parse_request("/sse?subscribe=" + quote('{"filter":{}}')).wanted == {"orders": {}}
    for wrong in ("", "7", "[]", "{", '{"table":{}}', "[" * 10_000):
        with pytest.raises(BadRequestError, match="subscribe must be"):
            parse_request(f"/sse?subscribe={wrong}")


@pytest.mark.parametrize("conflate", ["", "2", "yes", "true"])
def test_request_with_an_invalid_conflate(conflate: str) -> None:
    """The parameter conflate is 0 or 1; anything else is refused."""
    with pytest.raises(BadRequestError, match="conflate must be 0 or 1"):
        parse_request(f"/ws?after=7&conflate={conflate}")


def test_request_that_is_no_url() -> None:
    """A target that is not a URL is a bad request."""
    with pytest.raises(BadRequestError):
        parse_request("//[?after=7")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text(max_size=30).map("/ws?after={}".format))
def test_request_raises_nothing_else(target: str) -> None:
    """Arbitrary targets are parsed or refused with BadRequestError."""
    try:
        asked = parse_request(target)
    except BadRequestError:
        return
    assert asked.after is None or 0 <= asked.after < 2**63


# --- from the client -----------------------------------------------------------------------------


def test_client_messages() -> None:
    """Each message that a client may send is parsed."""
    assert parse_message('{"type":"ping"}') == Ping(type="ping")
    text = '{"type":"subscribe","filter":{"status":["shipped"]},"after":7}'
    assert parse_message(text) == Subscribe(
        type="subscribe", filter={"status": ["shipped"]}, after=7
    )


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (b'{"type":"ping"}', "binary_not_supported", "text frames"),
        ("", "invalid_json", "Invalid JSON"),
        ("{", "invalid_json", "Invalid JSON"),
        ("[" * 100_000, "invalid_json", "recursion"),
        ('{"type":"\\ud800"}', "invalid_json", "Invalid JSON"),
        ('{"type":"hello"}', "unknown_type", "'subscribe' or 'ping'"),
        ("{}", "unknown_type", "'subscribe' or 'ping'"),
        ("7", "invalid_message", "object"),
        ('{"type":"ping","more":1}', "invalid_message", "more"),
        ('{"type":"subscribe","after":"7"}', "invalid_message", "after"),
        (
            '{"type":"subscribe","filter":{},"tables":{}}',
            "invalid_message",
            "give tables or filter, not both",
        ),
    ],
)
def test_misunderstood_message(text: str | bytes, code: str, told: str) -> None:
    """The error says what is wrong and where."""
    with pytest.raises(ProtocolError) as caught:
        parse_message(text)
    assert caught.value.code == code
    assert told in caught.value.message


def test_error_is_short() -> None:
    """I6: an error does not send a client's megabyte back to it."""
    with pytest.raises(ProtocolError) as caught:
        parse_message(json.dumps({"type": "ping", "x" * 1_000_000: 1}))
    assert len(caught.value.message) < 300


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_ALMOST = st.fixed_dictionaries(
    {"type": st.sampled_from(["subscribe", "ping"]) | _JSON},
    optional={
        "after": _JSON,
        "filter": _JSON
        | st.dictionaries(st.sampled_from(["status", "customer_name", "order_id"]), _JSON),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60) | (_JSON | _ALMOST).map(json.dumps))
def test_message_raises_nothing_else(text: str | bytes) -> None:
    """Whatever a client sends is parsed or raises ProtocolError."""
    try:
        message = parse_message(text)
    except ProtocolError as error:
        frame = _read(protocol.error(error.code, error.message))
        assert frame["code"]
        assert frame["message"]
    else:
        assert isinstance(message, Subscribe | Ping)


# --- to the client -------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(gateway=st.text(min_size=1), stream=st.text(), position=_POSITIONS)
def test_hello(gateway: str, stream: str, position: int) -> None:
    """The first message names the stream, the position and the schema's version."""
    assert _read(protocol.hello(gateway, stream, position, "5f0c", 15.0)) == {
        "type": "hello",
        "gateway": gateway,
        "stream": stream,
        "position": position,
        "schema": "5f0c",
        "heartbeat_seconds": 15,
    }


@settings(max_examples=30, deadline=None)
@given(histories(min_size=1, max_size=10))
def test_events(history: History) -> None:
    """I4: a batch becomes a message without being parsed."""
    whole = batch(history.events)
    frame = protocol.events(whole.first, whole.last, whole.events)
    assert whole.events in frame
    assert _read(frame) == {
        "type": "events",
        "first": 1,
        "last": history.head,
        "events": history.events,
    }


@settings(max_examples=30, deadline=None)
@given(CONDITIONS, _POSITIONS)
def test_subscribed(conditions: dict[str, Any], position: int) -> None:
    """The answer to subscribe repeats the filters that are now in force."""
    tables = {"orders": conditions}
    frame = _read(protocol.subscribed(tables, position))
    assert frame == {"type": "subscribed", "tables": tables, "position": position}


def test_subscribed_to_everything() -> None:
    """Without filters the answer says null."""
    assert _read(protocol.subscribed(None, 7))["tables"] is None


@pytest.mark.parametrize("reason", get_args(ResetReason))
def test_reset(reason: ResetReason) -> None:
    """I7: a reset carries its reason and the position to continue from."""
    assert _read(protocol.reset(reason, 7)) == {"type": "reset", "reason": reason, "position": 7}


def test_small_messages() -> None:
    """Heartbeat and pong carry the position; an error carries a code and a text."""
    assert _read(protocol.heartbeat(7)) == {"type": "heartbeat", "position": 7}
    assert _read(protocol.pong(7)) == {"type": "pong", "position": 7}
    assert _read(protocol.error("invalid_json", "no")) == {
        "type": "error",
        "code": "invalid_json",
        "message": "no",
    }


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_as_the_library_makes_it(size: int) -> None:
    """The frame is the one the library makes; RSV1 marks a compressed message."""
    plain = text_frame(b"x" * size, compressed=False)
    assert plain == Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)
    compressed = text_frame(b"x" * size, compressed=True)
    assert compressed == bytes([plain[0] | 0b0100_0000]) + plain[1:]
