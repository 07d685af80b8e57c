from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.histories import STREAM, Row, event, order
from orders_contract.filters import RowFilter
from orders_contract.matching import Selection, seen
from orders_contract.schema import Schema
from real_time_orders.items import Event, Place, Snapshot, parse_event
from real_time_orders.ordering import Ordering
from real_time_orders.view import Edit, View

_KINDS = {"id": "integer", "quantity": "integer", "version": "integer"}
SCHEMA = Schema.parse(
    {
        "version": "a",
        "tables": [
            {
                "name": "orders",
                "key": ["id"],
                "columns": [
                    {
                        "name": name,
                        "type": _KINDS.get(name, "text"),
                        "kind": _KINDS.get(name, "text"),
                        "nullable": False,
                        "writable": True,
                    }
                    for name in order(1)
                ],
            }
        ],
    }
)
ORDERS = SCHEMA.tables["orders"]


def page(view: View, rows: list[Row], position: int, lines: dict[int, Row] | None = None) -> None:
    """Load the first rows in order, as the API returns them."""
    ordered = Ordering(ORDERS, view.sort).sorted(rows)
    first = {row["id"]: row for row in ordered[: view.wanted]}
    tables: dict[str, dict[Any, Row]] = {"orders": first}
    tables |= {} if lines is None else {"lines": lines}
    has_more = len(first) < len(ordered)
    place = Place(STREAM, position)
    view.load(Snapshot(place, tables, SCHEMA, has_more, {"lines": "order_id"}))


STEPS = st.lists(
    st.tuples(st.integers(1, 9), st.none() | st.integers(0, 4)), min_size=25, max_size=60
)
"""Writes: an order, and its new quantity; None deletes it."""


@given(
    STEPS,
    st.integers(5, 20),
    st.sampled_from(["", "id", "-quantity", "quantity"]),
    st.integers(1, 3),
    st.sampled_from([{}, {"quantity": {"gte": 1}}]),
)
def test_the_first_rows_are_right_at_every_moment(
    steps: list[tuple[int, int | None]], start: int, sort: str, limit: int, wanted: dict[str, Any]
) -> None:
    """I7: whatever enters, leaves or moves, the shown rows are the first of all in order."""
    matching, selection = (
        RowFilter.parse("orders", wanted, None),
        Selection.parse({"orders": wanted}),
    )
    view = View("orders", wanted, sort=sort, limit=limit)
    table: dict[int, Row] = {}

    def rows() -> list[Row]:
        return [row for row in table.values() if matching.matches(row)]

    for position, (key, quantity) in enumerate(steps, start=1):
        old = table.pop(key, None)
        if quantity is not None:
            version = 1 if old is None else old["version"] + 1
            table[key] = order(key, quantity=quantity, version=version)
        raw = event(position, _operation(old, table.get(key)), table.get(key), old)
        if position == start:
            page(view, rows(), position)
        if position > start and (old or key in table):
            if (visible := seen(raw, selection)) is not None:
                view.apply(parse_event(visible))
            if view.is_short:
                page(view, rows(), position)
            view.trim()
            assert view.shown == Ordering(ORDERS, sort).sorted(rows())[:limit]


def _operation(old: Row | None, new: Row | None) -> str:
    return "DELETE" if new is None else "INSERT" if old is None else "UPDATE"


def update(position: int, version: int, **values: Any) -> Event:
    """Return an UPDATE of order 1."""
    new = order(1, version=version, **values)
    return parse_event(event(position, "UPDATE", new, order(1, version=version - 1)))


def test_a_write_under_way_is_shown_until_the_stream_brings_it() -> None:
    """An edit hides the known values; an accepted one until its version arrives."""
    view = View("orders")
    page(view, [order(1)], 10)
    edit = Edit(1, {"quantity": 5})
    view.begin(edit)
    assert view.shown[0]["quantity"] == 5
    view.apply(update(11, 2, quantity=3, status="shipped"))
    assert (view.shown[0]["quantity"], view.shown[0]["status"]) == (5, "shipped")
    view.end(edit, order(1, version=3, quantity=5))
    assert (view.shown[0]["quantity"], view.shown[0]["version"]) == (5, 3)
    view.apply(update(12, 3, quantity=5, status="shipped"))
    view.apply(update(13, 4, quantity=4, status="shipped"))
    assert view.shown[0]["quantity"] == 4


