"""One-time tickets, which a browser sends instead of its token. Redis keeps them for 30 seconds.

A page cannot set headers on a WebSocket, so the credential is in the URL, and URLs are logged. A
ticket that was used or has expired is worthless, so it may appear in a log.
"""

import hashlib
import json
import secrets

from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal
from orders_service.redis_client import RedisClient

LIFETIME_S = 30
MAX_LENGTH = 100


async def issue(client: RedisClient, principal: Principal) -> str:
    """Return a new ticket for a principal."""
    ticket = secrets.token_urlsafe(24)
    await client.set(_key(client, ticket), json.dumps(principal.to_json()), ex=LIFETIME_S)
    return ticket


async def redeem(client: RedisClient, ticket: str) -> Principal:
    """Return the principal of a ticket, and make the ticket invalid.

    Raises:
        InvalidTokenError: the ticket is unknown, used, expired or of another version.

    """
    found = await client.getdel(_key(client, ticket)) if len(ticket) <= MAX_LENGTH else None
    if found is None:
        raise InvalidTokenError("the ticket is unknown, used or expired")
    try:
        return Principal.from_json(json.loads(found))
    except (KeyError, TypeError, ValueError):
        raise InvalidTokenError("the ticket comes from another version of this system") from None


def _key(client: RedisClient, ticket: str) -> str:
    """Return the key of a ticket: its digest, so that reading keys does not reveal tickets."""
    return client.names.tickets + hashlib.sha256(ticket.encode()).hexdigest()
