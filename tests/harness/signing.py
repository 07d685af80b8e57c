"""Tokens for tests, and the settings of a system that requires them."""

import time
from collections.abc import Sequence
from typing import Any

import jwt

SECRET = "the secret of tests: 32 bytes or more"
ASKING = {"AUTH_MODE": "token", "AUTH_SECRET": SECRET}
"""Settings of services that require tokens."""


def token(
    role: str = "viewer",
    customers: Sequence[str] | None = None,
    *,
    subject: str = "somebody",
    ttl_s: float = 3600,
    secret: str = SECRET,
    **claims: Any,
) -> str:
    """Return a valid token with these claims."""
    now = int(time.time())
    values: dict[str, Any] = {
        "sub": subject,
        "role": role,
        "aud": "orders",
        "iss": "orders",
        "iat": now,
        "exp": now + ttl_s,
        **({} if customers is None else {"customers": list(customers)}),
        **claims,
    }
    return jwt.encode(values, secret, algorithm="HS256")


def bearer(shown: str) -> dict[str, str]:
    """Return the Authorization header of a token."""
    return {"Authorization": f"Bearer {shown}"}
