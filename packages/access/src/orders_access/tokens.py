"""Verify tokens, and issue them. The algorithm comes from settings, never from the token."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import jwt

from orders_access import claims
from orders_access.errors import InvalidTokenError
from orders_access.keys import Key, KeySource
from orders_access.principal import Principal

MAX_TOKEN_LENGTH = 8192
_REQUIRED = ("exp", "iat", "sub", "aud", "iss")

_REASONS: dict[type[jwt.InvalidTokenError], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is of another issuer",
    jwt.InvalidAlgorithmError: "the token is not signed with the algorithm of this system",
    jwt.InvalidSignatureError: "the token's signature is wrong",
    jwt.MissingRequiredClaimError: "the token lacks one of exp, iat, sub, aud, iss",
}


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies tokens and reads their principals."""

    keys: KeySource
    algorithm: str
    audience: str
    issuer: str
    leeway_s: float
    customer_column: str = claims.CUSTOMER_COLUMN

    async def verify(self, token: str) -> Principal:
        """Return the principal of a token, if signature, times, audience and issuer are right.

        Raises:
            InvalidTokenError: the token is not accepted.
            KeysUnavailableError: the keys cannot be fetched right now.

        """
        key_id, found = await self.read(token)
        principal = claims.principal(found, token, self.customer_column)
        return principal if key_id is None else replace(principal, key_id=key_id)

    async def read(
        self, token: str, required: Sequence[str] = _REQUIRED
    ) -> tuple[str | None, dict[str, Any]]:
        """Return the id of a token's key, and its claims; raises as ``verify``."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError("the token is too long")
        key_id = _key_id(token, self.algorithm)
        key = await self.keys.key(key_id)
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=self.leeway_s,
                options={"require": list(required)},
            )
        except jwt.InvalidTokenError as exc:
            raise InvalidTokenError(_reason(exc)) from None
        return key_id, found

    def still_accepts(self, principal: Principal) -> bool:
        """Return whether the key that signed a principal's token is still accepted."""
        return principal.key_id is None or self.keys.knows(principal.key_id)


def _key_id(token: str, algorithm: str) -> str | None:
    """Return the key id in a token's header, whose algorithm must be the expected one."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError):
        raise InvalidTokenError("the text is not a token") from None
    if header.get("alg") != algorithm:
        raise InvalidTokenError(_REASONS[jwt.InvalidAlgorithmError])
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def _reason(exc: jwt.InvalidTokenError) -> str:
    """Return why a token is invalid. The library's own message may quote the token."""
    return next((text for kind, text in _REASONS.items() if isinstance(exc, kind)), "bad token")


def issue(  # noqa: PLR0913  each is a part of a token
    key: Key,
    algorithm: str,
    own: Mapping[str, Any],
    *,
    ttl: timedelta,
    audience: str,
    issuer: str,
    key_id: str | None = None,
) -> str:
    """Return a new token, valid from now. ``own`` are its sub, role and perhaps rows.

    Raises:
        InvalidTokenError: no verifier would accept it.

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
    headers = None if key_id is None else {"kid": key_id}
    return jwt.encode(values, key, algorithm=algorithm, headers=headers)
