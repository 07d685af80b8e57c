"""The servers that a gateway is compared with, as far as they are installed."""

import pytest

from bench.rivals import nchan, socketio
from bench.rivals.rival import Rival, UnavailableError, running

_CLIENTS = 3


@pytest.mark.parametrize("rival", [nchan, socketio], ids=lambda rival: str(rival.NAME))
def test_every_client_gets_every_event_once(rival: Rival) -> None:
    """Clients of each server understand it, from the first event on, in small frames and large."""
    try:
        with running(rival, _CLIENTS) as side:
            side.feed.rate(50, 1)
            side.crowd.until(lambda state: state.lowest >= 10, 10, "ten events at each client")
            side.feed.rate(20, 400)  # some 140 kB a frame
            side.crowd.until(lambda state: state.lowest >= 4000, 10, "more, in large frames")
            side.feed.rate(0)
            end = side.crowd.until(
                lambda state: state.lowest == state.highest == side.feed.position,
                10,
                "everything at each client",
            )
    except UnavailableError as exc:
        pytest.skip(f"{rival.NAME}: {exc}")
    assert (end.gaps, end.lost, end.events) == (0, 0, _CLIENTS * end.highest)
