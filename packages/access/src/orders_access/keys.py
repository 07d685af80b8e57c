"""The keys that verify tokens: one secret, or a set at an address that its owner rotates (JWKS)."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.error import URLError
from urllib.request import Request, urlopen

import jwt

from orders_access.errors import InvalidTokenError, KeysUnavailableError

Key = Any
"""What PyJWT takes: bytes, a public key of ``cryptography``, or a PyJWK."""

LIFETIME_S = 300.0
"""Keys older than this are fetched again, so that a withdrawn key is refused."""

COOLDOWN_S = 10.0
"""Shortest time between two attempts: unknown key ids must not flood the issuer."""

STALE_S = 3600.0
"""Known keys are used for this long while the issuer does not answer."""

_TIMEOUT_S = 2
"""Shorter than the edge waits for a gateway: a slow issuer must not look like a dead gateway."""
_MAX_BYTES = 256 * 1024


class KeySource(Protocol):
    """Provides the keys that verify tokens."""

    async def key(self, key_id: str | None) -> Key:
        """Return the key with this id.

        Raises:
            InvalidTokenError: there is no such key.
            KeysUnavailableError: the keys cannot be fetched, so the id cannot be looked up.

        """


class Secret:
    """One key for every token."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    async def key(self, key_id: str | None) -> Key:  # noqa: ARG002  there is only one
        """Return the secret."""
        return self._secret


class KeySet:
    """The public keys at an address. All callers share one fetch."""

    def __init__(
        self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._algorithm = algorithm
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._failed = False
        """Whether the last attempt to fetch the keys failed."""
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None) -> Key:
        """Return the key with this id; without an id, the only one."""
        known = self._find(key_id)
        if known is None or self._age() > LIFETIME_S:
            self._start_fetching()
            # An issuer that hangs must not delay tokens whose keys are known.
            if self._fetching is not None and not (known and self._failed):
                await asyncio.shield(self._fetching)
        if self._age() > STALE_S:
            raise KeysUnavailableError("the keys that verify tokens cannot be fetched")
        key = self._find(key_id)
        if key is None:
            raise InvalidTokenError("the token is signed with an unknown key")
        return key

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _start_fetching(self) -> None:
        now = self._clock()
        cooled_down = self._tried_at is None or now - self._tried_at >= COOLDOWN_S
        if self._fetching is None and cooled_down:
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            self._keys = await asyncio.to_thread(_fetch, self._url, self._algorithm)
            self._fetched_at = self._clock()
            self._failed = False
        except (URLError, OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            self._failed = True  # known keys stay valid for a while
        finally:
            self._fetching = None


def _fetch(url: str, algorithm: str) -> dict[str, jwt.PyJWK]:
    """Return the keys that fit the algorithm. The address comes from settings alone."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310
    with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        listed = json.loads(answer.read(_MAX_BYTES))["keys"]
    family = {"RS": "RSA", "ES": "EC"}[algorithm[:2]]
    return {
        str(each.get("kid", "")): jwt.PyJWK.from_dict(each, algorithm)
        for each in listed
        # A symmetric key in a public set would let anyone who reads it sign.
        if each.get("kty") == family and each.get("use", "sig") == "sig"
    }
