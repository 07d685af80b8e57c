"""Pings by one task for all clients."""

from dataclasses import dataclass
from typing import cast

from orders_gateway.subscriber import Subscriber
from orders_gateway.upkeep import ping_once


@dataclass
class _Client:
    ping_unanswered_since_s: float | None = None
    pings: int = 0
    is_connected: bool = True

    def ping(self) -> None:
        self.pings += 1

    def abort(self) -> None:
        self.is_connected = False


def _ping(client: _Client, now_s: float, timeout_s: float) -> None:
    ping_once([cast(Subscriber, client)], now_s, timeout_s)


def test_a_client_that_answers_stays_connected() -> None:
    """Any frame that arrives after a ping is an answer."""
    client = _Client()
    for now_s in range(0, 200, 20):
        _ping(client, now_s, 20)
        client.ping_unanswered_since_s = None
    assert client.is_connected
    assert client.pings == 10


def test_a_silent_client_is_disconnected() -> None:
    """Time counts from the oldest unanswered ping, however many follow it."""
    client = _Client()
    for now_s in (100, 120, 140):
        _ping(client, now_s, 60)
        assert client.is_connected
    _ping(client, 160, 60)
    assert not client.is_connected
    assert client.pings == 3
