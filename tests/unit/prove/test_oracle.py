"""What make prove holds against a client, and what it lets pass."""

import json

import pytest

from harness.histories import event, order
from orders_client import Place, Snapshot
from orders_client.items import parse_event
from prove.audit import Audit
from prove.oracle import LogRow, Replay, Row, Sighting


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
    return Sighting(position, ("LEAVE", order_id, None), partial, conflated)


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("conflated", [False, True])
def test_a_client_without_a_filter_is_never_told_leave(
    replay: Replay, position: int, *, conflated: bool
) -> None:
    """I7: who wants everything is told what happened; LEAVE in its place is a finding."""
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


def test_of_another_order_nothing_is_right(replay: Replay) -> None:
    """I3: LEAVE of an order that the log's event is not about is a finding."""
    other = _left(2, partial=True, conflated=True, order_id=8)
    assert replay.contradiction(other) is not None


def test_what_the_log_does_not_have_is_a_finding(replay: Replay) -> None:
    """I3: nobody sees an event that is not in the log, nor another version of an order."""
    assert replay.contradiction(Sighting(2, ("UPDATE", 7, 2), False, False)) is None
    assert replay.contradiction(Sighting(2, ("UPDATE", 7, 3), False, False)) is not None
    assert replay.contradiction(Sighting(5, ("INSERT", 8, 1), False, False)) is not None


@pytest.mark.parametrize(
    ("filtered", "scope", "partial"),
    [(False, None, False), (True, None, True), (False, frozenset({"Ann"}), True)],
)
def test_an_audit_says_how_much_its_client_was_to_be_told(
    *, filtered: bool, scope: frozenset[str] | None, partial: bool
) -> None:
    """What the oracle lets pass depends on the client: its filter, and whose orders it may see."""
    audit = Audit("a client", 0.0, filtered=filtered, scope=scope)
    audit.take(Snapshot(Place("a stream", 1), {}))
    audit.take(parse_event(event(2, "UPDATE", order(7, version=2), order(7, quantity=2))))
    assert audit.sightings.popleft() == Sighting(2, ("UPDATE", 7, 2), partial, conflated=False)
