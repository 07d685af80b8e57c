"""The secrets of sessions, and the principals of sessions in Redis, where gateways read them.

A session's secret is random; only its digest is stored. PostgreSQL has the session. Redis caches
the API's answers to gateways about sessions; if Redis loses an answer, the gateway asks again.
"""

import hashlib
import json
import secrets

from orders_access.principal import Principal
from orders_service.redis_client import RedisClient


def new_secret(prefix: str = "") -> str:
    """Return a new secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return the digest of a secret, as it is stored. Random text needs no slow hash."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


async def remember(
    client: RedisClient, digest: bytes, principal: Principal, lifetime_s: float
) -> None:
    """Store a session's principal in Redis for ``lifetime_s``, at least a second."""
    await client.set(
        _key(client, digest), json.dumps(principal.to_json()), ex=max(1, int(lifetime_s))
    )


async def recall(client: RedisClient, digest: bytes) -> Principal | None:
    """Return the principal of a session; None if Redis does not have it."""
    found = await client.get(_key(client, digest))
    try:
        return None if found is None else Principal.from_json(json.loads(found))
    except (KeyError, TypeError, ValueError):
        return None  # another version of this system wrote it


async def forget(client: RedisClient, digest: bytes) -> None:
    """Remove a session that has ended."""
    await client.delete(_key(client, digest))


def _key(client: RedisClient, digest: bytes) -> str:
    return client.names.sessions + digest.hex()
