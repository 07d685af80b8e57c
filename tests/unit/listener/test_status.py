"""What the listener knows about itself."""

from orders_contract.batches import Head
from orders_listener.status import STALE_S, Status


def test_new_listener_is_down() -> None:
    """Before the first beat reached Redis nothing is known to work."""
    status = Status("one", started_at=100.0)
    assert not status.healthy(100.0)
    assert status.report(101.5) == {
        "status": "down",
        "listener": "one",
        "role": "starting",
        "leader_seconds": None,
        "stream": None,
        "position": None,
        "well_age_seconds": None,
        "sessions": 0,
        "last_error": None,
        "uptime_seconds": 1.5,
    }


def test_beating_listener_is_well() -> None:
    """A recent beat means that changes reach Redis."""
    status = Status(
        "one",
        role="leader",
        leader_since=101.0,
        published=Head("s", 9),
        well_at=102.0,
        sessions=2,
        last_error="Redis was away",
        started_at=100.0,
    )
    assert status.report(103.25) == {
        "status": "ok",
        "listener": "one",
        "role": "leader",
        "leader_seconds": 2.25,
        "stream": "s",
        "position": 9,
        "well_age_seconds": 1.25,
        "sessions": 2,
        "last_error": "Redis was away",
        "uptime_seconds": 3.25,
    }


def test_old_beat_is_no_beat() -> None:
    """A listener that hangs is not well, though it was."""
    status = Status("one", well_at=100.0)
    assert status.healthy(100.0 + STALE_S - 0.1)
    assert not status.healthy(100.0 + STALE_S)
    assert status.report(100.0 + STALE_S)["status"] == "down"
