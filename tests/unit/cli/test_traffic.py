from collections import Counter
from typing import Any

import pytest

from orders_cli.errors import BadValueError
from orders_cli.traffic import Change, NewOrder, Traffic
from orders_contract.schema import Column, Table
from unit.cli.tables import column, orders

SAMPLES = [
    {"customer_name": "Ada", "product_name": "Loom", "quantity": 3},
    {"customer_name": "Bob", "product_name": "Wheel", "quantity": 1},
]
NEXT = {
    "pending": ["processing", "cancelled"],
    "processing": ["shipped", "pending", "cancelled"],
    "shipped": ["delivered", "processing"],
    "delivered": [],
    "cancelled": ["pending"],
}
ALLOWED = {
    ("pending", "processing"),
    ("processing", "shipped"),
    ("shipped", "delivered"),
    ("pending", "cancelled"),
    ("processing", "cancelled"),
}


def table(*more: dict[str, Any]) -> Table:
    """Return orders with the seed's statuses, and further columns."""
    choices = {"choices": list(NEXT), "next": NEXT, "nullable": False, "default": True}
    described = orders(*more)
    status = Column.model_validate(column("status", "choice", **choices))
    return described.model_copy(update={"columns": {**described.columns, "status": status}})


def play(traffic: Traffic, changes: int) -> list[Any]:
    """Let all changes succeed; return what they were."""
    made: list[Any] = []
    for number in range(changes):
        event = traffic.next()
        made.append(event.values)
        if isinstance(event, NewOrder):
            traffic.add({"id": number, "status": "pending", "quantity": 1, **event.values})
        else:
            traffic.settle(event, {**event.order.row, **event.values})
    return made


def test_orders_move_as_the_schema_says() -> None:
    """No order skips a status, goes back, or moves after its end; quantities stay positive."""
    traffic = Traffic(table(), SAMPLES, 1)
    moves: Counter[tuple[str, str]] = Counter()
    for number in range(5_000):
        event = traffic.next()
        if isinstance(event, NewOrder):
            traffic.add({"id": number, "status": "pending", **event.values})
            continue
        assert event.values.get("quantity", 1) > 0
        if "status" in event.values:
            moves[event.order.row["status"], event.values["status"]] += 1
        traffic.settle(event, {**event.order.row, **event.values})
    assert set(moves) == ALLOWED


def test_without_next_values_the_choices_follow_each_other() -> None:
    """A choice that describes no next values is taken in its order."""
    traffic = Traffic(orders(), SAMPLES, 1)
    made = play(traffic, 500)
    assert {each["status"] for each in made if "status" in each} == {"shipped"}


def test_an_order_with_a_pending_change_is_left_alone() -> None:
    """An order is not changed again until its change is confirmed."""
    traffic = Traffic(table(), SAMPLES, 1)
    traffic.add({"id": 1, "status": "pending", "quantity": 1})
    seen = [event for _ in range(50) if isinstance(event := traffic.next(), Change)]
    assert len(seen) == 1


def test_columns_of_the_owner_get_values() -> None:
    """A column that needs a value and is in no sample gets one of its kind."""
    needed: dict[str, Any] = {"nullable": False}
    kinds = [column(f"a {kind}", kind, **needed) for kind in ("number", "date", "boolean", "json")]
    event = Traffic(table(*kinds, column("code", max_length=3, **needed)), SAMPLES, 1).next()
    assert isinstance(event, NewOrder)
    assert {"a number", "a date", "a boolean", "a json", "code"} < set(event.values)
    assert len(event.values["code"]) == 3


def test_a_value_that_cannot_be_invented_is_an_error() -> None:
    """A column of an unknown type ends the command with an error of one sentence."""
    with pytest.raises(BadValueError, match="no value can be invented for area"):
        Traffic(table(column("area", "other", nullable=False)), SAMPLES, 1).next()


def test_seed_repeats_a_run() -> None:
    """The same seed makes the same traffic, another seed another."""
    assert play(Traffic(table(), SAMPLES, 7), 200) == play(Traffic(table(), SAMPLES, 7), 200)
    assert play(Traffic(table(), SAMPLES, 7), 200) != play(Traffic(table(), SAMPLES, 8), 200)


def test_rate_is_kept_on_average() -> None:
    """Pauses are irregular, and on average as long as the rate says."""
    traffic = Traffic(table(), SAMPLES, 3)
    pauses = [traffic.pause_s(20) for _ in range(2_000)]
    assert 0.04 < sum(pauses) / len(pauses) < 0.06
    assert max(pauses) > 3 * min(pauses)
