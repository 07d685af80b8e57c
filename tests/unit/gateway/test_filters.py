"""Filtered subscriptions."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    FILTERS,
    History,
    Row,
    Table,
    batch,
    event,
    histories,
    order,
    positions,
)
from orders_contract.messages import Event, Filter
from orders_gateway.filters import Predicate, packed, trimmed

_PENDING = Predicate(status=frozenset({"pending"}))


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        ({}, True),
        ({"status": ["shipped", "pending"]}, True),
        ({"status": ["shipped"]}, False),
        ({"customer_name": ["Ann"]}, True),
        ({"customer_name": ["ann"]}, False),
        ({"order_id": [6, 7]}, True),
        ({"order_id": [8]}, False),
        ({"status": ["pending"], "order_id": [7], "customer_name": ["Ann"]}, True),
        ({"status": ["pending"], "order_id": [8]}, False),
    ],
)
def test_all_keys_must_match_and_any_value_will_do(wanted: dict[str, Any], admitted: bool) -> None:  # noqa: FBT001  a column of the table
    """A filter's keys are joined by and, a key's values by or."""
    predicate = Predicate.of(Filter.model_validate(wanted)) or Predicate()
    assert predicate.admits(order(7)) is admitted


def test_equal_filters_are_equal_predicates() -> None:
    """I4: filters that ask the same in another order share one group and its work."""
    one = Predicate.of(Filter(status=["shipped", "pending"], order_id=[1, 2]))
    other = Predicate.of(Filter(order_id=[2, 1, 1], status=["pending", "shipped"]))
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("change", "seen_as"),
    [
        (event(1, "INSERT", order(7)), "INSERT"),
        (event(1, "INSERT", order(7, status="shipped")), None),
        (event(1, "DELETE", None, order(7)), "DELETE"),
        (event(1, "DELETE", None, order(7, status="shipped")), None),
        (event(1, "TRUNCATE", None), "TRUNCATE"),
        (event(1, "UPDATE", order(7, quantity=2), order(7)), "UPDATE"),
        (event(1, "UPDATE", order(7), order(7, status="shipped")), "UPDATE"),
        (event(1, "UPDATE", order(7, status="shipped"), order(7)), "LEAVE"),
        (event(1, "UPDATE", order(7, status="shipped"), order(7, status="delivered")), None),
    ],
)
def test_change_as_seen_under_a_filter(change: Row, seen_as: str | None) -> None:
    """A client sees what enters, changes within and leaves the set it asked for, and no more."""
    assert [seen["operation"] for seen in _PENDING.select([change])] == [seen_as] * bool(seen_as)


def test_leave_tells_nothing_of_the_row() -> None:
    """Who must not see an order any more is told its id and nothing else."""
    update = event(9, "UPDATE", order(7, status="shipped"), order(7)) | {"actor": "eve"}
    (leave,) = _PENDING.select([update])
    assert Event.model_validate(leave)
    hidden = {"order": None, "changed": None, "actor": None}
    assert leave == {**update, "operation": "LEAVE", **hidden}


@settings(max_examples=100, deadline=None)
@given(history=histories(), wanted=FILTERS, joined=st.integers(0, 40))
def test_client_under_a_filter_holds_what_matches(
    history: History, wanted: Filter, joined: int
) -> None:
    """I7: whoever applies what is selected holds exactly the matching orders, after any changes.

    It starts from a snapshot somewhere on the way; orders leave and enter again.
    """
    predicate = Predicate.of(wanted) or Predicate()
    joined = min(joined, history.head)
    held = _matching(history.tables[joined], predicate)
    for change, table in zip(history.since(joined), history.tables[joined + 1 :], strict=True):
        for seen in predicate.select([change]):
            Event.model_validate(seen)
            _apply(held, seen)
        assert held == _matching(table, predicate)


@settings(max_examples=30, deadline=None)
@given(history=histories(), wanted=FILTERS)
def test_selected_keep_their_order(history: History, wanted: Filter) -> None:
    """I2: selecting drops events and moves none; selecting one by one is the same."""
    predicate = Predicate.of(wanted) or Predicate()
    selected = predicate.select(history.events)
    assert positions(selected) == sorted(set(positions(selected)))
    assert selected == [seen for change in history.events for seen in predicate.select([change])]


@settings(max_examples=30, deadline=None)
@given(history=histories())
def test_filter_of_no_key_selects_everything(history: History) -> None:
    """A filter that names no key is the wish for everything, as it is."""
    assert Predicate.of(Filter()) is None
    assert Predicate().select(history.events) == history.events


def _matching(table: Table, predicate: Predicate) -> Table:
    return {order_id: row for order_id, row in table.items() if predicate.admits(row)}


def _apply(held: Table, seen: Row) -> None:
    match seen["operation"]:
        case "TRUNCATE":
            held.clear()
        case "DELETE" | "LEAVE":
            del held[seen["order_id"]]  # it was there: who holds nothing is told nothing
        case _:
            held[seen["order_id"]] = seen["order"]


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), after=st.integers(0, 40))
def test_trimmed_is_what_comes_after(history: History, after: int) -> None:
    """I7: any cut leaves exactly the events after it, byte for byte as they were rendered."""
    after = min(after, history.head - 1)
    assert trimmed(batch(history.events), after) == batch(history.since(after))


def test_nothing_to_trim_opens_nothing() -> None:
    """I4: a batch that begins after the position is handed on as it is."""
    whole = batch([event(8, "TRUNCATE", None)])
    assert trimmed(whole, 7) is whole


def test_packed_is_compact_utf8() -> None:
    """Events that were opened go on in the rendering they came in: no spaces, no escapes."""
    assert packed([{"customer_name": "Żółć"}]) == '[{"customer_name":"Żółć"}]'.encode()
    assert json.loads(packed([])) == []
