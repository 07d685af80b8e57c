from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from orders_cli.order_lines import OrderLine
from orders_cli.timeline import timeline

DAY_S = 86_400


def order(line: int, ordered: int, shipped: int | None = None) -> OrderLine:
    """Return an order of a day of July, shipped on another."""
    ordered_on = date(1996, 7, ordered)
    return OrderLine(
        line, "Ada", "Loom", 1, ordered_on, date(1996, 7, shipped) if shipped else None
    )


def test_life_of_an_order() -> None:
    """Created when ordered, processing a day later, shipped when it was shipped."""
    steps = [(step.at_s / DAY_S, step.action) for step in timeline([order(2, 4, 16)])]
    assert steps == [(0, "create"), (1, "processing"), (12, "shipped")]


def test_order_that_was_never_shipped() -> None:
    """It goes to processing and stays there."""
    assert [step.action for step in timeline([order(2, 4)])] == ["create", "processing"]


def test_order_shipped_the_next_day() -> None:
    """Processing comes halfway when there is less than two days."""
    assert [step.at_s / DAY_S for step in timeline([order(2, 4, 5)])] == [0, 0.5, 1]


def test_order_shipped_the_same_day() -> None:
    """All at one moment is still in the right order."""
    actions = [step.action for step in timeline([order(2, 4, 4)])]
    assert actions == ["create", "processing", "shipped"]


def test_orders_of_a_day_are_spread_over_it() -> None:
    """Orders of one day come one after the other, in the order of the file."""
    created = [
        (step.order.line, step.at_s / DAY_S)
        for step in timeline([order(2, 5), order(3, 4), order(4, 4)])
        if step.action == "create"
    ]
    assert created == [(3, 0), (4, 0.5), (2, 1)]


def test_nothing() -> None:
    """No orders, no steps."""
    assert timeline([]) == []


@given(st.lists(st.tuples(st.integers(1, 20), st.none() | st.integers(0, 11)), max_size=30))
def test_time_never_runs_backwards(days: list[tuple[int, int | None]]) -> None:
    """Whatever the orders, steps come in time order and each order's in the order of its life."""
    orders = [
        order(line, day, None if delay is None else day + delay)
        for line, (day, delay) in enumerate(days, start=2)
    ]
    steps = timeline(orders)
    assert [step.at_s for step in steps] == sorted(step.at_s for step in steps)
    for each in orders:
        actions = [step.action for step in steps if step.order is each]
        assert actions == ["create", "processing", "shipped"][: 3 if each.shipped_on else 2]
