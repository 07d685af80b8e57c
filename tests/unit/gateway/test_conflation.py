"""Clients that fell behind converge on the newest state."""

from hypothesis import given, settings
from hypothesis import strategies as st

from histories import FILTERS, History, Row, Table, batch, event, histories, order, positions
from orders_contract.messages import Event, Filter
from orders_gateway.conflation import Conflation
from orders_gateway.filters import Predicate


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
    conflation = Conflation(floor, max_orders=100)
    for change in history.since(floor):
        conflation.add(batch([change]))
    predicate = Predicate.of(wanted)
    everything = predicate or Predicate()
    held = {i: row for i, row in history.tables[position].items() if everything.admits(row)}
    rows = conflation.since(position, predicate)
    assert rows is not None
    for seen in rows:
        Event.model_validate(seen)
        apply(held, seen)
    table = history.tables[history.head]
    assert held == {i: row for i, row in table.items() if everything.admits(row)}


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1))
def test_conflated_events_are_in_order_and_few(history: History) -> None:
    """I2: conflated events keep their order; no more than two of one order, and one TRUNCATE."""
    conflation = Conflation(0, max_orders=100)
    conflation.add(batch(history.events))
    rows = conflation.since(0, None)
    assert rows is not None
    assert positions(rows) == sorted(set(positions(rows)))
    assert len(rows) <= 2 * len({row["order_id"] for row in rows})


def test_who_shows_nothing_of_an_order_is_told_nothing() -> None:
    """An order that never matched a filter while the client was behind is not mentioned to it."""
    conflation = Conflation(0, max_orders=100)
    conflation.add(batch([event(1, "INSERT", order(7)), event(2, "DELETE", None, order(7))]))
    assert conflation.since(0, Predicate(customer_name=frozenset({"Bob"}))) == []


def test_memory_is_bounded_and_what_was_forgotten_is_known() -> None:
    """I6: beyond its bound it forgets the oldest, and says None to whoever would need it."""
    conflation = Conflation(0, max_orders=3)
    for position in range(1, 6):
        conflation.add(batch([event(position, "INSERT", order(position))]))
    assert conflation.since(1, None) is None
    kept = conflation.since(2, None)
    assert kept is not None
    assert positions(kept) == [3, 4, 5]
