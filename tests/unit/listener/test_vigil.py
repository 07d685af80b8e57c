"""When a standby replaces the leader."""

from orders_listener.vigil import STALLED_S, Vigil

LATER = STALLED_S + 0.1


def test_a_leader_that_is_present_and_takes_is_left_alone() -> None:
    """Changes that come and go, however many, are no sign of a stall."""
    vigil = Vigil(0.0)
    assert not any(vigil.stalled(now * 1.0, now, present=True) for now in range(100))


def test_a_change_that_waits_too_long_means_a_stall() -> None:
    """The same change waiting for longer than the bound means nobody takes it."""
    vigil = Vigil(0.0)
    assert not vigil.stalled(1.0, 7, present=True)
    assert not vigil.stalled(1.0 + STALLED_S, 7, present=True)
    assert vigil.stalled(1.0 + LATER, 7, present=True)


def test_presence_that_stays_away_means_a_stall() -> None:
    """A leader nobody hears of is replaced though nothing waits; a moment's absence is fine."""
    vigil = Vigil(0.0)
    assert not vigil.stalled(2.0, None, present=False)
    assert not vigil.stalled(2.5, None, present=True)
    assert not vigil.stalled(2.5 + STALLED_S, None, present=False)
    assert vigil.stalled(2.5 + LATER, None, present=False)


def test_an_empty_outbox_is_no_stall() -> None:
    """Nothing waiting, for however long, is the normal state."""
    vigil = Vigil(0.0)
    assert not any(vigil.stalled(now * 1.0, None, present=True) for now in range(100))
