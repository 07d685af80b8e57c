"""Paths about the one who asks: who they are, tickets for them, and whose tokens end."""

from datetime import UTC, datetime
from typing import Any

import redis.asyncio as redis
from fastapi import APIRouter, Depends, Response

from orders_access import tickets
from orders_access.errors import AccessError
from orders_api.errors import ForbiddenError, InvalidInputError, RedisUnavailableError
from orders_api.models import Me, Problem, Revocation, Ticket
from orders_api.requests import (
    Admin,
    Bus,
    Mode,
    Revoking,
    TokenVerifier,
    Viewer,
    without_query,
)

router = APIRouter(prefix="/api", dependencies=[Depends(without_query)])


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in (401, 403, *statuses, 422, 429, 503)}


@router.get("/me", response_model=Me, responses=_problems())
async def get_me(who: Viewer, mode: Mode) -> Response:
    """Say who you are to this system."""
    me = Me(
        mode="open" if mode == "open" else "token",
        subject=who.subject,
        role=who.role,
        customers=who.narrowed(None),
        expires=None if who.expires is None else datetime.fromtimestamp(who.expires, UTC),
    )
    return _uncached(me.model_dump_json())


@router.post("/tickets", status_code=201, response_model=Ticket, responses=_problems())
async def create_ticket(who: Viewer, bus: Bus) -> Response:
    """Return a ticket with which a browser connects to `/ws`: used once, within 30 s."""
    try:
        ticket = await tickets.issue(bus, who)
    except (redis.RedisError, OSError) as exc:
        raise RedisUnavailableError from exc
    made = Ticket(ticket=ticket, expires_in=tickets.LIFETIME_S)
    return _uncached(made.model_dump_json(), 201)


@router.post("/revocations", status_code=204, responses=_problems(413, 415))
async def revoke(
    who: Admin, revoking: Revoking, verifier: TokenVerifier, revocation: Revocation
) -> Response:
    """Let a token, or all that a subject has had so far, count no longer: within two seconds."""
    if who.customers is not None:
        raise ForbiddenError
    if revocation.subject is not None:
        await revoking.revoke_subject(revocation.subject)
    elif revocation.token_id is not None:
        await revoking.revoke_token(revocation.token_id)
    else:
        await _revoke_token(revoking, verifier, revocation.token or "")
    return Response(status_code=204)


async def _revoke_token(revoking: Revoking, verifier: TokenVerifier, token: str) -> None:
    if verifier is None:
        raise InvalidInputError("token", "cannot be read: this system asks for none")
    try:
        principal = await verifier.verify(token)
    except AccessError as exc:
        raise InvalidInputError("token", f"does not count anyway: {exc}") from None
    await revoking.revoke_token(principal.token_id, principal.expires)


def _uncached(text: str, status: int = 200) -> Response:
    return Response(text, status, {"Cache-Control": "no-store"}, "application/json")
