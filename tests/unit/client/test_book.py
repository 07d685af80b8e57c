from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.histories import FILTERS, STREAM, History, Row, event, histories, order
from orders_client.book import OrderBook, admits
from orders_client.items import Event, Place, Snapshot, parse_event
from orders_contract.messages import Filter


def book(*rows: Row, position: int = 10, wanted: Filter | None = None) -> OrderBook:
    loaded = OrderBook(wanted)
    loaded.load(Snapshot(Place(STREAM, position), rows))
    return loaded


def seen(position: int, operation: str, new: Row | None, old: Row | None = None) -> Event:
    return parse_event(event(position, operation, new, old))


def test_events_change_the_book() -> None:
    """INSERT and UPDATE put the row in place, DELETE takes it out, TRUNCATE takes all."""
    orders = book(order(1))
    orders.apply(seen(11, "INSERT", order(2)))
    orders.apply(seen(12, "UPDATE", order(1, version=2, quantity=5), order(1)))
    assert {key: row["quantity"] for key, row in orders.orders.items()} == {1: 5, 2: 1}
    orders.apply(seen(13, "DELETE", None, order(1)))
    assert set(orders.orders) == {2}
    orders.apply(seen(14, "TRUNCATE", None))
    assert orders.orders == {}
    assert orders.place == Place(STREAM, 14)


def test_what_the_snapshot_shows_already_is_no_step_back() -> None:
    """A snapshot may be ahead of its position: an older version does not replace a newer one."""
    orders = book(order(1, version=3, quantity=3))
    orders.apply(seen(11, "UPDATE", order(1, version=2, quantity=2), order(1)))
    assert orders.orders[1]["quantity"] == 3


def test_known_events_are_not_applied() -> None:
    """I7: an event at or before the book's place is in already."""
    orders = book(order(1), position=10)
    assert not orders.apply(seen(10, "DELETE", None, order(1)))
    assert set(orders.orders) == {1}


def test_a_conflated_event_replaces_whatever_there_was() -> None:
    """The DELETE between two orders of one id may have been left out: versions do not compare."""
    orders = book(order(1, version=5))
    raw = event(20, "UPDATE", order(1, version=2, quantity=9), order(1))
    orders.apply(parse_event(raw, conflated=True))
    assert orders.orders[1]["quantity"] == 9


def test_under_a_filter_only_matches_are_kept() -> None:
    """A row that no longer matches leaves, whether the server says LEAVE or shows it."""
    wanted = Filter(status=["pending"])
    orders = book(order(1), order(2), order(3, status="shipped"), wanted=wanted)
    assert set(orders.orders) == {1, 2}
    left: dict[str, Any] = {**event(11, "UPDATE", order(1), order(1)), "operation": "LEAVE"}
    orders.apply(parse_event({**left, "order": None}))
    orders.apply(seen(12, "UPDATE", order(2, version=2, status="shipped"), order(2)))
    assert orders.orders == {}


@given(st.data(), histories(), FILTERS)
def test_a_snapshot_that_is_ahead_comes_out_right(
    data: st.DataObject, history: History, wanted: Filter
) -> None:
    """Rows of any later moments, each of its own: after the events in between all is right."""
    start = data.draw(st.integers(0, history.head))
    moments = st.integers(start, history.head)
    shown = [history.tables[data.draw(moments)].get(order_id) for order_id in (1, 2, 3, 4)]
    orders = book(*[row for row in shown if row is not None], position=start, wanted=wanted)
    for raw in history.since(start):
        orders.apply(parse_event(raw))
    final = history.tables[history.head]
    assert orders.orders == {key: row for key, row in final.items() if admits(wanted, row)}
