"""Clients that fell behind converge on the newest state."""

import json
from dataclasses import replace

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
from orders_gateway.conflation import Bounds, Conflation
from orders_gateway.filters import Predicate, opened

_ROOMY = Bounds(max_orders=100, max_bytes=1_000_000, max_message_bytes=1_000_000)


def _conflation(floor: int, events: list[Row], bounds: Bounds = _ROOMY) -> Conflation:
    """Return what is kept of events that came one by one after a floor."""
    conflation = Conflation(floor, bounds)
    for each in events:
        conflation.add(opened(batch([each])))
    return conflation


def _since(conflation: Conflation, position: int, predicate: Predicate | None = None) -> list[Row]:
    rendered = conflation.since(position, predicate)
    assert rendered is not None
    rows: list[Row] = json.loads(rendered or b"[]")
    assert bool(rows) == bool(rendered), "nothing is said by no bytes"
    return rows


def apply(held: Table, seen: Row) -> None:
    """Apply an event as a client does: rows only where the version is newer than what it has."""
    match seen["operation"]:
        case "TRUNCATE":
            held.clear()
        case "DELETE" | "LEAVE":
            held.pop(seen["order_id"], None)
        case _:
            row = held.get(seen["order_id"])
            if row is None or seen["order"]["version"] > row["version"]:
                held[seen["order_id"]] = seen["order"]


@settings(max_examples=200, deadline=None)
@given(
    history=histories(min_size=1),
    wanted=st.one_of(st.none(), FILTERS),
    floor=st.integers(0, 40),
    ahead=st.integers(0, 40),
)
def test_a_client_that_fell_behind_converges(
    history: History, wanted: Filter | None, floor: int, ahead: int
) -> None:
    """I7: whatever was missed, the conflated events lead to exactly what the database holds."""
    floor = min(floor, history.head)
    position = min(floor + ahead, history.head)
    conflation = _conflation(floor, history.since(floor))
    predicate = Predicate.of(wanted)
    everything = predicate or Predicate()
    held = {i: row for i, row in history.tables[position].items() if everything.admits(row)}
    for seen in _since(conflation, position, predicate):
        Event.model_validate(seen)
        apply(held, seen)
    table = history.tables[history.head]
    assert held == {i: row for i, row in table.items() if everything.admits(row)}


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1))
def test_conflated_events_are_in_order_and_few(history: History) -> None:
    """I2: conflated events keep their order; no more than two of one order, and one TRUNCATE."""
    conflation = Conflation(0, _ROOMY)
    conflation.add(opened(batch(history.events)))
    rows = _since(conflation, 0)
    assert positions(rows) == sorted(set(positions(rows)))
    assert len(rows) <= 2 * len({row["order_id"] for row in rows})


def test_who_shows_nothing_of_an_order_is_told_nothing() -> None:
    """An order that never matched a filter while the client was behind is not mentioned to it."""
    conflation = _conflation(0, [event(1, "INSERT", order(7)), event(2, "DELETE", None, order(7))])
    assert _since(conflation, 0, Predicate(customer_name=frozenset({"Bob"}))) == []


def test_who_has_a_scope_is_told_nothing_of_others() -> None:
    """An order that comes from another customer comes without its past, conflated as well."""
    moved = event(2, "UPDATE", order(7, version=2), order(7, customer_name="Bob"))
    conflation = _conflation(1, [moved])
    (seen,) = _since(conflation, 1, Predicate.of(None, frozenset({"Ann"})))
    assert (seen["operation"], seen["changed"]) == ("UPDATE", None)
    assert _since(conflation, 1)[0]["changed"] == {"customer_name": "Bob"}


def test_memory_is_bounded_and_what_was_forgotten_is_known() -> None:
    """I6: beyond its bound it forgets the oldest, and says None to whoever would need it."""
    inserts = [event(position, "INSERT", order(position)) for position in range(1, 6)]
    conflation = _conflation(0, inserts, replace(_ROOMY, max_orders=3))
    assert conflation.since(1, None) is None
    assert positions(_since(conflation, 2)) == [3, 4, 5]


def test_memory_is_bounded_in_bytes() -> None:
    """I6: large rows count by their size, and so does all that an order was."""
    small = [event(position, "INSERT", order(position)) for position in (1, 2)]
    huge = event(3, "INSERT", order(3, product_name="x" * 2_000))
    conflation = _conflation(0, [*small, huge], replace(_ROOMY, max_bytes=2_800))
    assert conflation.since(0, None) is None
    assert positions(_since(conflation, 1)) == [2, 3]

    names = [order(1, customer_name=f"{n:0500}", version=n) for n in range(1, 11)]
    renamed = [event(n, "UPDATE", names[n - 1], names[n - 2]) for n in range(2, 11)]
    conflation = _conflation(1, renamed, replace(_ROOMY, max_bytes=3_000))
    assert conflation.since(9, None) is None
    assert conflation.since(10, None) == b""


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), wanted=st.none() | FILTERS, room=st.integers(1, 3_000))
def test_nobody_gets_more_than_fits(history: History, wanted: Filter | None, room: int) -> None:
    """I6: what one client is given has a bound in bytes; beyond it None."""
    predicate = Predicate.of(wanted)
    whole = _conflation(0, history.events).since(0, predicate)
    bounded = _conflation(0, history.events, replace(_ROOMY, max_message_bytes=room))
    assert whole is not None
    assert bounded.since(0, predicate) == (whole if len(whole) <= room else None)
