"""What requests may contain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orders_api.models import NewOrder, OrderChanges, OrderQuery

NAMES = {"customer_name": "Zoë", "product_name": "Laptop"}


def test_defaults() -> None:
    """Quantity and status may be left out."""
    order = NewOrder.model_validate(NAMES)
    assert (order.quantity, order.status) == (1, "pending")


@given(st.text(min_size=1, max_size=200).filter(lambda text: "\x00" not in text))
def test_names_are_kept_as_sent(name: str) -> None:
    """A name is stored as it came, spaces and all, or refused because it is blank."""
    if name.isspace():
        with pytest.raises(ValidationError, match="blank"):
            NewOrder.model_validate(NAMES | {"customer_name": name})
    else:
        assert NewOrder.model_validate(NAMES | {"customer_name": name}).customer_name == name


@pytest.mark.parametrize("length", [200])
def test_length_counts_characters(length: int) -> None:
    """200 characters fit, however many bytes each takes; 201 do not."""
    NewOrder.model_validate(NAMES | {"customer_name": "🎉" * length})
    with pytest.raises(ValidationError):
        NewOrder.model_validate(NAMES | {"customer_name": "🎉" * (length + 1)})


def test_changes_know_what_was_sent() -> None:
    """Only what was sent is changed."""
    changes = OrderChanges.model_validate({"quantity": 3})
    assert changes.model_dump(exclude_unset=True) == {"quantity": 3}


@pytest.mark.parametrize("changes", [{}, {"quantity": None}, {"status": None}, {"id": 3}])
def test_changes_that_change_nothing(changes: dict[str, object]) -> None:
    """No field, null, and fields that nobody can write are refused."""
    with pytest.raises(ValidationError):
        OrderChanges.model_validate(changes)


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "1001"}, {"search": "\x00"}, {"customer_name": ["\x00"]}]
)
def test_query_limits(query: dict[str, object]) -> None:
    """A page has 1 to 1000 orders, and what PostgreSQL cannot hold is not looked for."""
    with pytest.raises(ValidationError):
        OrderQuery.model_validate(query)
