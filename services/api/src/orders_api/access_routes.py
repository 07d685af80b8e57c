"""The paths about access: the sender's identity, tickets, and revocation of tokens."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from orders_access import tickets
from orders_access.credentials import PROGRAM
from orders_access.errors import AccessError
from orders_access.principal import Principal
from orders_access.security_log import SecurityLog
from orders_access.sessions import digest
from orders_api.access_models import Me, Revocation, Revoked, Ticket
from orders_api.errors import ForbiddenError, InvalidInputError, RedisUnavailableError
from orders_api.gate import GATEWAY
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Admin, Parts, Viewer, parts
from orders_api.settings import Settings
from orders_service.redis_client import failures_as

router = APIRouter(prefix="/api", dependencies=[UNCACHED])


@router.get("/me", summary="Get the sender", responses=problems())
async def get_me(request: Request, who: Viewer) -> Me:
    """Return the identity and rights that the request's token or session stands for."""
    running = parts(request)
    is_of_company = False
    if running.company is not None and who.session is not None:
        is_of_company = await running.company.is_of_company(who.session)
    return described(running.settings, who, company=is_of_company)


def described(settings: Settings, who: Principal, *, company: bool = False) -> Me:
    """Return the answer to ``GET /api/me``; ``company``: the session began with a company login."""
    rows = who.row_values or {}
    by_customer = [*rows] == [settings.customer_column]
    return Me(
        mode=settings.auth_mode,
        subject=who.subject,
        role=who.role,
        rows=who.row_values,
        customers=rows[settings.customer_column] if by_customer else None,
        expires=None if who.expires is None else datetime.fromtimestamp(who.expires, UTC),
        session=who.session,
        company=company,
    )


@router.post("/tickets", status_code=201, responses=problems())
async def create_ticket(request: Request, who: Viewer) -> Ticket:
    """Return a ticket with which a browser can connect to `/ws`, once and within 30 seconds."""
    with failures_as(RedisUnavailableError):
        ticket = await tickets.issue(parts(request).redis, who)
    return Ticket(ticket=ticket, expires_in=tickets.LIFETIME_S)


@router.get("/revocations", responses=problems())
async def get_revocations(request: Request, who: Viewer) -> Revoked:
    """Return the revocation list. Only for admins, and for gateways while Redis does not answer."""
    if who is not GATEWAY and (not who.may("admin") or who.rows is not None):
        raise ForbiddenError
    return Revoked(revoked=await parts(request).revocations.read())


@router.post("/revocations", status_code=204, responses=problems(413, 415))
async def revoke(request: Request, who: Admin, revocation: Revocation) -> Response:
    """Revoke a token, or all present tokens of a subject. It takes effect within two seconds."""
    running = parts(request)
    token_id = revocation.token_id or ""
    if revocation.subject is not None:
        await running.revocations.revoke_subject(revocation.subject)
    elif revocation.token_id is not None:
        await running.revocations.revoke_token(revocation.token_id)
    else:
        token_id = await _revoke_token(running, revocation.token or "")
    SecurityLog().revoked(who, subject=revocation.subject or "", token_id=token_id)
    return Response(status_code=204)


async def _revoke_token(running: Parts, token: str) -> str:
    """Revoke a token and return its id."""
    if running.verifier is None:
        raise InvalidInputError("token", "cannot be read: this system does not use tokens")
    if token.startswith(PROGRAM):
        if not await running.sessions.end_by(digest(token)):
            raise InvalidInputError("token", "cannot be revoked: no such token exists")
        return ""
    try:
        principal = await running.verifier.verify(token)
    except AccessError as exc:
        raise InvalidInputError("token", f"cannot be revoked, it is not valid: {exc}") from None
    await running.revocations.revoke_token(principal.token_id, principal.expires)
    return principal.token_id
