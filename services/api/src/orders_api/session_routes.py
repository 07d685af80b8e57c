"""The paths about a person's sign-in, sessions and password, and about programs' tokens."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from orders_access.claims import scope_of
from orders_access.errors import InvalidTokenError
from orders_access.names import new_name, normal_name
from orders_access.principal import Principal, Value
from orders_access.security_log import SecurityLog
from orders_api import cookies, throttle
from orders_api.access_models import (
    InPath,
    Linked,
    LookedUp,
    LookUp,
    Me,
    NewPassword,
    NewToken,
    ProgramToken,
    ProgramTokenList,
    SessionList,
    SetUp,
    SignedOut,
    SignIn,
    SignInWays,
)
from orders_api.access_routes import described
from orders_api.errors import (
    ForbiddenError,
    ForeignPageError,
    InvalidInputError,
    OldLinkError,
    PlainHttpError,
    RowNotFoundError,
    SessionRequiredError,
    TooManyAttemptsError,
    WrongPasswordError,
)
from orders_api.field_errors import Message, message
from orders_api.gate import GATEWAY
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Admin, closed, parts, require, sender
from orders_api.sessions import Origin

_security = SecurityLog()


async def _page(request: Request) -> None:
    """Admit only requests from pages of this system, over a connection fit for passwords."""
    await closed(request)
    if not cookies.takes_passwords(request.scope):
        raise PlainHttpError
    if not cookies.is_from_own_page(request.scope, request.headers):
        raise ForeignPageError


async def _gateway(request: Request) -> None:
    if sender(request) is not GATEWAY:
        raise ForbiddenError


async def _person(request: Request) -> Principal:
    """Return the principal of a browser's session; refuse tokens and requests in open mode."""
    who = require(request, "viewer")
    if who.session is None:
        raise SessionRequiredError
    return who


Person = Annotated[Principal, Depends(_person)]
router = APIRouter(prefix="/api", dependencies=[UNCACHED])


@router.post(
    "/session",
    status_code=201,
    responses=problems(409, 413, 415),
    dependencies=[Depends(_page)],
)
async def sign_in(request: Request, response: Response, shown: SignIn) -> Me:
    """Sign in with name and password. The answer sets the cookie of a new session."""
    principal = await _checked(request, shown.name, shown.password)
    if principal is None:
        # The security log has the name only if a user has it: the text may be a password.
        request.state.tried = await parts(request).users.known(shown.name)
        raise WrongPasswordError
    return await _begun(request, response, principal)


@router.put("/session", summary="Keep the session", status_code=204, responses=problems())
async def stay(_who: Person) -> Response:
    """Keep the session from ending as idle. Every other write by the session does so, too."""
    return Response(status_code=204)


@router.get("/session", summary="List ways to sign in", responses=problems())
async def sign_in_ways(request: Request) -> SignInWays:
    """Return the ways to sign in besides name and password."""
    return SignInWays(company=parts(request).settings.company)


@router.delete("/session", responses=problems())
async def sign_out(request: Request, response: Response, who: Person) -> SignedOut:
    """End the sender's session in all tabs. Its connections close within a second.

    To sign out of the company login as well, open `continue_at`.
    """
    company, session = parts(request).company, who.session or ""
    continue_at = None if company is None else await company.farewell(session)
    await _end(request, who, [session])
    response.headers["Set-Cookie"] = cookies.set_cookie(request.scope, "")
    return SignedOut(continue_at=continue_at)


@router.get("/sessions", responses=problems())
async def list_sessions(request: Request, who: Person) -> SessionList:
    """Return the sender's sessions, the most recently used first."""
    found = await parts(request).sessions.listed(who.subject)
    listed = [asdict(each) | {"current": each.id == who.session} for each in found]
    return SessionList.model_validate({"sessions": listed})


@router.delete("/sessions/others", status_code=204, responses=problems())
async def end_others(request: Request, who: Person) -> Response:
    """End all sessions of the sender except the one that sends this request."""
    found = await parts(request).sessions.listed(who.subject)
    await _end(request, who, [each.id for each in found if each.id != who.session])
    return Response(status_code=204)


@router.delete("/sessions/{session}", status_code=204, responses=problems(404))
async def end_session(request: Request, who: Person, session: InPath) -> Response:
    """End one of the sender's sessions."""
    if not await _end(request, who, [session]):
        raise RowNotFoundError("sessions")
    return Response(status_code=204)


@router.post(
    "/password", status_code=201, responses=problems(413, 415), dependencies=[Depends(_page)]
)
async def change_password(
    request: Request, response: Response, who: Person, wanted: NewPassword
) -> Me:
    """Change the sender's password. All their sessions end; this browser gets a new session."""
    users = parts(request).users
    if await _checked(request, who.subject, wanted.current) is None:
        raise InvalidInputError("current", message("wrong_password"))
    await users.set_password(who.subject, wanted.new, field="new")
    _security.changed("password", who.subject, who.subject)
    return await _begun(request, response, who)


