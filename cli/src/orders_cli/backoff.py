"""How long to wait before the next attempt. Pure: no clock, no sleeping."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Delays that double, each shortened at random by up to half so that a crowd spreads out.

    With the defaults, before jitter: 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, ... seconds. It never
    gives up; ``reset`` after success starts over.
    """

    first_s: float = 0.2
    most_s: float = 10.0
    jitter: Callable[[], float] = field(default=random.SystemRandom().random, repr=False)
    attempts: int = field(default=0, init=False)

    def next_s(self) -> float:
        """Return the seconds to wait now, and count the attempt."""
        whole_s = min(self.most_s, self.first_s * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        return whole_s * (1 - self.jitter() / 2)

    def reset(self) -> None:
        """Start over: the last attempt was a success."""
        self.attempts = 0
