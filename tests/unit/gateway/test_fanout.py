"""How long batches gather after a flush."""

import pytest

from orders_gateway.fanout import GATHER_S, MAX_PAUSE_S, pause_s


@pytest.mark.parametrize(
    ("took_s", "rests_s"),
    [(0.001, 0.004), (0.005, 0.02), (0.008, GATHER_S), (0.05, 0.05), (3.0, MAX_PAUSE_S)],
)
def test_the_pause_follows_the_flush(took_s: float, rests_s: float) -> None:
    """Four times as long up to 20 ms, then as long again, up to a tenth of a second."""
    assert pause_s(took_s) == pytest.approx(rests_s)