def test_a_write_that_fails_is_taken_back() -> None:
    """A rejected change or removal leaves the row as it was."""
    view = View("orders")
    page(view, [order(1)], 10)
    for edit in (Edit(1, {"quantity": 5}), Edit(1, None)):
        view.begin(edit)
        assert view.shown != [order(1)]
        view.end(edit)
        assert view.shown == [order(1)]


def test_a_write_continues_from_an_answer_that_the_stream_has_not_shown() -> None:
    """After an answer or a conflict the next write names its row, until the stream is as far."""
    view = View("orders")
    page(view, [order(1)], 10)
    view.end(Edit(1, {"quantity": 5}), order(1, version=2, quantity=5))
    assert view.known(1) == order(1, version=2, quantity=5)
    view.answered(1, order(1, version=4, quantity=8))  # a conflict
    view.apply(update(11, 2, quantity=5))
    assert view.known(1) == order(1, version=4, quantity=8)
    view.apply(update(12, 5, quantity=9))
    assert view.known(1) == order(1, version=5, quantity=9)
    view.answered(1, order(1, version=6))
    view.apply(parse_event(event(13, "DELETE", None, order(1, version=5))))
    assert view.known(1) is None


def test_the_stream_may_be_faster_than_the_answer() -> None:
    """An edit ends with its answer if the stream has brought its version before."""
    view = View("orders")
    page(view, [order(1)], 10)
    edit = Edit(1, {"quantity": 5})
    view.begin(edit)
    view.apply(update(11, 2, quantity=5))
    view.apply(update(12, 3, quantity=6))
    view.end(edit, order(1, version=2, quantity=5))
    assert view.shown[0]["quantity"] == 6


def line(position: int, operation: str, key: int | None, parent: int | None = None) -> Event:
    """Return the event of a child row."""
    row = None if parent is None else {"id": key, "order_id": parent}
    raw = {"position": position, "table": "lines", "operation": operation, "order_id": parent}
    return parse_event({**raw, "key": key and {"id": key}, "row": row, "changed_at": ""})


def test_children_follow_their_orders() -> None:
    """Children are kept where their order is; those of an order that enters are asked for."""
    view = View("orders", include=["lines"])
    page(view, [order(1), order(2)], 10, {5: {"id": 5, "order_id": 1}})

    def children() -> dict[int, list[int]]:
        return {row["id"]: [each["id"] for each in row["lines"]] for row in view.shown}

    view.apply(line(11, "INSERT", 10, 1))
    view.apply(line(12, "INSERT", 6, 3))  # of an order that does not match
    assert children() == {2: [], 1: [5, 10]}
    view.apply(line(13, "UPDATE", 5, 2))
    assert children() == {2: [5], 1: [10]}
    view.apply(parse_event(event(14, "UPDATE", order(3, version=2), order(3))))
    assert view.incomplete == {3}
    found = {"orders": {3: order(3, version=2)}, "lines": {6: {"id": 6, "order_id": 3}}}
    view.adopt(Snapshot(Place(STREAM, 20), found, SCHEMA, parents={"lines": "order_id"}))
    assert (children(), view.incomplete) == ({3: [6], 2: [5], 1: [10]}, set())
    view.apply(parse_event(event(15, "DELETE", None, order(2))))
    view.apply(parse_event(event(16, "INSERT", order(2))))
    assert children() == {3: [6], 2: [], 1: [10]}
    view.apply(line(17, "TRUNCATE", None))
    assert children() == {3: [], 2: [], 1: []}
    view.apply(parse_event(event(18, "TRUNCATE", None)))
    assert view.shown == []


def test_what_a_view_cannot_show_is_an_error() -> None:
    """Only orders have children, and nothing is shown of no rows."""
    with pytest.raises(ValueError, match="children"):
        View("notes", include=["lines"])
    with pytest.raises(ValueError, match="limit"):
        View("orders", limit=0)
    with pytest.raises(ValueError, match="colour"):
        Ordering(ORDERS, "-colour")
