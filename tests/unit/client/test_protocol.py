import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.histories import CONDITIONS, STREAM, History, histories
from orders_contract.matching import RowFilter, Selection, seen
from real_time_orders.book import OrderBook
from real_time_orders.errors import MalformedMessageError
from real_time_orders.items import Event, Place, Reset, SchemaChanged, Snapshot, Tables
from real_time_orders.protocol import (
    Action,
    Deliver,
    Live,
    Protocol,
    Proven,
    Reconnect,
    Refused,
    Renew,
    Send,
    parse,
)

OTHER = "00000000-0000-0000-0000-000000000000"
SHIPPED = {"orders": {"status": ["shipped"]}}


def hello(position: int, stream: str = STREAM) -> dict[str, Any]:
    return {
        "type": "hello",
        "gateway": "gateway-1",
        "stream": stream,
        "position": position,
        "heartbeat_seconds": 15.0,
    }


def change(position: int) -> dict[str, Any]:
    return {"position": position, "operation": "DELETE", "order_id": 7, "changed_at": ""}


def frame(first: int, last: int, *positions: int, **more: Any) -> dict[str, Any]:
    events = [change(each) for each in positions or range(first, last + 1)]
    return {"type": "events", "first": first, "last": last, "events": events, **more}


def said(kind: str, position: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "position": position, **more}


def following(position: int = 4, wanted: Tables | None = None) -> Protocol:
    protocol = Protocol(wanted)
    protocol.connect()
    protocol.take(hello(position))
    if wanted is not None:
        protocol.take(said("subscribed", position, tables={}))
    return protocol


def positions(actions: list[Action]) -> list[int]:
    items = [item for action in actions if isinstance(action, Deliver) for item in action.items]
    return [item.position for item in items if isinstance(item, Event)]


def resets(actions: list[Action]) -> list[Reset]:
    items = [item for action in actions if isinstance(action, Deliver) for item in action.items]
    return [item for item in items if isinstance(item, Reset)]


def reconnects(actions: list[Action]) -> bool:
    return [type(action) for action in actions] == [Reconnect]


def test_starts_from_now() -> None:
    """A client without a place starts at the position of hello."""
    protocol = Protocol()
    assert protocol.connect() == ""
    assert protocol.take(hello(4)) == [
        Live("gateway-1", 15.0),
        Deliver((), Place(STREAM, 4)),
    ]
    assert protocol.place == Place(STREAM, 4)


def test_resumes_after_what_it_has() -> None:
    """I7: the next connection resumes after the last event."""
    protocol = following(4)
    assert positions(protocol.take(frame(5, 6))) == [5, 6]
    assert protocol.connect() == f"after=6&stream={STREAM}"


def test_skips_what_it_has() -> None:
    """I7: a frame may begin before the position; known events come once."""
    protocol = following(4)
    assert positions(protocol.take(frame(3, 6))) == [5, 6]
    assert protocol.take(frame(5, 6)) == []


@pytest.mark.parametrize(
    "message",
    [frame(6, 7), frame(5, 7, 5, 7), said("heartbeat", 5), said("pong", 9)],
)
def test_a_gap_is_not_followed(message: dict[str, Any]) -> None:
    """I7: a gap leads to a new connection that resumes before it."""
    protocol = following(4)
    assert reconnects(protocol.take(message))
    assert protocol.connect() == f"after=4&stream={STREAM}"


def test_a_heartbeat_proves_the_connection() -> None:
    """A heartbeat at the client's position resets the back-off."""
    assert following(4).take(said("heartbeat", 4)) == [Proven()]


def test_a_reset_goes_on_where_it_says() -> None:
    """I7: a reset is delivered with its reason; events continue from its position."""
    protocol = following(4)
    actions = protocol.take(said("reset", 90, reason="slow"))
    assert resets(actions) == [Reset("slow", Place(STREAM, 90))]
    assert positions(protocol.take(frame(91, 91))) == [91]


def test_another_stream_is_a_reset() -> None:
    """I7: if hello names another stream, the reset that follows belongs to that stream."""
    protocol = Protocol(place=Place(OTHER, 9))
    protocol.connect()
    assert protocol.take(hello(2)) == []
    actions = protocol.take(said("reset", 2, reason="unknown_stream"))
    assert resets(actions) == [Reset("unknown_stream", Place(STREAM, 2))]
    assert positions(protocol.take(frame(3, 3))) == [3]


def test_another_stream_without_a_reset_is_left() -> None:
    """I7: events of two streams are never mixed."""
    protocol = Protocol(place=Place(OTHER, 9))
    protocol.connect()
    protocol.take(hello(9))
    assert reconnects(protocol.take(frame(10, 10)))


@pytest.mark.parametrize("wanted", [None, SHIPPED])
def test_a_stream_replaced_under_way_is_asked_for(wanted: Tables | None) -> None:
    """I7: only the next hello names the new stream; the reset is delivered then."""
    protocol = following(4, wanted)
    assert reconnects(protocol.take(said("reset", 2, reason="unknown_stream")))
    assert protocol.connect() == ""
    actions = protocol.take(hello(3, OTHER))
    if wanted is not None:
        actions = protocol.take(said("subscribed", 3))
    assert resets(actions) == [Reset("unknown_stream", Place(OTHER, 3))]


