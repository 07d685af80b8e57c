"""How long batches are gathered after a flush."""

import pytest

from orders_gateway.fanout import GATHER_S, MAX_PAUSE_S, pause_s


@pytest.mark.parametrize(
    ("took_s", "pause"),
    [(0.001, 0.004), (0.005, 0.02), (0.008, GATHER_S), (0.05, 0.05), (3.0, MAX_PAUSE_S)],
)
def test_the_pause_follows_the_flush(took_s: float, pause: float) -> None:
    """The pause is four times the flush up to 20 ms, then as long as the flush, up to 100 ms."""
    assert pause_s(took_s) == pytest.approx(pause)
