"""The keys by which tokens are checked: one secret, or a set that its owner rotates (JWKS)."""

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
"""PyJWT's: bytes, a public key of ``cryptography``, or a PyJWK."""

LIFETIME_S = 300.0
"""After so long keys are fetched anew, so that one taken out of the set is refused."""

COOLDOWN_S = 10.0
"""A key nobody knows has them fetched once in so long: made-up names must not become a flood."""

STALE_S = 3600.0
"""Known keys are used for so long while the set cannot be fetched."""

_TIMEOUT_S = 2
"""Less than the edge waits for a gateway: names made up must not make one look frozen."""
_MAX_BYTES = 256 * 1024


class KeySource(Protocol):
    """Where the key of a token comes from."""

    async def key(self, key_id: str | None) -> Key:
        """Return the key of that name.

        Raises:
            InvalidTokenError: there is none.
            KeysUnavailableError: it is not known whether there is.

        """


class Secret:
    """One key for every token."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    async def key(self, key_id: str | None) -> Key:  # noqa: ARG002  there is only one
        """Return the secret."""
        return self._secret


class KeySet:
    """The public keys at an address, fetched when needed, by one for all who wait."""

    def __init__(
        self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._algorithm = algorithm
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str | None) -> Key:
        """Return the key of that name; without a name, the only one."""
        if self._age() > LIFETIME_S or self._find(key_id) is None:
            await self._refresh(key_id)
        if self._age() > STALE_S:
            raise KeysUnavailableError("the keys of tokens cannot be fetched")
        key = self._find(key_id)
        if key is None:
            raise InvalidTokenError("the token is signed with a key that nobody knows")
        return key

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    async def _refresh(self, key_id: str | None) -> None:
        async with self._fetching:
            if self._age() <= LIFETIME_S and self._find(key_id) is not None:
                return  # somebody else has
            if self._tried_at is not None and self._clock() - self._tried_at < COOLDOWN_S:
                return
            self._tried_at = self._clock()
            try:
                self._keys = await asyncio.to_thread(_fetch, self._url, self._algorithm)
                self._fetched_at = self._clock()
            except (URLError, OSError, ValueError, jwt.PyJWTError):
                return  # what is known goes on counting, for a while


def _fetch(url: str, algorithm: str) -> dict[str, jwt.PyJWK]:
    """Return the keys that fit the algorithm. Settings name the address, nobody else."""
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
