"""Decide how many clients, and which, a gateway sends to other gateways. Pure.

Without this, a gateway that is added later would get no clients from the others. Only connections
of a certain age are closed. A client that was sent away has a new connection, so each client is
moved at most once in that time, without being recognised.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

TOLERANCE = 1.2
"""A gateway begins to move clients when it has more than this many times its share."""
MIN_EXCESS = 5
"""A gateway begins to move clients only if it has at least this many more than its share."""


class Movable(Protocol):
    """The attributes of a client that ``movable`` reads."""

    opened_at_s: float

    @property
    def is_live(self) -> bool:
        """Whether the client has all events. Clients that are catching up are not moved."""


C = TypeVar("C", bound=Movable)


def how_many_to_shed(mine: int, others: Sequence[int], *, most: int, is_shedding: bool) -> int:
    """Return how many clients to move now.

    ``mine`` and ``others`` are the numbers of clients of this gateway and of the others that admit
    clients. The result is at most ``most``, and half of the excess: clients that are reconnecting
    are counted nowhere, so moving all at once would overshoot. ``is_shedding`` says that the last
    result was not 0. Then clients are moved until shares are even; otherwise moving starts only
    when this gateway is well above its share.
    """
    share = -(-(mine + sum(others)) // (1 + len(others)))
    excess = mine - share
    if not is_shedding and (mine <= TOLERANCE * share or excess < MIN_EXCESS):
        return 0
    return max(0, min(most, -(-excess // 2)))


def movable(clients: Iterable[C], number: int, now_s: float, after_s: float) -> Iterator[C]:
    """Yield up to a number of clients whose connections are at least ``after_s`` old."""
    old = (each for each in clients if each.is_live and now_s - each.opened_at_s >= after_s)
    return islice(old, number)
