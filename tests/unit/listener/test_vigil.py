"""When a standby replaces the leader."""

from orders_listener.vigil import STALLED_S, Vigil

LATER = STALLED_S + 0.1
HERE = '{"listener":"a","position":1}'


def test_a_leader_that_is_present_and_takes_is_left_alone() -> None:
    """Changes that come and go, however many, are no sign of a stall."""
    vigil = Vigil(0.0)
    assert not any(vigil.stalled(now * 1.0, now, HERE) for now in range(100))


def test_a_change_that_waits_too_long_means_a_stall() -> None:
    """The same change waiting for longer than the bound means nobody takes it."""
    vigil = Vigil(0.0)
    assert not vigil.stalled(1.0, 7, HERE)
    assert not vigil.stalled(1.0 + STALLED_S, 7, HERE)
    assert vigil.stalled(1.0 + LATER, 7, HERE)


def test_presence_that_stays_away_means_a_stall() -> None:
    """A leader nobody hears of is replaced though nothing waits; a moment's absence is fine."""
    vigil = Vigil(0.0)
    assert not vigil.stalled(2.0, None, None)
    assert not vigil.stalled(2.5, None, HERE)
    assert not vigil.stalled(2.5 + STALLED_S, None, None)
    assert vigil.stalled(2.5 + LATER, None, None)


def test_an_empty_outbox_is_no_stall() -> None:
    """Nothing waiting, for however long, is the normal state."""
    vigil = Vigil(0.0)
    assert not any(vigil.stalled(now * 1.0, None, HERE) for now in range(100))


def test_a_leader_that_says_something_new_is_at_work() -> None:
    """While history goes to an empty Redis changes wait: that is no stall while it moves on."""
    vigil = Vigil(0.0)
    assert not any(vigil.stalled(now * 1.0, 7, f"at {now}") for now in range(100))
    assert vigil.stalled(99.0 + LATER, 7, "at 99")
