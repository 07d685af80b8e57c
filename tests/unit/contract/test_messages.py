"""The messages of ``/ws``."""

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
    """Events of every operation are valid messages."""
    frame = {"type": "events", "first": 1, "last": max(history.head, 1), "events": history.events}
    message = SERVER_MESSAGE.validate_python(frame)
    assert message.type == "events"
    assert len(message.events) == history.head


def test_leave_and_truncate_have_no_row() -> None:
    """LEAVE has an order id but no row; TRUNCATE has neither."""
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
    """An event with a wrong value, another table's row or an unknown field is refused."""
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
    """Filter and position are optional."""
    assert isinstance(CLIENT_MESSAGE.validate_python(message), Subscribe)


def test_ping() -> None:
    """A ping has no field but its type."""
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
    """A message with a missing, unknown or wrong field is refused."""
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_python(message)
