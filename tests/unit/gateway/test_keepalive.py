"""Pings by one task for all."""

from dataclasses import dataclass

from orders_gateway import keepalive


@dataclass
class _Peer:
    silent_since_s: float | None = None
    pings: int = 0
    here: bool = True

    def send_ping(self) -> None:
        self.pings += 1

    def cut_off(self) -> None:
        self.here = False


def test_who_answers_stays() -> None:
    """Anything that comes after a ping is an answer."""
    peer = _Peer()
    for now_s in range(0, 200, 20):
        keepalive.look_at([peer], now_s, 20)
        peer.silent_since_s = None
    assert peer.here
    assert peer.pings == 10


def test_who_is_silent_for_too_long_is_cut_off() -> None:
    """Time runs from the first ping that nothing came after, however many were sent since."""
    peer = _Peer()
    for now_s in (100, 120, 140):
        keepalive.look_at([peer], now_s, 60)
        assert peer.here
    keepalive.look_at([peer], 160, 60)
    assert not peer.here
    assert peer.pings == 3
