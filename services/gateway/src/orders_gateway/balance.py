"""How many clients a gateway sends to others, and which: after a scale-up none would move. Pure.

Only connections of a certain age are closed. A client that was sent away has a new connection
wherever it went, so no client has to be recognised to be moved at most once in that time.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

TOLERANCE = 1.2
"""Shares need not be equal: a gateway begins to move clients with this many times its share."""
MIN_EXCESS = 5
"""Fewer clients over the share are not worth a reconnection."""


class Movable(Protocol):
    """A client as far as moving it is concerned."""

    opened_at_s: float

    @property
    def is_live(self) -> bool:
        """Whether it has everything; the others have enough to do."""


C = TypeVar("C", bound=Movable)


def how_many_to_shed(mine: int, others: Sequence[int], *, most: int, is_shedding: bool) -> int:
    """Return how many clients to move now.

    ``mine`` and ``others`` are the numbers of clients of this gateway and of the others that admit
    clients. The result is at most ``most``, and half of the excess: clients that are reconnecting
    are counted nowhere, so moving all at once would overshoot. ``is_shedding``: the last result was
    not 0; then shedding continues until shares are even, else it starts only well above a share.
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
