"""How much a client may say, and how far it may fall behind. Pure: the caller brings the clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of a gateway."""

    messages_per_second: float
    messages_burst: int
    conflate_after_events: int
    """So far behind, it gets the newest state of each order instead of every event."""
    conflate_max_bytes: int
    """More than that at once, and it is reset."""


class TokenBucket:
    """Admits ``rate_per_s`` on average and ``burst`` at once."""

    __slots__ = ("_at_s", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float, burst: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at_s = now_s

    def admit(self, now_s: float) -> bool:
        """Take one token; False if there is none."""
        earned = (now_s - self._at_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + earned)
        self._at_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
