"""The messages of ``/ws`` as types."""

from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from harness.histories import History, event, histories, order
from orders_contract.messages import (
    CLIENT_MESSAGE,
    MAX_POSITION,
    SERVER_MESSAGE,
    Event,
    Ping,
    Subscribe,
)


@settings(max_examples=30, deadline=None)
@given(histories(max_size=15))
def test_every_kind_of_event_is_one(history: History) -> None:
    """Whatever happens to the table, its events are of the documented shape."""
    frame = {"type": "events", "first": 1, "last": max(history.head, 1), "events": history.events}
    message = SERVER_MESSAGE.validate_python(frame)
    assert message.type == "events"
    assert len(message.events) == history.head


def test_leave_and_truncate_have_no_row() -> None:
    """LEAVE names an order without its row; TRUNCATE names none."""
    leave = {**event(7, "LEAVE", None), "order_id": 3}
    assert Event.model_validate(leave).order_id == 3
    assert Event.model_validate(event(8, "TRUNCATE", None)).order_id is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": 0},
        {"operation": "UPSERT"},
        {"order": [1]},
        {"changed_at": "2026-11-22T11:12:52"},
        {"table": "order_lines"},
        {"row": order(1)},
        {"more": 1},
    ],
)
def test_event_of_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    """An event with a wrong value, a time without a zone or a key too many is none."""
    with pytest.raises(ValidationError):
        Event.model_validate({**event(1, "INSERT", order(1)), **wrong})


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe"},
        {"type": "subscribe", "filter": None, "after": None},
        {"type": "subscribe", "filter": {}, "after": 0},
        {"type": "subscribe", "filter": {"status": ["shipped"], "order_id": [7]}, "after": 9},
        {"type": "subscribe", "filter": {"customer_name": ["Ann"]}},
        {"type": "subscribe", "after": MAX_POSITION},
    ],
)
def test_subscribe_forms(message: dict[str, Any]) -> None:
    """A client may leave out filter and position, and any key of the filter."""
    assert isinstance(CLIENT_MESSAGE.validate_python(message), Subscribe)


def test_ping() -> None:
    """A ping is its type and nothing else."""
    assert CLIENT_MESSAGE.validate_python({"type": "ping"}) == Ping(type="ping")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ping", "more": 1},
        {"type": "hello"},
        {"filter": {}},
        {"type": "subscribe", "after": -1},
        {"type": "subscribe", "after": "7"},
        {"type": "subscribe", "after": 7.0},
        {"type": "subscribe", "after": True},
        {"type": "subscribe", "after": MAX_POSITION + 1},
        {"type": "subscribe", "tables": {"orders": ["pending"]}},
        {"type": "subscribe", "tables": {"orders": {}}, "filter": {}},
        {"type": "subscribe", "filter": [], "after": 0},
    ],
)
def test_client_message_of_another_shape_is_refused(message: dict[str, Any]) -> None:
    """Nothing is guessed: what is not exactly a message is refused."""
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_python(message)
