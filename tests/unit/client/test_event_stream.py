from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from real_time_orders.event_stream import EventReader
from real_time_orders.fallback import CEILING_S, FIRST_S, Fallback
from real_time_orders.kinds import Kind, address

TEXT = (
    b'id: s:4\ndata: {"a":\ndata: 1}\n\n:\n\nid: s:5\r\ndata: {"b":2}\r\n\r\ndata:3\n\nid: s:6\n\n'
    b'event: news\ndata: 4\n\nevent: close\ndata: {"code":1012}\n\n'
)


@given(st.lists(st.integers(0, len(TEXT)), max_size=10))
def test_messages_come_in_any_pieces(cuts: list[int]) -> None:
    """Comments, ids, named events and lines of several kinds; a message may be cut anywhere."""
    reader = EventReader()
    edges = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[start:end] for start, end in pairwise(edges)]
    messages = [message for piece in pieces for message in reader.feed(piece)]
    assert messages == [b'{"a":\n1}', b'{"b":2}', b"3"]
    assert reader.closing == b'{"code":1012}'


def test_a_client_falls_back_and_returns() -> None:
    """Server-sent events are kept for a while, each time for twice as long, at most an hour."""
    fallback = Fallback()
    now_s = 0.0
    for pause_s in (FIRST_S, 2 * FIRST_S):
        assert fallback.kind(now_s) is Kind.WEBSOCKET
        assert fallback.other(Kind.WEBSOCKET) is Kind.EVENTS
        fallback.works(Kind.EVENTS, now_s)
        fallback.works(Kind.EVENTS, now_s + 1)  # a reconnection does not begin the pause anew
        assert fallback.kind(now_s + pause_s - 1) is Kind.EVENTS
        now_s += pause_s
        assert fallback.is_over(now_s)
    for _ in range(10):
        fallback.kind(now_s)
        fallback.works(Kind.EVENTS, now_s)
        now_s += CEILING_S
        assert fallback.is_over(now_s)
    fallback.works(Kind.WEBSOCKET, now_s)
    assert fallback.kind(now_s) is Kind.WEBSOCKET
    assert not fallback.is_over(now_s + CEILING_S)


def test_a_silent_connection_is_followed_by_the_other_kind() -> None:
    """A proxy may accept WebSockets and carry nothing over them."""
    fallback = Fallback()
    fallback.silent(Kind.WEBSOCKET)
    assert fallback.kind(0) is Kind.EVENTS
    fallback.silent(Kind.EVENTS)
    assert fallback.kind(0) is Kind.WEBSOCKET


def test_a_chosen_kind_is_never_left() -> None:
    """A client that asks for one kind of transport gets no other."""
    fallback = Fallback(Kind.EVENTS)
    fallback.silent(Kind.EVENTS)
    fallback.works(Kind.EVENTS, 0)
    assert fallback.other(Kind.EVENTS) is None
    assert fallback.kind(10 * CEILING_S) is Kind.EVENTS


def test_addresses() -> None:
    """Any of the addresses of a server leads to both streams."""
    for url in ("http://h:3000", "http://h:3000/", "ws://h:3000/ws", "http://h:3000/sse"):
        assert address(url, Kind.WEBSOCKET) == "ws://h:3000/ws"
        assert address(url, Kind.EVENTS, "after=1") == "http://h:3000/sse?after=1"
    assert address("wss://h/x/ws?a=1", Kind.EVENTS, "b=2") == "https://h/x/sse?a=1&b=2"
