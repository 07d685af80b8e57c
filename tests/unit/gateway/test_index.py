"""Which predicates an event concerns."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    CUSTOMERS,
    FILTERS,
    STREAM,
    History,
    Row,
    batch,
    event,
    histories,
    order,
)
from orders_contract.batches import Batch
from orders_gateway.filters import Predicate, opened
from orders_gateway.index import PredicateIndex


def _index(*predicates: Predicate) -> PredicateIndex:
    index = PredicateIndex()
    for predicate in predicates:
        index.add(predicate)
    return index


def _opened(wanted: dict[Predicate, list[str]]) -> dict[Predicate, list[Row]]:
    return {predicate: [json.loads(text) for text in texts] for predicate, texts in wanted.items()}


_PREDICATES = st.builds(
    Predicate.of, FILTERS, st.none() | st.frozensets(st.sampled_from(CUSTOMERS))
).filter(bool)
"""Of random filters, for anyone and for those who may know only some customers."""


@settings(max_examples=300, deadline=None)
@given(
    history=histories(min_size=1),
    present=st.sets(_PREDICATES, max_size=12),
    gone=st.sets(_PREDICATES, max_size=4),
)
def test_the_index_finds_what_asking_everyone_finds(
    history: History, present: set[Predicate], gone: set[Predicate]
) -> None:
    """I4: each predicate gets the events it gets when asked itself, and no other predicate any."""
    removed = gone - present
    index = _index(*present, *removed)
    for predicate in removed:
        index.remove(predicate)
    assert len(index) == len(present)
    asked = {predicate: predicate.select(history.events) for predicate in present}
    found = index.select(opened(batch(history.events)))
    assert _opened(found) == {predicate: events for predicate, events in asked.items() if events}


def test_events_keep_the_text_they_came_in() -> None:
    """I4: what a filter lets through is not rendered again, down to blanks and escapes."""
    rows = [event(at, "INSERT", order(at, product_name="\u00e9")) for at in (1, 2)]
    text = json.dumps(rows)
    pending = Predicate(status=frozenset({"pending"}))
    wanted = _index(pending).select(opened(Batch(STREAM, 1, 2, text.encode())))
    assert f"[{', '.join(wanted[pending])}]" == text


def test_an_event_asks_only_filters_that_share_a_value_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cost grows with the filters that match: of a thousand customers' one or two are asked."""
    customers = [
        Predicate(status=frozenset({"pending"}), customer_name=frozenset({f"Customer {number}"}))
        for number in range(1000)
    ]
    index = _index(*customers)
    asked: list[Predicate] = []
    honest = Predicate.view

    def view(self: Predicate, event: Row) -> Row | None:
        asked.append(self)
        return honest(self, event)

    monkeypatch.setattr(Predicate, "view", view)
    before, after = order(7, customer_name="Customer 3"), order(7, customer_name="Customer 5")
    index.select(opened(batch([event(1, "UPDATE", after, before)])))
    assert set(asked) == {customers[3], customers[5]}
    assert len(asked) == 2


def test_an_event_of_no_order_concerns_everyone() -> None:
    """After TRUNCATE every client's set is empty."""
    one, other = Predicate(order_id=frozenset({1})), Predicate(status=frozenset({"shipped"}))
    wanted = _index(one, other).select(opened(batch([event(1, "TRUNCATE", None)])))
    assert set(wanted) == {one, other}
