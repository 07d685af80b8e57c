"""The short way takes only what the framework's way takes, and takes it for the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api.fast_path import new_order
from orders_api.models import NewOrder

_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["pending", "shipped", "Ann", "", " ", "\x00", "\ud800", 1, 0, 2**31, 2**70]),
    st.text(max_size=3),
    st.integers(),
    st.floats(),
    st.booleans() | st.none(),
    st.lists(st.integers(), max_size=1),
)
_FIELDS = ("customer_name", "product_name", "quantity", "status")
_PAIRS = st.lists(st.tuples(st.sampled_from((*_FIELDS, "id")), _VALUES), max_size=6)


def _text(pairs: list[tuple[str, Any]]) -> str:
    """Return a JSON object, in which names may come twice."""
    return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"


@given(_PAIRS.map(_text) | st.text(max_size=20))
def test_taken_for_the_same(text: str) -> None:
    """What the short way takes, Python's JSON and the model's checks make the same order of."""
    order = new_order(text.encode("utf-8", "surrogatepass"))
    assert order is None or order == NewOrder.model_validate(json.loads(text))


@given(st.tuples(st.text(min_size=1), st.text(min_size=1), st.integers(1, 2**31 - 1)))
def test_plain_orders_are_taken(fields: tuple[str, str, int]) -> None:
    """An order that may be stored is taken the short way."""
    sent = dict(zip(_FIELDS, fields, strict=False))
    try:
        order = NewOrder.model_validate(sent)
    except ValueError:
        order = None
    assert new_order(json.dumps(sent).encode()) == order


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_are_left(encoding: str) -> None:
    """What is not plain UTF-8 is the framework's to read or to refuse."""
    assert new_order('{"customer_name":"Ann","product_name":"Chair"}'.encode(encoding)) is None
