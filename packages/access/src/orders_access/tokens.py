"""Checking tokens, and making them. The algorithm comes from settings, never from the token."""

import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt

from orders_access import claims
from orders_access.errors import InvalidTokenError
from orders_access.keys import Key, KeySource
from orders_access.principal import Principal

MAX_TOKEN_LENGTH = 8192
_REQUIRED = ["exp", "sub", "aud", "iss"]

_REASONS: dict[type[jwt.InvalidTokenError], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is of another issuer",
    jwt.InvalidAlgorithmError: "the token is signed in another way than this system expects",
    jwt.InvalidSignatureError: "the token's signature is wrong",
    jwt.MissingRequiredClaimError: "the token lacks one of exp, sub, aud, iss",
}


class Verifier:
    """Tells whom a token speaks for."""

    def __init__(  # noqa: PLR0913, PLR0917  each is compared with a part of the token
        self,
        keys: KeySource,
        algorithm: str,
        audience: str,
        issuer: str,
        leeway_s: float,
        customer_column: str = claims.CUSTOMER_COLUMN,
    ) -> None:
        self._keys = keys
        self._algorithm = algorithm
        self._audience = audience
        self._issuer = issuer
        self._leeway_s = leeway_s
        self._customer_column = customer_column

    async def verify(self, token: str) -> Principal:
        """Check signature, times, audience and issuer.

        Raises:
            InvalidTokenError: it is not accepted, and why.
            KeysUnavailableError: the keys cannot be fetched right now.

        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError("the token is too long")
        key = await self._keys.key(_key_id(token, self._algorithm))
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
                options={"require": _REQUIRED},
            )
        except jwt.InvalidTokenError as exc:
            raise InvalidTokenError(_reason(exc)) from None
        return claims.principal(found, token, self._customer_column)


def _key_id(token: str, algorithm: str) -> str | None:
    """Read which key is meant; what the header says of the algorithm is only compared."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError):
        raise InvalidTokenError("that is no token") from None
    if header.get("alg") != algorithm:
        raise InvalidTokenError(_REASONS[jwt.InvalidAlgorithmError])
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def _reason(exc: jwt.InvalidTokenError) -> str:
    """Say what is wrong; never in the library's words, which may quote the token."""
    return next((text for kind, text in _REASONS.items() if isinstance(exc, kind)), "bad token")


def issue(  # noqa: PLR0913  each is a part of a token
    key: Key,
    algorithm: str,
    own: Mapping[str, Any],
    *,
    ttl: timedelta,
    audience: str,
    issuer: str,
) -> str:
    """Return a new token, valid from now; ``own`` are its sub, role and perhaps customers.

    Raises:
        InvalidTokenError: it would not be accepted.

    """
    now = int(time.time())
    values = {
        **own,
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + int(ttl.total_seconds()),
        "jti": secrets.token_urlsafe(12),
    }
    claims.principal(values, "")
    return jwt.encode(values, key, algorithm=algorithm)
