"""Tickets: what a browser shows instead of its token. Used once, good for seconds, in Redis.

A page cannot set headers on a WebSocket, and an address may be logged; a ticket that is seen later
is worth nothing.
"""

import hashlib
import json
import secrets

import redis.asyncio as redis

from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal
from orders_contract.names import TICKET_KEY_PREFIX

LIFETIME_S = 30
MAX_LENGTH = 100


async def issue(client: redis.Redis, principal: Principal) -> str:
    """Return a new ticket for a principal."""
    ticket = secrets.token_urlsafe(24)
    await client.set(_key(ticket), json.dumps(principal.to_json()), ex=LIFETIME_S)
    return ticket


async def redeem(client: redis.Redis, ticket: str) -> Principal:
    """Return whom a ticket was for; it is void then.

    Raises:
        InvalidTokenError: nobody, or it was used or has expired.

    """
    found = await client.getdel(_key(ticket)) if len(ticket) <= MAX_LENGTH else None
    if found is None:
        raise InvalidTokenError("the ticket is unknown, used or expired")
    try:
        return Principal.from_json(json.loads(found))
    except (KeyError, TypeError, ValueError):
        # Another version of this system wrote it; a new ticket is a request away.
        raise InvalidTokenError("the ticket is of another version of this system") from None


def _key(ticket: str) -> str:
    """Name it by its digest: who reads Redis's keys must not find tickets there."""
    return TICKET_KEY_PREFIX + hashlib.sha256(ticket.encode()).hexdigest()
