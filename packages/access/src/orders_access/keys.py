"""The keys that verify tokens: a secret, or public keys (JWKS) in a file or at an address."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
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
"""Shortest time between two fetches, so that unknown key ids do not flood the issuer."""

STALE_S = 3600.0
"""Known keys are used for this long while the issuer does not answer."""

_TIMEOUT_S = 2
"""Shorter than the edge waits for a gateway, so that a slow issuer does not look like a gateway
that is down."""
_FETCH_WITHIN_S = 10
_MAX_BYTES = 256 * 1024
_UNREADABLE = (
    URLError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    HTTPException,
    jwt.PyJWTError,
)
"""The errors of fetching an address, reading a file or parsing the content."""


_UNAVAILABLE = "the keys that verify tokens cannot be fetched"


class KeySource(Protocol):
    """Provides the keys that verify tokens."""

    @property
    def version(self) -> int:
        """A number that changes with the keys. Reads the keys again if that needs no waiting."""

    def knows(self, key_id: str) -> bool:
        """Return whether tokens of the key with this id are still accepted."""

    async def key(self, key_id: str | None) -> Key:
        """Return the key with this id.

        Raises:
            InvalidTokenError: there is no such key.
            KeysUnavailableError: the keys cannot be fetched, so the id cannot be looked up.

        """


class Secret:
    """One secret that signs and verifies every token."""

    version = 0

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def knows(self, key_id: str) -> bool:  # noqa: ARG002  there is only one
        """Return True: the secret does not change while the process runs."""
        return True

    async def key(self, key_id: str | None) -> Key:  # noqa: ARG002  there is only one
        """Return the secret."""
        return self._secret


class KeyFile:
    """The public keys in a file, which is read again when it changes. No file means no keys."""

    def __init__(self, path: Path, algorithm: str) -> None:
        self._path = path
        self._algorithm = algorithm
        self._keys: Mapping[str, jwt.PyJWK] | None = {}
        self._seen: tuple[int, int, int] | None = None
        self._version = 0

    @property
    def version(self) -> int:
        """A number that changes with the file."""
        self._read()
        return self._version

    def knows(self, key_id: str) -> bool:
        """Return whether the file has the key; True while the file cannot be read."""
        self._read()
        return self._keys is None or key_id in self._keys

    async def key(self, key_id: str | None) -> Key:
        """Return the key with this id; without an id, the only key."""
        self._read()
        if self._keys is None:
            raise KeysUnavailableError(f"{self._path} cannot be read")
        return _named(self._keys, key_id)

    def _read(self) -> None:
        """Read the file if it has changed. If not, this takes one stat(2), some microseconds."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return
            keys: Mapping[str, jwt.PyJWK] | None = _parsed(self._path.read_bytes(), self._algorithm)
        except FileNotFoundError:  # no key was made yet
            seen, keys = None, {}
        except _UNREADABLE:
            seen, keys = None, None
        if seen is None and keys == self._keys:
            return
        self._seen, self._keys = seen, keys
        self._version += 1


class KeySet:
    """The public keys at an address. All callers share one fetch."""

    def __init__(
        self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._algorithm = algorithm
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._withdrawn: frozenset[str] = frozenset()
        """Keys that were in the set and no longer are."""
        self._version = 0
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._failed = False
        """Whether the last attempt to fetch the keys failed."""
        self._fetching: asyncio.Task[None] | None = None

    @property
    def version(self) -> int:
        """A number that changes with the keys that were fetched."""
        return self._version

    def knows(self, key_id: str) -> bool:
        """Return False for a key that was withdrawn from the set, otherwise True.

        A key that this process has not seen is accepted, because the API may have fetched it
        already and accepted a token with it, for which it issued a ticket.
        """
        return key_id not in self._withdrawn

    async def key(self, key_id: str | None) -> Key:
        """Return the key with this id; without an id, the only key."""
        known = _find(self._keys, key_id)
        if known is None or self._age() > LIFETIME_S:
            self._start_fetching()
            # An issuer that hangs must not delay tokens whose keys are known.
            if self._fetching is not None and not (known and self._failed):
                await asyncio.wait({self._fetching}, timeout=_TIMEOUT_S)
                hangs = self._fetching is not None
                self._failed = self._failed or hangs
                if hangs and known is None:
                    raise KeysUnavailableError(_UNAVAILABLE)
        if self._age() > STALE_S:
            raise KeysUnavailableError(_UNAVAILABLE)
        return _named(self._keys, key_id)

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
            answer = await asyncio.to_thread(_fetch, self._url)
            fetched = _parsed(answer, self._algorithm)
            self._withdrawn = (self._withdrawn | self._keys.keys()) - fetched.keys()
            self._keys = fetched
            self._fetched_at = self._clock()
            self._failed = False
            self._version += 1
        except _UNREADABLE:
            self._failed = True  # known keys stay valid for a while
        finally:
            self._fetching = None


def _fetch(url: str) -> bytes:
    """Fetch an address and return its content. The address comes from settings, never from a token.

    The library's timeout applies to each part that arrives, so an issuer that sends one byte at a
    time needs a second limit.
    """
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310
    give_up = time.monotonic() + _FETCH_WITHIN_S
    received = bytearray()
    with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        while part := answer.read1(_MAX_BYTES):
            received += part
            if len(received) > _MAX_BYTES or time.monotonic() > give_up:
                raise TimeoutError
    return bytes(received)


def _parsed(document: bytes, algorithm: str) -> dict[str, jwt.PyJWK]:
    """Return the keys of a JWKS that fit the algorithm, by id."""
    family = {"RS": "RSA", "ES": "EC"}[algorithm[:2]]
    return {
        str(each.get("kid", "")): jwt.PyJWK.from_dict(each, algorithm)
        for each in json.loads(document)["keys"]
        # A symmetric key in a public set would let anyone who reads it sign.
        if each.get("kty") == family and each.get("use", "sig") == "sig"
    }


def _named(keys: Mapping[str, jwt.PyJWK], key_id: str | None) -> Key:
    key = _find(keys, key_id)
    if key is None:
        raise InvalidTokenError("the token is signed with an unknown key")
    return key


def _find(keys: Mapping[str, jwt.PyJWK], key_id: str | None) -> jwt.PyJWK | None:
    """Return the key with this id; without an id, the only key."""
    if key_id is None:
        return next(iter(keys.values())) if len(keys) == 1 else None
    return keys.get(key_id)
