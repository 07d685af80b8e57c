"""Which selections an event concerns."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.row_events import SCHEMA, History, Row, histories, scopes, subscriptions
from orders_contract import matching
from orders_contract.filter_index import FilterIndex
from orders_contract.matching import Scope, Selection, View, view


def _selection(tables: Any, rows: Any, described: bool) -> Selection:  # noqa: FBT001  drawn
    schema = SCHEMA if described else None
    return Selection.parse(tables, schema, None if rows is None else Scope(rows, schema))


_SELECTIONS = st.builds(
    _selection, subscriptions(), st.none() | scopes(), st.booleans()
).filter(lambda selection: not selection.is_everything)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    history=histories(min_size=1),
    present=st.sets(_SELECTIONS, max_size=12),
    gone=st.sets(_SELECTIONS, max_size=4),
)
def test_the_index_finds_every_selection_that_sees_an_event(
    history: History, present: set[Selection], gone: set[Selection]
) -> None:
    """I4: each selection that sees an event is a candidate, once; removed ones are not."""
    index = FilterIndex()
    removed = gone - present
    for selection in [*present, *removed]:
        index.add(selection)
    for selection in removed:
        index.remove(selection)
    assert len(index) == len(present)
    for event in history.events:
        candidates = list(index.candidates(event))
        assert len(candidates) == len(set(candidates))
        assert set(candidates) <= present
        seeing = {each for each in present if view(event, each) is not View.HIDDEN}
        assert seeing <= set(candidates)


def test_an_empty_index_keeps_nothing() -> None:
    """Removed selections leave no memory behind."""
    index = FilterIndex()
    selections = [
        _selection({"orders": {"status": ["pending"]}, "lines": {}}, None, described=True),
        _selection(None, {"store": ["Berlin"]}, described=True),
        _selection(None, {"store": ["Rome"]}, described=False),
    ]
    for selection in selections:
        index.add(selection)
    for selection in selections:
        index.remove(selection)
    assert (index._tables, index._others) == ({}, {})


def _update(store: str, before: str) -> Row:
    row = {"id": 7, "store": store, "status": "pending", "amount": 1}
    return {"table": "orders", "operation": "UPDATE", "order_id": 7, "order": row,
            "changed": {"store": before}}  # fmt: skip


@pytest.mark.parametrize(("scoped", "described"), [(True, True), (True, False), (False, True)])
def test_an_event_asks_only_selections_that_share_a_value_with_it(
    scoped: bool,  # noqa: FBT001  a parameter
    described: bool,  # noqa: FBT001  a parameter
) -> None:
    """Cost grows with the selections that match: of a thousand stores, one or two are tested."""
    index = FilterIndex()
    for number in range(1000):
        values = {"store": [f"Store {number}"]}
        wanted = {"orders": {**values, "status": ["pending"], "amount": {"gte": 1}}}
        index.add(
            _selection(None, values, described) if scoped else _selection(wanted, None, described)
        )
    assert len(index.candidates(_update("Store 3", "Store 5"))) == 2
    assert len(index.candidates(_update("Store 3", "Store 3"))) == 1
    assert len(index.candidates(_update("elsewhere", "nowhere"))) == 0


def test_a_range_is_asked_about_every_event_of_its_table() -> None:
    """Conditions that list no values cannot be looked up."""
    selection = _selection({"orders": {"amount": {"gte": 100}}}, None, described=True)
    index = FilterIndex()
    index.add(selection)
    assert list(index.candidates(_update("a", "b"))) == [selection]
    assert not index.candidates({**_update("a", "b"), "table": "lines"})


def test_timestamps_are_found_in_any_spelling() -> None:
    """The index compares as ``matching`` does: by instants."""
    wanted = {"orders": {"due": ["2026-11-22T13:00:00+02:00"]}}
    selection = _selection(wanted, None, described=True)
    index = FilterIndex()
    index.add(selection)
    event = {**_update("a", "b"), "order": {"id": 7, "due": "2026-11-22T11:00:00+00:00"}}
    assert list(index.candidates(event)) == [selection]
    assert matching.view(event, selection) is View.WHOLE
