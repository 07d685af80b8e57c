"""How long to wait before the next attempt. Pure: the caller sleeps."""

import random
from collections.abc import Callable


class Backoff:
    """Exponential back-off with jitter.

    The ceiling of the n-th delay is ``first_s * 2**n``, at most ``ceiling_s``. The delay is drawn
    evenly from the upper half below the ceiling, so that clients that failed together do not
    return together. The default ceilings are 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, ... seconds.

    Call ``reset`` only after a success. A connection that has only opened is not a success yet.
    """

    def __init__(
        self,
        first_s: float = 0.1,
        ceiling_s: float = 5.0,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._ceiling_s = ceiling_s
        self._rand = rand
        self.attempts = 0

    def next_delay_s(self) -> float:
        """Return the delay before the next attempt, in seconds, and count the attempt."""
        # The exponent is bounded so that it cannot overflow in a service that is down for days.
        ceiling_s = min(self._ceiling_s, self._first_s * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        return ceiling_s * (0.5 + self._rand() / 2)

    def reset(self) -> None:
        """Start again with the shortest delay."""
        self.attempts = 0
