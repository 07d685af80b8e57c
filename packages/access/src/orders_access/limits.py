"""How much one address or one subject may ask for. Pure: the caller brings the clock."""

from collections import Counter, OrderedDict

_REMEMBERED = 100_000


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

    def wait_s(self) -> float:
        """Return in how many seconds there will be a token."""
        return max(0.0, (1 - self._tokens) / self._rate_per_s)


class Buckets:
    """A bucket for each key, of those seen lately: memory is bounded."""

    def __init__(self, rate_per_s: float, burst: int, remembered: int = _REMEMBERED) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._remembered = remembered
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self.refused = 0
        """How often somebody was told to wait."""

    def wait_s(self, key: str, now_s: float) -> float:
        """Admit a key, or return in how many seconds it may ask again."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate_per_s, self._burst, now_s)
            if len(self._buckets) > self._remembered:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        if bucket.admit(now_s):
            return 0.0
        self.refused += 1
        return bucket.wait_s()


class Tally:
    """How many of something each key has, up to a most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self.refused = 0
        """How often somebody had too many."""

    def is_full(self, key: str) -> bool:
        """Tell whether one more would be too many, and count it as refused if so."""
        full = self._counts.get(key, 0) >= self._most
        self.refused += full
        return full

    def take(self, key: str) -> bool:
        """Count one more; False, and nothing counted, if that is too many."""
        if self.is_full(key):
            return False
        self._counts[key] += 1
        return True

    def give_back(self, key: str) -> None:
        """Count one less."""
        self._counts[key] -= 1
        if self._counts[key] <= 0:
            del self._counts[key]
