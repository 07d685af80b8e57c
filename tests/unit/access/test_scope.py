"""What the holder of a scope sees of an event."""

import json

from hypothesis import given, settings

from harness.histories import CUSTOMERS, History, event, histories, order
from orders_access.scope import Row, view

OURS = frozenset({"Ann"})


def moved(before: str, after: str) -> Row:
    """Return the event by which an order passes from one customer to another, changing all."""
    old = {"customer_name": before, "product_name": "Secret", "status": "pending"}
    return {**event(7, "UPDATE", order(3, customer_name=after), old), "actor": "bob"}


def test_order_that_leaves_is_told_without_content() -> None:
    """An order that passes to another customer leaves, and nothing of it is told."""
    seen = view(moved("Ann", "Bob"), OURS)
    assert seen is not None
    assert seen["operation"] == "LEAVE"
    assert seen["order_id"] == 3
    assert (seen["order"], seen["changed"], seen["actor"]) == (None, None, None)


def test_order_that_enters_has_no_past() -> None:
    """An order that comes from another customer comes without its old values."""
    seen = view(moved("Bob", "Ann"), OURS)
    assert seen is not None
    assert seen["operation"] == "UPDATE"
    assert seen["order"]["customer_name"] == "Ann"
    assert (seen["changed"], seen["actor"]) == (None, None)


def test_truncate_tells_nobody() -> None:
    """That everything is gone concerns everyone; who did it, not."""
    seen = view({**event(8, "TRUNCATE", None), "actor": "bob"}, OURS)
    assert seen is not None
    assert seen["actor"] is None


@settings(max_examples=100, deadline=None)
@given(histories(max_size=20))
def test_nothing_of_others_is_ever_shown(history: History) -> None:
    """Whatever happens, no event that is seen names another customer."""
    others = [json.dumps(name) for name in CUSTOMERS if name not in OURS]
    for each in history.events:
        text = json.dumps(view(each, OURS))
        assert not [name for name in others if name in text], text
