"""Pings, by one task for all: one for each connection would cost 2 kB and a timer."""

import asyncio
import time
from collections.abc import Collection
from typing import Protocol

SLICES = 20
"""Everyone is looked at once an interval, a slice at a time: no burst of ten thousand pings."""


class Peer(Protocol):
    """A connection, as far as pings go."""

    silent_since_s: float | None
    """When the first ping was sent that nothing has come after; None if none was."""

    def send_ping(self) -> None:
        """Send a ping without waiting for anything."""

    def cut_off(self) -> None:
        """End the connection without a word: nobody is there to hear one."""


async def ping(peers: Collection[Peer], interval_s: float, timeout_s: float) -> None:
    """Ping everyone every so often, and cut off who says nothing for so long, until cancelled.

    What ``peers`` holds may change meanwhile.
    """
    while True:
        everyone = list(peers)
        for number in range(SLICES):
            await asyncio.sleep(interval_s / SLICES)
            look_at(everyone[number::SLICES], time.monotonic(), timeout_s)


def look_at(peers: Collection[Peer], now_s: float, timeout_s: float) -> None:
    """Ping, or cut off who has not answered for too long."""
    for peer in peers:
        if peer.silent_since_s is not None and now_s - peer.silent_since_s >= timeout_s:
            peer.cut_off()
        else:
            if peer.silent_since_s is None:
                peer.silent_since_s = now_s
            peer.send_ping()
