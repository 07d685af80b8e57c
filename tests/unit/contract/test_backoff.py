"""How long to wait before the next attempt."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orders_contract.backoff import Backoff


def test_ceilings_double_up_to_the_last() -> None:
    """With the largest jitter the delays are the documented ceilings."""
    backoff = Backoff(rand=lambda: 1.0)
    delays = [round(backoff.next_delay_s(), 6) for _ in range(8)]
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_jitter_takes_at_most_half() -> None:
    """With the smallest jitter each delay is half its ceiling."""
    backoff = Backoff(first_s=1.0, rand=lambda: 0.0)
    assert [backoff.next_delay_s() for _ in range(3)] == [0.5, 1.0, 2.0]


def test_reset_begins_again() -> None:
    """After a reset the delays start with the shortest and attempts count from zero."""
    backoff = Backoff(rand=lambda: 1.0)
    for _ in range(5):
        backoff.next_delay_s()
    assert backoff.attempts == 5
    backoff.reset()
    assert (backoff.attempts, backoff.next_delay_s()) == (0, 0.1)


def test_days_of_failure_do_not_overflow() -> None:
    """After a million failures the delay is the last ceiling."""
    backoff = Backoff(rand=lambda: 1.0)
    backoff.attempts = 1_000_000
    assert backoff.next_delay_s() == 5.0


@settings(max_examples=30, deadline=None)
@given(
    first_s=st.floats(0.001, 10),
    ceiling_s=st.floats(0.001, 100),
    luck=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40),
)
def test_delay_stays_in_the_upper_half(first_s: float, ceiling_s: float, luck: list[float]) -> None:
    """Every delay lies between half its ceiling and its ceiling."""
    draws = iter(luck)
    backoff = Backoff(first_s, ceiling_s, rand=lambda: next(draws))
    for attempt in range(len(luck)):
        ceiling = min(ceiling_s, first_s * 2.0**attempt)
        assert ceiling / 2 <= backoff.next_delay_s() <= ceiling


def test_two_do_not_return_together() -> None:
    """By default the jitter is random, so that clients spread out."""
    delays = {Backoff().next_delay_s() for _ in range(20)}
    assert len(delays) > 10
