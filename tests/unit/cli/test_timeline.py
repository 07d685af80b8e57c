from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from orders_cli.import_rows import ImportRow
from orders_cli.timeline import ReplayedOrder, timeline

DAY_S = 86_400


def order(line: int, ordered: int, shipped: int | None = None) -> ReplayedOrder:
    """Return an order of a day of July, shipped on another."""
    row = ImportRow(line, (), {}, "")
    shipped_on = date(1996, 7, shipped) if shipped else None
    return ReplayedOrder(row, date(1996, 7, ordered), shipped_on)


def test_life_of_an_order() -> None:
    """An order is created when ordered, advances a day later, and again when shipped."""
    steps = [(step.at_s / DAY_S, step.stage) for step in timeline([order(2, 4, 16)])]
    assert steps == [(0, 0), (1, 1), (12, 2)]


def test_order_that_was_never_shipped() -> None:
    """An order without a shipment advances once."""
    assert [step.stage for step in timeline([order(2, 4)])] == [0, 1]


def test_order_shipped_the_next_day() -> None:
    """The first advance is halfway if the shipment is less than two days away."""
    assert [step.at_s / DAY_S for step in timeline([order(2, 4, 5)])] == [0, 0.5, 1]


def test_order_shipped_the_same_day() -> None:
    """Steps of one moment are still in the right order."""
    assert [step.stage for step in timeline([order(2, 4, 4)])] == [0, 1, 2]


def test_orders_of_a_day_are_spread_over_it() -> None:
    """Orders of one day come one after the other, in the order of the file."""
    created = [
        (step.order.row.line, step.at_s / DAY_S)
        for step in timeline([order(2, 5), order(3, 4), order(4, 4)])
        if step.stage == 0
    ]
    assert created == [(3, 0), (4, 0.5), (2, 1)]


def test_no_orders() -> None:
    """Without orders there are no steps."""
    assert timeline([]) == []


@given(st.lists(st.tuples(st.integers(1, 20), st.none() | st.integers(0, 11)), max_size=30))
def test_time_never_runs_backwards(days: list[tuple[int, int | None]]) -> None:
    """Steps are sorted by time, and the steps of each order by stage, for any orders."""
    orders = [
        order(line, day, None if delay is None else day + delay)
        for line, (day, delay) in enumerate(days, start=2)
    ]
    steps = timeline(orders)
    assert [step.at_s for step in steps] == sorted(step.at_s for step in steps)
    for each in orders:
        stages = [step.stage for step in steps if step.order is each]
        assert stages == list(range(3 if each.shipped_on else 2))
