"""When the listener stays awake."""

import pytest

from orders_listener.pace import BUSY_EVENTS, WINDOW_S, Pace


@pytest.mark.parametrize("at_once", [1, BUSY_EVENTS])
def test_many_events_within_the_window_make_it_busy(at_once: int) -> None:
    """One by one or together, BUSY_EVENTS within WINDOW_S count, and no longer than that."""
    pace = Pace()
    for _ in range(BUSY_EVENTS // at_once):
        assert not pace.is_busy(100.0)
        pace.note(at_once, 100.0)
    assert pace.is_busy(100.0)
    assert pace.is_busy(100.0 + WINDOW_S / 2)
    assert not pace.is_busy(100.0 + WINDOW_S * 1.01)


def test_a_slow_trickle_does_not() -> None:
    """Below the rate, a notification per change is cheaper than looking."""
    pace = Pace()
    for number in range(1000):
        now_s = number * WINDOW_S / (BUSY_EVENTS - 2)
        pace.note(1, now_s)
        pace.note(0, now_s)
        assert not pace.is_busy(now_s)
