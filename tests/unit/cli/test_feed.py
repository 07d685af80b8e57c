import json
from datetime import UTC
from typing import Any

from orders_cli.feed import Feed, printable
from orders_contract.messages import Filter

STREAM = "7f0f3f6e-5e0e-4e64-b0b5-0a9b8f7c6d5e"
ROW = {
    "id": 7,
    "customer_name": "Ada",
    "product_name": "Loom",
    "quantity": 2,
    "status": "shipped",
    "version": 2,
    "created_at": "2026-11-22T11:12:52.70211+00:00",
    "updated_at": "2026-11-22T11:12:53.5+00:00",
}


def hello(position: int, stream: str = STREAM) -> str:
    return json.dumps(
        {
            "type": "hello",
            "gateway": "gateway-1",
            "stream": stream,
            "position": position,
            "heartbeat_seconds": 15,
        }
    )


def event(position: int, operation: str = "UPDATE", **fields: Any) -> dict[str, Any]:
    base = {"order": ROW, "changed": {"status": "pending"}, "order_id": 7}
    at = {"changed_at": "2026-11-22T11:12:53.501+00:00"}
    return {"position": position, "operation": operation, **base, **at, **fields}


def frame(*events: dict[str, Any], last: int | None = None) -> str:
    first = events[0]["position"]
    last = last or events[-1]["position"]
    return json.dumps({"type": "events", "first": first, "last": last, "events": events})


def texts(feed: Feed, message: str) -> list[str]:
    return [line.text for line in feed.receive(message)[0]]


def test_line_of_an_update() -> None:
    """Time, position, operation, order, and what changed from what to what."""
    feed = Feed(timezone=UTC)
    feed.receive(hello(4))
    changes = {"status": "pending", "quantity": 1}
    assert texts(feed, frame(event(5, changed=changes))) == [
        "11:12:53.501  #5       UPDATE   order 7     status pending -> shipped, quantity 1 -> 2"
    ]


def test_lines_of_other_operations() -> None:
    """Each operation says what happened to the order."""
    feed = Feed(timezone=UTC)
    feed.receive(hello(0))
    lines = texts(
        feed,
        frame(
            event(1, "INSERT", changed=None),
            event(2, "DELETE", order=None, changed=ROW),
            event(3, "TRUNCATE", order=None, changed=None, order_id=None),
            event(4, "LEAVE", order=None, changed=None),
        ),
    )
    assert [line[23:] for line in lines] == [
        "INSERT   order 7     2 x Loom for Ada (shipped)",
        "DELETE   order 7     2 x Loom for Ada (shipped)",
        "TRUNCATE             every order is gone",
        "LEAVE    order 7     no longer matches",
    ]


def test_resumes_by_position() -> None:
    """I7: the next connection asks for what follows the last event seen."""
    feed = Feed()
    assert feed.query() == ""
    feed.receive(hello(4))
    feed.receive(frame(event(5), event(6)))
    assert feed.query() == f"after=6&stream={STREAM}"
    feed.receive(json.dumps({"type": "heartbeat", "position": 9}))
    assert feed.query() == f"after=9&stream={STREAM}"


def test_shows_nothing_twice() -> None:
    """I7: what a frame repeats is skipped."""
    feed = Feed()
    feed.receive(hello(5))
    assert len(texts(feed, frame(event(4), event(5), event(6)))) == 1


def test_announces_a_reset() -> None:
    """I7: a gap is never silent; the feed goes on after it."""
    feed = Feed()
    feed.receive(hello(5))
    lines = texts(feed, json.dumps({"type": "reset", "reason": "expired", "position": 90}))
    assert lines == ["reset (expired): changes after 5 up to 90 were not seen"]
    assert feed.position == 90


def test_filter_is_subscribed_after_hello() -> None:
    """With a filter nothing counts before the gateway has confirmed it."""
    feed = Feed(Filter(status=["shipped"]))
    _, answer = feed.receive(hello(4))
    assert json.loads(answer or "") == {"type": "subscribe", "filter": {"status": ["shipped"]}}
    assert texts(feed, frame(event(5))) == []
    subscribed = {"type": "subscribed", "filter": {"status": ["shipped"]}, "position": 5}
    feed.receive(json.dumps(subscribed))
    assert len(texts(feed, frame(event(6), last=8))) == 1
    assert feed.position == 8


def test_filter_resumes_with_subscribe() -> None:
    """I7: a filtered feed resumes too; not across streams, and it says so."""
    feed = Feed(Filter(status=["shipped"]))
    feed.receive(hello(4))
    subscribed = {"type": "subscribed", "filter": {"status": ["shipped"]}, "position": 4}
    feed.receive(json.dumps(subscribed))
    assert feed.query() == ""
    _, answer = feed.receive(hello(9))
    assert json.loads(answer or "")["after"] == 4
    lines, answer = feed.receive(hello(1, stream="another"))
    assert "reset (unknown_stream)" in lines[0].text
    assert "after" not in json.loads(answer or "")


def test_garbage_is_no_end() -> None:
    """A message nobody understands is announced; the feed goes on."""
    feed = Feed()
    feed.receive(hello(4))
    assert "not understood" in texts(feed, "garbage")[0]
    assert feed.position == 4


def test_error_is_shown() -> None:
    """What the gateway complains about is shown."""
    message = {"type": "error", "code": "bad_filter", "message": "no such status"}
    assert texts(Feed(), json.dumps(message)) == ["error bad_filter: no such status"]


def test_names_cannot_take_over_the_terminal() -> None:
    """Escape sequences and line breaks in a name are shown as what they are not: harmless."""
    assert printable("\x1b[2Jgone\nnew") == "?[2Jgone?new"
    assert printable("x" * 100) == "x" * 57 + "..."
