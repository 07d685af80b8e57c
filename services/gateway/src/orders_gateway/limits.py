"""How much a client may say. Pure: the caller brings the clock."""


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
