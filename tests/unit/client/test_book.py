from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.histories import CONDITIONS, STREAM, History, Row, event, histories, order
from orders_contract.matching import RowFilter, Selection
from orders_contract.matching import seen as seen_under
from real_time_orders.book import OrderBook
from real_time_orders.items import Event, Place, Snapshot, parse_event


def book(*rows: Row, position: int = 10) -> OrderBook:
    loaded = OrderBook()
    loaded.load(Snapshot(Place(STREAM, position), {"orders": {row["id"]: row for row in rows}}))
    return loaded


def seen(position: int, operation: str, new: Row | None, old: Row | None = None) -> Event:
    return parse_event(event(position, operation, new, old))


def test_events_change_the_book() -> None:
    """INSERT and UPDATE store the row, DELETE removes it, TRUNCATE removes all."""
    orders = book(order(1))
    orders.apply(seen(11, "INSERT", order(2)))
    orders.apply(seen(12, "UPDATE", order(1, version=2, quantity=5), order(1)))
    assert {key: row["quantity"] for key, row in orders.orders.items()} == {1: 5, 2: 1}
    orders.apply(seen(13, "DELETE", None, order(1)))
    assert set(orders.orders) == {2}
    orders.apply(seen(14, "TRUNCATE", None))
    assert orders.orders == {}
    assert orders.place == Place(STREAM, 14)


def test_older_versions_do_not_replace_newer_ones() -> None:
    """A snapshot may be ahead of its position: an older version does not replace a newer one."""
    orders = book(order(1, version=3, quantity=3))
    orders.apply(seen(11, "UPDATE", order(1, version=2, quantity=2), order(1)))
    assert orders.orders[1]["quantity"] == 3


def test_known_events_are_not_applied() -> None:
    """I7: an event at or before the book's place is not applied again."""
    orders = book(order(1), position=10)
    assert not orders.apply(seen(10, "DELETE", None, order(1)))
    assert set(orders.orders) == {1}


def test_a_conflated_event_replaces_any_version() -> None:
    """A conflated frame may omit a DELETE between two orders of one id: versions do not count."""
    orders = book(order(1, version=5))
    raw = event(20, "UPDATE", order(1, version=2, quantity=9), order(1))
    orders.apply(parse_event(raw, conflated=True))
    assert orders.orders[1]["quantity"] == 9


def test_a_row_that_stops_matching_leaves() -> None:
    """LEAVE removes the row from the book, as DELETE does."""
    orders = book(order(1), order(2))
    left: dict[str, Any] = {**event(11, "UPDATE", order(1), order(1)), "operation": "LEAVE"}
    orders.apply(parse_event({**left, "order": None}))
    assert set(orders.orders) == {2}


def line(position: int, operation: str, key: Row | None, row: Row | None) -> Event:
    raw = {"position": position, "table": "lines", "operation": operation, "order_id": 7}
    return parse_event({**raw, "key": key, "row": row, "changed_at": ""})


def test_rows_of_other_tables_are_kept_by_their_key() -> None:
    """A key may have two columns, and a TRUNCATE of one table leaves the others."""
    lines = OrderBook(tables={"orders": {}, "lines": {}})
    known = {7: order(7)}
    lines.load(Snapshot(Place(STREAM, 10), {"orders": known, "lines": {}}))
    lines.apply(line(11, "INSERT", {"order_id": 7, "no": 1}, {"order_id": 7, "no": 1, "sku": "A"}))
    lines.apply(line(12, "INSERT", {"order_id": 7, "no": 2}, {"order_id": 7, "no": 2, "sku": "B"}))
    lines.apply(line(13, "DELETE", {"order_id": 7, "no": 1}, None))
    assert lines.rows["lines"] == {(7, 2): {"order_id": 7, "no": 2, "sku": "B"}}
    lines.apply(line(14, "TRUNCATE", None, None))
    assert lines.rows == {"orders": known, "lines": {}}


def test_events_of_other_tables_only_move_the_place() -> None:
    """Events of tables that a book does not hold only move its place."""
    orders = book(order(1))
    orders.apply(line(11, "INSERT", {"id": 1}, {"id": 1}))
    assert set(orders.orders) == {1}
    assert orders.place == Place(STREAM, 11)


@given(st.data(), histories(), CONDITIONS)
def test_a_snapshot_that_is_ahead_comes_out_right(
    data: st.DataObject, history: History, wanted: dict[str, Any]
) -> None:
    """Rows of a snapshot may be of different moments; after the events in between all are right."""
    matching = RowFilter.parse("orders", wanted, None)
    selection = Selection.parse({"orders": wanted})
    start = data.draw(st.integers(0, history.head))
    moments = st.integers(start, history.head)
    shown = [history.tables[data.draw(moments)].get(order_id) for order_id in (1, 2, 3, 4)]
    orders = book(*[row for row in shown if row and matching.matches(row)], position=start)
    for raw in history.since(start):
        if (visible := seen_under(raw, selection)) is not None:
            orders.apply(parse_event(visible))
    final = history.tables[history.head]
    assert orders.orders == {key: row for key, row in final.items() if matching.matches(row)}