def test_a_filter_is_set_before_anything_counts() -> None:
    """I7: events before the filter is confirmed are ignored."""
    protocol = Protocol(SHIPPED)
    assert protocol.connect() == ""
    (send,) = protocol.take(hello(4))
    assert isinstance(send, Send)
    assert json.loads(send.text) == {"type": "subscribe", "tables": SHIPPED}
    assert protocol.take(frame(5, 5)) == []
    protocol.take(said("subscribed", 5))
    assert positions(protocol.take(frame(6, 8, 7))) == [7]
    assert protocol.place == Place(STREAM, 8)


def test_a_filter_resumes_by_subscribing() -> None:
    """I7: a filtered client resumes from its position, but not on another stream."""
    protocol = following(4, SHIPPED)
    protocol.connect()
    (send,) = protocol.take(hello(9))
    assert isinstance(send, Send)
    assert json.loads(send.text)["after"] == 4
    protocol.connect()
    (send,) = protocol.take(hello(1, OTHER))
    assert isinstance(send, Send)
    assert "after" not in json.loads(send.text)
    actions = protocol.take(said("subscribed", 1))
    assert resets(actions) == [Reset("unknown_stream", Place(OTHER, 1))]


def test_a_reset_before_the_filter_is_set_restarts() -> None:
    """I7: a reset before subscribed leaves the stream unknown, so the client starts again."""
    protocol = following(4, SHIPPED)
    protocol.connect()
    protocol.take(hello(9))
    assert reconnects(protocol.take(said("reset", 2, reason="unknown_stream")))
    protocol.connect()
    protocol.take(hello(3, OTHER))
    actions = protocol.take(said("subscribed", 3))
    assert resets(actions) == [Reset("unknown_stream", Place(OTHER, 3))]


def test_under_a_filter_heartbeats_move_on() -> None:
    """I7: a heartbeat moves the position of a filtered client, since no event matched."""
    protocol = following(4, SHIPPED)
    assert protocol.take(said("heartbeat", 9)) == [Deliver((), Place(STREAM, 9)), Proven()]


def test_a_rejected_filter_ends_the_client() -> None:
    """A rejected filter ends the client: asking again would not help."""
    protocol = Protocol(SHIPPED)
    protocol.connect()
    protocol.take(hello(4))
    error = {"type": "error", "code": "invalid_message", "message": "filter: bad"}
    assert protocol.take(error) == [Refused("invalid_message", "filter: bad")]


def test_a_conflated_frame_covers_its_range() -> None:
    """I6: a conflated frame holds only the newest states, and marks the events."""
    protocol = following(4)
    actions = protocol.take(frame(5, 40, 9, 40, conflated=True))
    assert positions(actions) == [9, 40]
    (delivered,) = [action for action in actions if isinstance(action, Deliver)]
    assert all(isinstance(item, Event) and item.conflated for item in delivered.items)
    assert positions(protocol.take(frame(41, 41))) == [41]


def test_a_snapshot_moves_it_on() -> None:
    """A later place of the same stream needs no new connection; earlier events are skipped."""
    protocol = following(4)
    assert protocol.seek(Place(STREAM, 8))
    assert positions(protocol.take(frame(5, 9))) == [9]
    assert not protocol.seek(Place(STREAM, 3))
    assert protocol.connect() == f"after=3&stream={STREAM}"
    assert not following(4).seek(Place(OTHER, 8))


def test_unknown_messages_are_ignored() -> None:
    """Unknown messages and fields of later versions are ignored."""
    protocol = following(4)
    assert protocol.take({"type": "news", "position": 3}) == []
    assert positions(protocol.take(frame(5, 5, mood="fine"))) == [5]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "events"},
        {"type": "events", "first": 5, "last": 6},
        {"type": "events", "first": 5, "last": 6, "events": [change(6), change(5)]},
        {"type": "events", "first": 5, "last": 6, "events": [change(5), change(7)]},
        {"type": "events", "first": 5, "last": 5, "events": [None]},
        {"type": "events", "first": 5, "last": 5, "events": [{"position": 5}]},
        {"type": "events", "first": "5", "last": 5, "events": []},
        {"type": "heartbeat"},
        {"type": "reset", "reason": "slow", "position": True},
    ],
)
def test_malformed_messages_are_rejected(message: dict[str, Any]) -> None:
    """A malformed message is fetched again: it may have held any event."""
    protocol = following(4)
    with pytest.raises(MalformedMessageError):
        protocol.take(message)
    assert protocol.connect() == f"after=4&stream={STREAM}"


@pytest.mark.parametrize("raw", ["", "garbage", "[]", "7", "[" * 5_000, '{"position":3}', b"\xff"])
def test_other_json_is_not_a_message(raw: str | bytes) -> None:
    """A message is a JSON object with a type."""
    with pytest.raises(MalformedMessageError):
        parse(raw)


