"""The status of a listener and its health page."""

import pytest

from orders_contract.batches import Head
from orders_listener.status import STALE_S, Schema, Status


def test_a_new_listener_is_down() -> None:
    """Before both servers have answered, nothing is known to work."""
    status = Status("one", started_at=100.0)
    assert not status.healthy(100.0)
    assert status.report(101.5) == {
        "status": "down",
        "listener": "one",
        "role": "starting",
        "leader_seconds": None,
        "stream": None,
        "position": None,
        "schema": None,
        "database_age_seconds": None,
        "redis_age_seconds": None,
        "waiting_seconds": None,
        "sessions": 0,
        "last_error": None,
        "uptime_seconds": 1.5,
    }


def test_a_working_leader_is_ok() -> None:
    """With recent answers of both servers it reports ok, and the facts behind that."""
    status = Status("one", sessions=2, last_error="Redis was away", started_at=100.0)
    status.lead(101.0)
    status.published = Head("s", 9)
    status.schema = Schema("v1", b"{}")
    status.heard(database_at=102.5, redis_at=102.0)
    status.saw_waiting(7, 103.0)
    assert status.report(103.25) == {
        "status": "ok",
        "listener": "one",
        "role": "leader",
        "leader_seconds": 2.25,
        "stream": "s",
        "position": 9,
        "schema": "v1",
        "database_age_seconds": 0.75,
        "redis_age_seconds": 1.25,
        "waiting_seconds": 0.25,
        "sessions": 2,
        "last_error": "Redis was away",
        "uptime_seconds": 3.25,
    }


@pytest.mark.parametrize("silent", ["database", "redis"])
def test_old_answers_do_not_count(silent: str) -> None:
    """If either server has not answered for STALE_S, the listener is down."""
    status = Status("one")
    late = 100.0 + STALE_S
    status.heard(*((100.0, late) if silent == "database" else (late, 100.0)))
    assert status.healthy(late - 0.1)
    assert not status.healthy(late)


def test_a_change_that_keeps_waiting_means_down() -> None:
    """Both servers answer, but the same change stays in the outbox: events do not flow."""
    status = Status("one")
    for second in range(7):
        status.heard(100.0 + second, 100.0 + second)
        status.saw_waiting(41, 100.0 + second)
    assert not status.healthy(106.0)
    status.saw_waiting(42, 106.0)
    assert status.healthy(106.0)
    status.saw_waiting(None, 107.0)
    assert status.report(107.0)["waiting_seconds"] is None


def test_the_end_of_a_session_leaves_no_evidence() -> None:
    """After the session has ended, the listener is down and keeps the reason."""
    status = Status("one")
    status.lead(100.0)
    status.heard(100.0, 100.0)
    status.end_session("PostgreSQL is away")
    status.end_session()
    assert not status.healthy(100.0)
    assert (status.role, status.last_error) == ("starting", "PostgreSQL is away")


def test_listeners_of_the_same_id_have_different_names() -> None:
    """Two listeners have different names in Redis."""
    assert Status("one").name != Status("one").name
