"""What a client sees of an event, by its subscription and its scope."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.row_events import SCHEMA, Change, History, histories, scopes, subscriptions
from orders_contract.matching import (
    EVERYTHING,
    FilterError,
    Scope,
    Selection,
    View,
    seen,
    view,
)


def _update(row: dict[str, Any], changed: dict[str, Any] | None) -> dict[str, Any]:
    return {"table": "orders", "operation": "UPDATE", "order_id": 7, "order": row,
            "changed": changed, "actor": "eve"}  # fmt: skip


_PENDING = Selection.parse({"orders": {"status": ["pending"]}})


_BERLIN = Selection(None, Scope({"store": ["Berlin"]}))


@pytest.mark.parametrize(
    ("row", "changed", "selection", "expected"),
    [
        ({"status": "pending"}, {"status": "shipped"}, _PENDING, View.WHOLE),
        ({"status": "shipped"}, {"status": "pending"}, _PENDING, View.LEAVE),
        ({"status": "shipped"}, {"status": "new"}, _PENDING, View.HIDDEN),
        ({"status": "shipped"}, {"total": 1}, _PENDING, View.HIDDEN),
        ({"status": "pending"}, None, _PENDING, View.WHOLE),
        ({"status": "shipped"}, None, _PENDING, View.HIDDEN),
        ({"total": 1}, {"total": 2}, _PENDING, View.HIDDEN),
        ({"store": "Berlin"}, {"store": "Rome"}, _BERLIN, View.CONFINED),
        ({"store": "Berlin"}, {"store": None}, _BERLIN, View.CONFINED),
        ({"store": "Berlin"}, {"total": 1}, _BERLIN, View.WHOLE),
        ({"store": "Rome"}, {"store": "Berlin"}, _BERLIN, View.LEAVE),
        ({"store": "Rome"}, {"total": 1}, _BERLIN, View.HIDDEN),
        ({"total": 2}, {"total": 1}, _BERLIN, View.HIDDEN),
    ],
)
def test_update_as_a_client_sees_it(
    row: dict[str, Any], changed: dict[str, Any] | None, selection: Selection, expected: View
) -> None:
    """A column that ``changed`` does not name has not changed; null in it is an old value."""
    assert view(_update(row, changed), selection) is expected


@pytest.mark.parametrize("column", ["version", "updated_at"])
def test_a_row_may_leave_by_a_maintained_column(column: str) -> None:
    """I7: ``changed`` never holds the old version, so a row that no longer matches may leave."""
    selection = Selection.parse({"orders": {column: ["3"], "status": ["pending"]}})
    assert view(_update({column: "4", "status": "pending"}, {"x": 1}), selection) is View.LEAVE
    assert view(_update({column: "4", "status": "new"}, {"x": 1}), selection) is View.HIDDEN


def test_tables_that_are_not_named_are_not_seen() -> None:
    """A subscription that names tables gets the events of these alone, TRUNCATE included."""
    truncate = {"table": "lines", "operation": "TRUNCATE", "order_id": None, "changed": None}
    assert view(truncate, _PENDING) is View.HIDDEN
    assert view(truncate, Selection.parse({"lines": {"id": [1]}})) is View.WHOLE
    assert view(truncate, EVERYTHING) is View.WHOLE


def test_a_scope_hides_tables_without_its_column() -> None:
    """A table without the restricting column is hidden, even from a subscription that names it."""
    scope = Scope({"store": ["Berlin"]}, SCHEMA)
    asked = Selection.parse({"lines": {}, "notes": {}, "orders": {}}, SCHEMA, scope)
    row = {"id": 1, "store": "Berlin"}
    for operation in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
        event = {"table": "notes", "operation": operation, "order_id": 7, "key": {"id": 1},
                 "row": row, "changed": row, "actor": None}  # fmt: skip
        assert view(event, asked) is View.HIDDEN
        assert view({**event, "table": "unknown"}, asked) is View.HIDDEN
    insert = {"table": "lines", "operation": "INSERT", "order_id": 7, "row": row, "changed": None}
    assert view(insert, asked) is View.WHOLE


def test_a_scope_confines_truncate() -> None:
    """I7: all clients get TRUNCATE; under a scope without the actor, which may be outside it."""
    truncate = {"table": "orders", "operation": "TRUNCATE", "order_id": None, "changed": None,
                "actor": "eve"}  # fmt: skip
    assert seen(truncate, _BERLIN) == {**truncate, "actor": None}


def test_a_scope_of_values_that_the_column_cannot_hold_shows_nothing() -> None:
    """A token whose values do not fit the column hides every row and raises no error."""
    selection = Selection(None, Scope({"amount": ["Berlin"]}, SCHEMA))
    assert view(_update({"amount": 7}, {"store": "x"}), selection) is View.HIDDEN


def test_a_scope_without_columns_is_refused() -> None:
    """A scope without a column would be no restriction, so it is refused."""
    with pytest.raises(FilterError, match="at least one column"):
        Scope({})


def test_leave_of_a_child_names_no_parent() -> None:
    """The parent may have changed to one that is hidden from the client."""
    scope = Scope({"store": ["Berlin"]}, SCHEMA)
    event = {"table": "lines", "operation": "UPDATE", "order_id": 9, "key": {"id": 1},
             "row": {"id": 1, "store": "Rome", "parent": 9},
             "changed": {"store": "Berlin", "parent": 7}, "actor": "eve"}  # fmt: skip
    assert seen(event, Selection(None, scope)) == {
        "table": "lines", "operation": "LEAVE", "order_id": None, "key": {"id": 1}, "row": None,
        "changed": None, "actor": None,
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(histories(), subscriptions(), st.none() | scopes(), st.integers(0, 30))
def test_client_holds_exactly_what_matches(
    history: History, tables: Any, rows: Any, joined: int
) -> None:
    """I7: a client that applies its events holds exactly the rows that match and are visible.

    It starts from a snapshot at any point of the history; rows leave and enter again.
    """
    selection = Selection.parse(tables, SCHEMA, None if rows is None else Scope(rows, SCHEMA))
    joined = min(joined, len(history.changes))
    held = _visible(history.states[joined], selection)
    for change, state in zip(history.changes[joined:], history.states[joined + 1 :], strict=True):
        shown = seen(change.event, selection)
        if shown is not None:
            _apply(held, change, shown)
        assert held == _visible(state, selection)


def _visible(state: dict[Any, Any], selection: Selection) -> dict[Any, Any]:
    return {
        (table, key): row
        for (table, key), row in state.items()
        if (filters := selection.filters(table)) and all(each.matches(row) for each in filters)
    }


def _apply(held: dict[Any, Any], change: Change, shown: Any) -> None:
    match shown["operation"]:
        case "TRUNCATE":
            for at in [at for at in held if at[0] == change.table]:
                del held[at]
        case "DELETE" | "LEAVE":
            del held[change.table, change.key]  # raises KeyError unless it was held
        case _:
            held[change.table, change.key] = shown.get("order") or shown["row"]


@settings(max_examples=150, deadline=None)
@given(histories(), subscriptions(), scopes())
def test_a_scope_shows_nothing_of_other_rows(history: History, tables: Any, rows: Any) -> None:
    """Every value that a restricted client gets is of a row that is or was within its scope."""
    scope = Scope(rows, SCHEMA)
    selection = Selection.parse(tables, SCHEMA, scope)
    for change, before in zip(history.changes, history.states, strict=False):
        shown = seen(change.event, selection)
        if shown is None:
            continue
        visible = scope.filter(change.table)
        assert visible is not None
        old = None if change.key is None else before.get((change.table, change.key))
        was_visible = old is not None and visible.matches(old)
        for row in _rows(shown):
            assert visible.matches(row)
        if shown["changed"] is not None or shown["operation"] == "LEAVE":
            assert was_visible
        if old is not None and not was_visible:
            assert shown["actor"] is None


def _rows(shown: Any) -> Iterator[Any]:
    yield from (row for row in (shown.get("order"), shown.get("row")) if row is not None)
    if shown["operation"] == "DELETE":
        yield shown["changed"]