@router.post("/set-up", responses=problems(409, 413, 415), dependencies=[Depends(_page)])
async def set_up(request: Request, response: Response, shown: SetUp) -> Linked | Me:
    """Set a password with a link and sign in. Without a password, return whose link it is."""
    users = parts(request).users
    principal = await users.linked(shown.link)
    if principal is None:
        raise OldLinkError
    if shown.password is None:
        return Linked(name=principal.subject)
    request.state.tried = principal.subject
    name = principal.subject
    if not await users.set_password(name, shown.password, field="password", link=shown.link):
        raise OldLinkError
    _security.changed("password", name, name)
    response.status_code = 201
    return await _begun(request, response, principal)


@router.post(
    "/session-lookups", responses=problems(404, 413, 415), dependencies=[Depends(_gateway)]
)
async def look_up(request: Request, wanted: LookUp) -> LookedUp:
    """Return the principal of a session or of a program's token. Only for gateways."""
    digest = bytes.fromhex(wanted.digest)
    found = await parts(request).sessions.look_up(digest)
    if found is None:
        raise RowNotFoundError("sessions")
    principal, lasts_s = found
    await parts(request).sessions.tell_gateways(digest, principal, lasts_s)
    return LookedUp(principal=principal.to_json())


@router.get("/tokens", responses=problems())
async def list_tokens(request: Request, _who: Admin) -> ProgramTokenList:
    """Return the tokens that admins have made for programs, without their text."""
    found = await parts(request).sessions.listed(None, programs=True)
    listed = [asdict(each) | {"made_by": each.browser} for each in found]
    return ProgramTokenList.model_validate({"tokens": listed})


@router.post("/tokens", status_code=201, responses=problems(409, 413, 415))
async def make_token(request: Request, who: Admin, wanted: NewToken) -> ProgramToken:
    """Make a token for a program. No later answer shows its text."""
    await closed(request)
    try:
        subject = new_name(wanted.subject)
    except InvalidTokenError as exc:
        raise InvalidInputError("subject", Message(str(exc), "name_not_allowed")) from None
    principal = Principal(subject, wanted.role, await checked_rows(request, wanted.rows))
    origin, lasts = Origin(cookies.shown_address(request.scope), who.subject), wanted.days
    made, token = await parts(request).sessions.make_token(principal, origin, timedelta(days=lasts))
    _security.changed("token", who.subject, principal.subject)
    return ProgramToken(id=made, token=token)


@router.delete("/tokens/{token}", status_code=204, responses=problems(404))
async def end_token(request: Request, who: Admin, token: InPath) -> Response:
    """Revoke a program's token. Its connections close within a second."""
    if not await parts(request).sessions.end(None, [token], programs=True):
        raise RowNotFoundError("tokens")
    _security.revoked(who, token_id=token)
    return Response(status_code=204)


async def checked_rows(
    request: Request, rows: Mapping[str, list[Any]] | None
) -> Mapping[str, frozenset[Value]] | None:
    """Return a valid restriction of rows; raise InvalidInputError for others."""
    if rows is None:
        return None
    try:
        scope = scope_of(rows)
    except InvalidTokenError as exc:
        raise InvalidInputError("rows", str(exc)) from None
    description = await parts(request).catalog.current()
    for column in description.schema.without(rows):
        raise InvalidInputError(f"rows.{column}", "is not a column of any watched table")
    return scope


async def _checked(request: Request, name: str, password: str) -> Principal | None:
    """Return the user with this name and password, or None; limit the number of attempts.

    Raises:
        TooManyAttemptsError: too many attempts have failed; the password was not checked.

    """
    running, address = parts(request), cookies.address_of(request.scope)
    name = normal_name(name)
    wait_s = await throttle.attempt(running.accounts, name, address)
    if wait_s > 0:
        raise TooManyAttemptsError(wait_s)
    principal = await running.users.verify(name, password)
    if principal is not None:
        await throttle.forgive(running.accounts, name, address)
    return principal


async def _begun(request: Request, response: Response, principal: Principal) -> Me:
    """Start a session for a user and set its cookie; the browser's earlier session ends."""
    running = parts(request)
    before = sender(request)
    if before is not None and before.session is not None:
        await running.sessions.end(before.subject, [before.session])
    origin = Origin(cookies.shown_address(request.scope), request.headers.get("user-agent", ""))
    secret, begun = await running.sessions.start(principal, origin, user=principal.subject)
    _security.signed_in(begun, origin.address)
    response.headers["Set-Cookie"] = cookies.set_cookie(request.scope, secret)
    return described(running.settings, begun)


async def _end(request: Request, who: Principal, ids: list[str]) -> list[str]:
    ended = await parts(request).sessions.end(who.subject, ids)
    for each in ids if ended else ():
        _security.signed_out(who, each)
    return ended
