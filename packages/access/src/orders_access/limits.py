"""Rate limits and connection limits, per client address and per subject. Pure.

The caller passes the time.
"""

from collections import Counter, OrderedDict
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_MAX_BUCKETS = 100_000
_IPV6_PREFIX = 64
"""One customer of a provider gets at least this network, so its addresses count as one."""


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address without its zone, mapped IPv4 as IPv4; None if it is not an address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(parsed, IPv6Address) and parsed.ipv4_mapped) or parsed


def plain_address(address: str) -> str:
    """Return an address without its zone; ``::ffff:192.0.2.1`` becomes ``192.0.2.1``."""
    return str(_parsed(address) or address)


def address_key(address: str) -> str:
    """Return the key that an address is counted under: the address, or an IPv6 network."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed or address)


class TokenBucket:
    """Admits ``rate_per_s`` requests on average and ``burst`` at once."""

    __slots__ = ("_at_s", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float, burst: int, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at_s = now_s

    def admit(self, now_s: float) -> bool:
        """Take one token; return False if there is none."""
        self._refill(now_s)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def charge(self, tokens: float, now_s: float) -> None:
        """Take more tokens for an admitted request. The debt is at most the burst."""
        self._refill(now_s)
        self._tokens = max(self._tokens - tokens, -self._burst)

    def _refill(self, now_s: float) -> None:
        earned = (now_s - self._at_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + earned)
        self._at_s = now_s

    def wait_s(self) -> float:
        """Return the seconds until there is a token. Takes none."""
        return max(0.0, (1 - self._tokens) / self._rate_per_s)


class Buckets:
    """A token bucket for each key. To bound memory, only the keys used most recently are kept."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self.refused = 0
        """Number of refused requests."""

    def try_admit(self, key: str, now_s: float) -> float:
        """Take a token for a request and return 0; if there is none, return the seconds to wait."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate_per_s, self._burst, now_s)
            if len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        if bucket.admit(now_s):
            return 0.0
        self.refused += 1
        return bucket.wait_s()

    def charge(self, key: str, tokens: float, now_s: float) -> None:
        """Take more tokens for an admitted request that cost more than one."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.charge(tokens, now_s)


class Tally:
    """A count for each key, such as connections for each address, up to a maximum."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._counts: Counter[str] = Counter()
        self.refused = 0
        """Number of refusals."""

    def is_full(self, key: str) -> bool:
        """Return whether the key has the maximum; if so, count a refusal."""
        full = self._counts.get(key, 0) >= self._maximum
        self.refused += full
        return full

    def take(self, key: str) -> bool:
        """Count one more; return False if the key has the maximum."""
        if self.is_full(key):
            return False
        self._counts[key] += 1
        return True

    def give_back(self, key: str) -> None:
        """Count one less."""
        self._counts[key] -= 1
        if self._counts[key] <= 0:
            del self._counts[key]
