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
        "orders",
        what["operation"],
        what["order_id"],
        None,
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
    fact = ("orders", "LEAVE", order_id, None)
    return Sighting(position, fact, NOTHING, NOTHING, partial, conflated, by_value=False)


def _saw(seen: Row, *, partial: bool = False) -> Sighting:
    version = None if seen["order"] is None else seen["order"]["version"]
    fact = ("orders", seen["operation"], seen["order_id"], version)
    row, changed = digest(seen["order"]), digest(seen["changed"])
    return Sighting(seen["position"], fact, row, changed, partial, conflated=False, by_value=False)


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("conflated", [False, True])
def test_a_client_without_a_filter_is_never_told_leave(
    replay: Replay, position: int, *, conflated: bool
) -> None:
    """I7: for a client without a filter, LEAVE in place of the event is a finding."""
    seen = _left(position, partial=False, conflated=conflated)
    found = replay.contradiction(seen)
    assert found is not None
    assert f"saw ('orders', 'LEAVE', 7, None) at {position}; the log has" in found


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
    replay.apply([(1, "orders", "INSERT", 7, None, born, None, "writer 1.1")])
    grown = json.dumps({**new, "price": 0})[:-1].replace('"price": 0, ', "") + ', "price": 9.0}'
    replay.apply([(2, "orders", "UPDATE", 7, None, grown, changed, "writer 1.2")])
    assert len(replay.findings) == 1
    replay = Replay()
    replay.apply([(1, "orders", "INSERT", 7, None, born, None, "writer 1.1")])
    replay.apply([(2, "orders", "UPDATE", 7, None, grown, '{"price":12.5}', "writer 1.2")])
    assert replay.findings == []


def _altered(before: dict[int, Row], after: dict[int, Row], **mark: Any) -> list[str]:
    """Return the findings of a log in which a change of the schema follows one order."""
    replay = Replay({"owner 1": Change("ALTER TABLE ...", before, after)})
    replay.apply([_row(event(1, "INSERT", order(7)))])
    row = _row(event(2, "INSERT", order(8, **mark)))
    replay.apply([(*row[:7], "owner 1")])
    if not replay.findings:
        assert replay.renderings("orders", 7) == [after[7], order(7)]
    return replay.findings


def test_a_change_of_the_schema_changes_rows_without_events() -> None:
    """I10: after DDL the table is what its owner read; before it, what the log says."""
    grown = {7: order(7, currency="EUR")}
    assert _altered({7: order(7)}, grown, currency="EUR") == []
    assert "before 'ALTER TABLE" in _altered({7: order(7, quantity=2)}, grown)[0]


def test_a_change_that_no_writer_made_is_a_finding() -> None:
    """I10: the mark of a change that was rolled back must not be in the log."""
    replay = Replay()
    replay.apply([(*_row(event(1, "INSERT", order(8)))[:7], "owner 1")])
    assert "which no writer made" in replay.findings[0]


STOCK = '{"item":2,"place":"a","pieces":1.50,"version":3}'
KEY = '{"place":"a","item":2}'
LINE = '{"id":5,"order_id":7,"product":"x","pieces":1,"version":1}'


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        ((1, "stock", "INSERT", None, KEY, STOCK, None, "writer 1.1"), None),
        (
            (1, "stock", "INSERT", None, '{"place":"b","item":2}', STOCK, None, "writer 1.1"),
            "row is",
        ),
        ((1, "stock", "INSERT", 7, KEY, STOCK, None, "writer 1.1"), "order 7"),
        ((1, "order_lines", "INSERT", 7, '{"id":5}', LINE, None, "writer 1.1"), None),
        ((1, "order_lines", "INSERT", 8, '{"id":5}', LINE, None, "writer 1.1"), "order 8"),
        ((1, "order_lines", "UPDATE", 7, '{"id":5}', LINE, None, "writer 1.1"), "did not exist"),
        ((1, "strange", "INSERT", None, KEY, STOCK, None, "writer 1.1"), "no such table"),
    ],
)
def test_every_table_is_replayed_by_its_key(row: LogRow, finding: str | None) -> None:
    """I1: key and order of an event are those of its row; each table is replayed by itself."""
    replay = Replay()
    replay.apply([row])
    if finding is None:
        assert replay.findings == []
        assert sum(map(len, replay.tables.values())) == 1
    else:
        assert finding in replay.findings[0]


def test_a_truncate_empties_its_own_table() -> None:
    """I1: a TRUNCATE of one table leaves the rows of the others."""
    replay = Replay()
    replay.apply(
        [
            (1, "stock", "INSERT", None, KEY, STOCK, None, "writer 1.1"),
            (2, "order_lines", "INSERT", 7, '{"id":5}', LINE, None, "writer 1.1"),
            (3, "stock", "TRUNCATE", None, None, None, None, "writer 1.1"),
        ]
    )
    assert replay.findings == []
    assert {name for name, rows in replay.tables.items() if rows} == {"order_lines"}


def test_a_table_that_is_not_watched_has_no_events() -> None:
    """I1: after the owner's mark that a table is not watched any more, its changes are findings."""
    replay = Replay({"owner 1": Change("SELECT unwatch_table('notes')", {}, None, "notes")})
    mark = (1, "notes", "INSERT", None, '{"id":9}', '{"id":9}', None, "owner 1")
    replay.apply([mark, (2, "notes", "DELETE", None, '{"id":9}', None, '{"id":9}', "writer 1.1")])
    assert "notes" not in replay.tables
    assert [finding for finding in replay.findings if "is not watched" in finding]
