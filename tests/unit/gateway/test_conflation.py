"""Clients that fell behind converge on the newest state."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    SELECTIONS,
    History,
    Row,
    Table,
    batch,
    event,
    histories,
    order,
    positions,
)
from orders_contract.matching import EVERYTHING, Scope, Selection
from orders_contract.messages import Event
from orders_gateway.conflation import Bounds, Conflation
from orders_gateway.hub import seen_events

_ROOMY = Bounds(max_rows=100, max_bytes=1_000_000, max_message_bytes=1_000_000)


def select(**conditions: list[Any]) -> Selection:
    """Return the selection of a filter on orders."""
    return Selection.parse({"orders": conditions})


def _conflation(
    floor: int,
    events: Sequence[Row],
    selection: Selection = EVERYTHING,
    bounds: Bounds = _ROOMY,
) -> Conflation:
    """Return what is kept of events that came one by one after a floor."""
    conflation = Conflation(floor, bounds)
    for each in events:
        conflation.add(seen_events(batch([each]), selection))
    return conflation


def _since(conflation: Conflation, position: int) -> list[Row]:
    rendered = conflation.since(position)
    assert rendered is not None
    rows: list[Row] = json.loads(rendered or b"[]")
    assert bool(rows) == bool(rendered), "no events are no bytes"
    return rows


def _apply(held: Table, seen: Row) -> None:
    """Apply an event as a client does: a row only if its version is newer than the one it has."""
    match seen["operation"]:
        case "TRUNCATE":
            held.clear()
        case "DELETE" | "LEAVE":
            held.pop(seen["order_id"], None)
        case _:
            row = held.get(seen["order_id"])
            if row is None or seen["order"]["version"] > row["version"]:
                held[seen["order_id"]] = seen["order"]


def _matching(table: Table, selection: Selection) -> Table:
    filters = selection.filters("orders") or ()
    return {key: row for key, row in table.items() if all(each.matches(row) for each in filters)}


@settings(max_examples=200, deadline=None)
@given(
    history=histories(min_size=1),
    selection=SELECTIONS,
    floor=st.integers(0, 40),
    ahead=st.integers(0, 40),
)
def test_a_client_that_fell_behind_converges(
    history: History, selection: Selection, floor: int, ahead: int
) -> None:
    """I7: whatever was missed, the conflated events lead to exactly what the database holds."""
    floor = min(floor, history.head)
    position = min(floor + ahead, history.head)
    conflation = _conflation(floor, history.since(floor), selection)
    held = _matching(history.tables[position], selection)
    for seen in _since(conflation, position):
        Event.model_validate(seen)
        _apply(held, seen)
    assert held == _matching(history.tables[history.head], selection)


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1))
def test_conflated_events_are_in_order_and_few(history: History) -> None:
    """I2: conflated events keep their order; at most two per order, and one TRUNCATE."""
    rows = _since(_conflation(0, history.events), 0)
    assert positions(rows) == sorted(set(positions(rows)))
    assert len(rows) <= 2 * len({row["order_id"] for row in rows})


def test_rows_that_never_matched_are_not_mentioned() -> None:
    """An order that never matched the filter while the client was behind is left out."""
    events = [event(1, "INSERT", order(7)), event(2, "DELETE", None, order(7))]
    assert _since(_conflation(0, events, select(customer_name=["Bob"])), 0) == []


def test_a_scope_hides_the_past_of_a_row() -> None:
    """An order that enters the scope comes without its old values, conflated as well."""
    moved = event(2, "UPDATE", order(7, version=2), order(7, customer_name="Bob"))
    scoped = Selection(scope=Scope({"customer_name": ["Ann"]}))
    (seen,) = _since(_conflation(1, [moved], scoped), 1)
    assert (seen["operation"], seen["changed"]) == ("UPDATE", None)
    assert _since(_conflation(1, [moved]), 1)[0]["changed"] == {"customer_name": "Bob"}


def test_a_row_inserted_again_after_it_left_comes_with_its_removal() -> None:
    """I7: versions restart with an INSERT, so the LEAVE before it is sent too."""
    events = [
        event(5, "UPDATE", order(7, status="shipped", version=5), order(7)),
        event(6, "DELETE", None, order(7, status="shipped", version=5)),
        event(7, "INSERT", order(7)),
    ]
    rows = _since(_conflation(4, events, select(status=["pending"])), 4)
    assert [row["operation"] for row in rows] == ["LEAVE", "INSERT"]


def test_rows_of_different_tables_are_kept_apart() -> None:
    """Rows are identified by table and key; TRUNCATE of one table leaves the others' rows."""

    def line(position: int, operation: str, key: dict[str, Any] | None) -> Row:
        row = None if key is None else {**key, "text": "x"}
        return {
            "position": position,
            "table": "order_lines",
            "operation": operation,
            "order_id": None if key is None else 7,
            "key": key,
            "row": row,
            "changed": None,
            "actor": None,
            "changed_at": "2026-11-22T11:12:52.70211+00:00",
        }

    events = [
        event(1, "INSERT", order(7)),
        line(2, "INSERT", {"order": 7, "line": 1}),
        line(3, "INSERT", {"order": 7, "line": 2}),
        line(4, "INSERT", {"order": 7, "line": 1}),
    ]
    assert positions(_since(_conflation(0, events), 0)) == [1, 3, 4]
    events.append(line(5, "TRUNCATE", None))
    assert positions(_since(_conflation(0, events), 0)) == [1, 5]


def test_the_oldest_rows_are_forgotten_beyond_the_bound() -> None:
    """I6: memory is bounded; for a client that needs a dropped row the result is None: a reset."""
    inserts = [event(position, "INSERT", order(position)) for position in range(1, 6)]
    conflation = _conflation(0, inserts, bounds=replace(_ROOMY, max_rows=3))
    assert conflation.since(1) is None
    assert positions(_since(conflation, 2)) == [3, 4, 5]


def test_memory_is_bounded_in_bytes() -> None:
    """I6: rows count by their size."""
    small = [event(position, "INSERT", order(position)) for position in (1, 2)]
    huge = event(3, "INSERT", order(3, product_name="x" * 2_000))
    conflation = _conflation(0, [*small, huge], bounds=replace(_ROOMY, max_bytes=2_700))
    assert conflation.since(0) is None
    assert positions(_since(conflation, 1)) == [2, 3]


def test_the_size_of_a_message_is_counted_in_bytes() -> None:
    """I6: characters of several bytes count as several."""
    events = [event(1, "INSERT", order(1, customer_name="\u017b\u00f3\u0142\u0107" * 20))]
    whole = _conflation(0, events).since(0)
    assert whole is not None
    for room, expected in ((len(whole), whole), (len(whole) - 1, None)):
        assert (
            _conflation(0, events, bounds=replace(_ROOMY, max_message_bytes=room)).since(0)
            == expected
        )


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), selection=SELECTIONS, room=st.integers(1, 3_000))
def test_a_client_gets_at_most_one_message_of_bounded_size(
    history: History, selection: Selection, room: int
) -> None:
    """I6: one client's conflated message is bounded in bytes; beyond the bound there is none."""
    whole = _conflation(0, history.events, selection).since(0)
    bounds = replace(_ROOMY, max_message_bytes=room)
    bounded = _conflation(0, history.events, selection, bounds).since(0)
    assert whole is not None
    assert bounded == (whole if len(whole) <= room else None)