@given(st.data(), histories(max_size=25), st.none() | CONDITIONS)
def test_whatever_the_connections_do_every_event_comes_once(
    data: st.DataObject, history: History, wanted: dict[str, Any] | None
) -> None:
    """I7: cut, repeated and overlapping, a client's book still equals the table at its place."""
    tables = None if wanted is None else {"orders": wanted}
    matching = RowFilter.parse("orders", wanted or {}, None)
    protocol, book = Protocol(tables), OrderBook(wanted)
    start = data.draw(st.integers(0, history.head))
    rows = {key: row for key, row in history.tables[start].items() if matching.matches(row)}
    book.load(Snapshot(Place(STREAM, start), {"orders": rows}))
    protocol.seek(Place(STREAM, start))
    for _ in range(data.draw(st.integers(1, 4))):
        _converse(data, protocol, book, history, Selection.parse(tables))
        place = protocol.place
        assert place is not None
        table = history.tables[place.position]
        assert book.orders == {key: row for key, row in table.items() if matching.matches(row)}


def _converse(
    data: st.DataObject,
    protocol: Protocol,
    book: OrderBook,
    history: History,
    selection: Selection,
) -> None:
    """Hold one connection of any length; frames may begin before the client's position."""
    protocol.connect()
    known = protocol.place
    assert known is not None
    protocol.take(hello(known.position if selection.is_everything else history.head))
    if not selection.is_everything:
        protocol.take(said("subscribed", known.position))
    at = known.position
    while at < history.head and data.draw(st.booleans()):
        begin = data.draw(st.integers(0, at))
        last = data.draw(st.integers(at + 1, history.head))
        visible = [seen(each, selection) for each in history.events[begin:last]]
        events = [each for each in visible if each is not None]
        made = {"type": "events", "first": begin + 1, "last": last, "events": events}
        for action in protocol.take(made if events else said("heartbeat", last)):
            assert isinstance(action, Deliver | Proven)
            for item in action.items if isinstance(action, Deliver) else ():
                assert isinstance(item, Event)
                book.apply(item)
        at = last


def test_positions_move_without_events_under_a_scope() -> None:
    """With a restricted token frames cover more than they hold, as with a filter."""
    protocol = following(4)
    scoped = {"subject": "ann", "role": "viewer", "rows": {"store": ["Berlin"]}, "expires": None}
    assert protocol.take({"type": "authenticated", **scoped}) == []
    assert positions(protocol.take(frame(5, 9, 7))) == [7]
    assert not [
        each for each in protocol.take(said("heartbeat", 12)) if isinstance(each, Reconnect)
    ]
    assert protocol.place == Place(STREAM, 12)


def test_an_unrestricted_token_explains_no_gap() -> None:
    """With an unrestricted token missing events are a gap."""
    protocol = following(4)
    protocol.take({"type": "authenticated", "rows": None})
    assert isinstance(protocol.take(frame(5, 9, 7))[0], Reconnect)
    assert isinstance(following(4).take(said("heartbeat", 12))[0], Reconnect)


def test_a_token_that_ends_is_renewed() -> None:
    """A message that the token expires soon makes the client send another."""
    assert following(4).take({"type": "expiring", "seconds": 60}) == [Renew()]


def test_a_new_schema_is_told_once() -> None:
    """The first schema version is only stored; a later one is delivered as an item."""
    protocol = Protocol()
    protocol.connect()
    protocol.take({**hello(4), "schema": "a"})
    assert protocol.take({"type": "schema", "version": "a"}) == []
    told = protocol.take({"type": "schema", "version": "b"})
    assert told == [Deliver((SchemaChanged("b"),), Place(STREAM, 4))]
    protocol.connect()
    _, delivered = protocol.take({**hello(4), "schema": "c"})
    assert delivered == Deliver((SchemaChanged("c"),), Place(STREAM, 4))


def test_numbers_keep_their_digits() -> None:
    """I11: integers beyond 2^53 and long decimals arrive exactly."""
    digits = "12345678901234567890123456789.123456789"
    text = f'{{"type":"x","id":9007199254740993,"total":{digits},"tiny":1e-400}}'
    message = parse(text)
    assert message["id"] == 9007199254740993
    assert message["total"] == Decimal(digits)
    assert message["tiny"] == Decimal("1e-400")


def test_a_long_integer_does_not_stop_the_stream() -> None:
    """I11: an integer that Python refuses to convert arrives with all digits."""
    row = f'{{"id":7,"version":1,"note":{"9" * 5000}}}'
    event = f'{{"position":5,"operation":"INSERT","order_id":7,"order":{row},"changed":null}}'
    frame = f'{{"type":"events","first":5,"last":5,"events":[{event}]}}'
    (deliver, _) = following(4).take(parse(frame))
    assert isinstance(deliver, Deliver)
    (item,) = deliver.items
    assert isinstance(item, Event)
    assert item.order is not None
    assert str(item.order["note"]) == "9" * 5000
