"""What ``make prove`` reports about the log and about a client, and what it accepts."""

import json
from typing import Any

import pytest

from harness.histories import event, order
from prove.ddl import Change
from prove.exact import Row, digest, parse
from prove.oracle import NOTHING, LogRow, Replay, Sighting


def _row(what: Row) -> LogRow:
    new, old = what["order"], what["changed"]
    return (
        what["position"],
        what["operation"],
        what["order_id"],
        None if new is None else json.dumps(new),
        None if old is None else json.dumps(old),
        "writer 1.1",
    )


@pytest.fixture
def replay() -> Replay:
    """Return a log of one order's life, from 1 to 3, and of the TRUNCATE after it."""
    replay = Replay()
    born, grown = order(7), order(7, version=2, status="shipped")
    replay.apply(
        _row(each)
        for each in (
            event(1, "INSERT", born),
            event(2, "UPDATE", grown, born),
            event(3, "DELETE", None, grown),
            event(4, "TRUNCATE", None),
        )
    )
    assert replay.findings == []
    return replay


def _left(position: int, *, partial: bool, conflated: bool, order_id: int | None = 7) -> Sighting:
    return Sighting(position, ("LEAVE", order_id, None), NOTHING, NOTHING, partial, conflated)


def _saw(seen: Row, *, partial: bool = False) -> Sighting:
    version = None if seen["order"] is None else seen["order"]["version"]
    fact = (seen["operation"], seen["order_id"], version)
    row, changed = digest(seen["order"]), digest(seen["changed"])
    return Sighting(seen["position"], fact, row, changed, partial, conflated=False)


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("conflated", [False, True])
def test_a_client_without_a_filter_is_never_told_leave(
    replay: Replay, position: int, *, conflated: bool
) -> None:
    """I7: for a client without a filter, LEAVE in place of the event is a finding."""
    seen = _left(position, partial=False, conflated=conflated)
    found = replay.contradiction(seen)
    assert found is not None
    assert f"saw ('LEAVE', 7, None) at {position}; the log has" in found


def test_an_order_leaves_a_filter_by_an_update(replay: Replay) -> None:
    """I7: LEAVE in place of an UPDATE is right under a filter; of INSERT or DELETE it is not."""
    assert replay.contradiction(_left(2, partial=True, conflated=False)) is None
    assert replay.contradiction(_left(1, partial=True, conflated=False)) is not None
    assert replay.contradiction(_left(3, partial=True, conflated=False)) is not None


def test_a_conflated_frame_may_tell_leave_of_whatever_came_last(replay: Replay) -> None:
    """I7: many changes in one frame: the order left by whichever of them, but not by TRUNCATE."""
    for position in (1, 2, 3):
        assert replay.contradiction(_left(position, partial=True, conflated=True)) is None
    assert replay.contradiction(_left(4, partial=True, conflated=True)) is not None
    nobody = _left(4, partial=True, conflated=True, order_id=None)
    assert replay.contradiction(nobody) is not None


def test_leave_of_another_order_is_a_finding(replay: Replay) -> None:
    """I3: LEAVE of an order that the log's event is not about is a finding."""
    other = _left(2, partial=True, conflated=True, order_id=8)
    assert replay.contradiction(other) is not None


def test_an_event_that_the_log_lacks_is_a_finding(replay: Replay) -> None:
    """I3: an event that is not in the log, or has another row or old values, is a finding."""
    born, grown = order(7), order(7, version=2, status="shipped")
    told = event(2, "UPDATE", grown, born)
    assert replay.contradiction(_saw(told)) is None
    assert replay.contradiction(_saw(event(5, "INSERT", order(8)))) is not None
    for wrong in (
        {**told, "order": {**grown, "version": 3}},
        {**told, "order": {**grown, "quantity": 99}},
        {**told, "changed": {}},
    ):
        assert replay.contradiction(_saw(wrong)) is not None


def test_the_past_may_be_hidden_from_a_restricted_client(replay: Replay) -> None:
    """I7: without ``changed`` an UPDATE is right for a client under a scope, and for no other."""
    grown = order(7, version=2, status="shipped")
    confined = {**event(2, "UPDATE", grown, order(7)), "changed": None}
    assert replay.contradiction(_saw(confined, partial=True)) is None
    assert replay.contradiction(_saw(confined)) is not None


@pytest.mark.parametrize(
    "changed",
    ['{"price":12.50}', "{}", '{"price":12.5,"status":"pending"}', '{"price":12.5,"note":null}'],
)
def test_changed_is_exactly_the_columns_that_differ(changed: str) -> None:
    """I10: a digit, a column or a null too many or too few in ``changed`` is a finding."""
    new = order(7, version=2, price=parse("9.0"), note=None)
    replay = Replay()
    born = json.dumps(order(7, note=None))[:-1] + ', "price": 12.5}'
    replay.apply([(1, "INSERT", 7, born, None, "writer 1.1")])
    grown = json.dumps({**new, "price": 0})[:-1].replace('"price": 0, ', "") + ', "price": 9.0}'
    replay.apply([(2, "UPDATE", 7, grown, changed, "writer 1.2")])
    assert len(replay.findings) == 1
    replay = Replay()
    replay.apply([(1, "INSERT", 7, born, None, "writer 1.1")])
    replay.apply([(2, "UPDATE", 7, grown, '{"price":12.5}', "writer 1.2")])
    assert replay.findings == []


def _altered(before: dict[int, Row], after: dict[int, Row], **mark: Any) -> list[str]:
    """Return the findings of a log in which a change of the schema follows one order."""
    replay = Replay({"owner 1": Change("ALTER TABLE ...", before, after)})
    replay.apply([_row(event(1, "INSERT", order(7)))])
    row = _row(event(2, "INSERT", order(8, **mark)))
    replay.apply([(*row[:5], "owner 1")])
    if not replay.findings:
        assert replay.renderings(7) == [after[7], order(7)]
    return replay.findings


def test_a_change_of_the_schema_changes_rows_without_events() -> None:
    """I10: after DDL the table is what its owner read; before it, what the log says."""
    grown = {7: order(7, currency="EUR")}
    assert _altered({7: order(7)}, grown, currency="EUR") == []
    assert "before 'ALTER TABLE" in _altered({7: order(7, quantity=2)}, grown)[0]


def test_a_change_that_no_writer_made_is_a_finding() -> None:
    """I10: the mark of a change that was rolled back must not be in the log."""
    replay = Replay()
    replay.apply([(*_row(event(1, "INSERT", order(8)))[:5], "owner 1")])
    assert "which no writer made" in replay.findings[0]
