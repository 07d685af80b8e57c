"""When a standby replaces the leader."""

from orders_listener.stall import STALLED_S, StallDetector

LATER = STALLED_S + 0.1
PRESENT = '{"listener":"a","position":1}'


def test_a_working_leader_is_left_alone() -> None:
    """Changes that come and go, however many, are no sign of a stall."""
    detector = StallDetector(0.0)
    assert not any(detector.stalled(now * 1.0, now, PRESENT) for now in range(100))


def test_a_change_that_waits_too_long_means_a_stall() -> None:
    """The same change waiting for longer than the bound means that the leader does not take it."""
    detector = StallDetector(0.0)
    assert not detector.stalled(1.0, 7, PRESENT)
    assert not detector.stalled(1.0 + STALLED_S, 7, PRESENT)
    assert detector.stalled(1.0 + LATER, 7, PRESENT)


def test_an_expired_presence_means_a_stall() -> None:
    """A leader without presence is replaced even if no change waits, after a short grace."""
    detector = StallDetector(0.0)
    assert not detector.stalled(2.0, None, None)
    assert not detector.stalled(2.5, None, PRESENT)
    assert not detector.stalled(2.5 + STALLED_S, None, None)
    assert detector.stalled(2.5 + LATER, None, None)


def test_an_empty_outbox_is_no_stall() -> None:
    """An empty outbox is no stall, however long it lasts."""
    detector = StallDetector(0.0)
    assert not any(detector.stalled(now * 1.0, None, PRESENT) for now in range(100))


def test_a_leader_whose_presence_changes_is_at_work() -> None:
    """While history goes to an empty Redis changes wait: no stall as long as it advances."""
    detector = StallDetector(0.0)
    assert not any(detector.stalled(now * 1.0, 7, f"at {now}") for now in range(100))
    assert detector.stalled(99.0 + LATER, 7, "at 99")
