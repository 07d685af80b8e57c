"""The paths of the company login: to the provider, back from it, and its notice of a sign-out.

Browsers visit the first two, so errors redirect to the sign-in page, which shows a message.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request, Response

from orders_access import sessions
from orders_access.security_log import SecurityLog
from orders_api import cookies
from orders_api.errors import (
    InvalidInputError,
    NameTakenError,
    NotAllowedError,
    PathNotFoundError,
    ProviderAwayError,
    ProviderRefusesError,
    TooManyRequestsError,
    UnavailableError,
)
from orders_api.login import Login, own_path
from orders_api.openapi import problems
from orders_api.requests import parts
from orders_api.sessions import Origin

if TYPE_CHECKING:  # importing it takes 0.1 s of CPU
    from orders_api.company_sessions import CompanySessions

_FOREIGN = frozenset({"cross-site", "same-site"})
"""Values of Sec-Fetch-Site with which no sign-in starts; the visitor gets our page instead."""

Trouble = Literal[
    "away", "busy", "cancelled", "expired", "failed", "insecure", "name", "refused", "unavailable"
]
"""Why a person is not signed in; the dashboard has a message for each."""

_PROVIDER_SAYS: Mapping[str, Trouble] = {
    "access_denied": "cancelled",
    "login_required": "cancelled",
    "interaction_required": "cancelled",
    "temporarily_unavailable": "away",
    "server_error": "away",
}
_security = SecurityLog()
router = APIRouter(prefix="/api/session/company")


class _NotSignedIn(Exception):  # noqa: N818  leaves a function early; not an error
    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


@router.get("", status_code=303, response_class=Response, responses=problems(404, 429))
async def to_provider(request: Request) -> Response:
    """Redirect a browser to the company's sign-in page; `back` is the page to return to."""
    company = _company(request)
    back_to = own_path(request.query_params.get("back", "/"))
    public = parts(request).settings.public_url
    try:
        _check(request, company)
        if urlsplit(public).netloc != cookies.host_of(request.scope):
            # The provider redirects to PUBLIC_URL, so the cookie must be set at that host.
            return _lead(f"{public.rstrip('/')}{back_to}#sign-in=elsewhere")
        if request.headers.get("sec-fetch-site") in _FOREIGN:
            return _lead(back_to)
        shown = cookies.session_of(request.scope, request.headers)
        before = "" if shown is None else sessions.digest(shown.text).hex()
        login = Login.begin(sessions.new_secret(), back_to, time.time(), before)
        address = await company.provider.address_for(login)
    except ProviderAwayError:
        return _failed(request, back_to, "away")
    except _NotSignedIn as exc:
        return _failed(request, back_to, exc.trouble)
    return _lead(address, cookies.set_login(request.scope, login.cookie()))


@router.get("/callback", status_code=303, response_class=Response, responses=problems(404, 429))
async def from_provider(request: Request) -> Response:
    """Receive the provider's answer from a browser: start a session, or show why not."""
    company = _company(request)
    login = Login.read(cookies.login_of(request.scope, request.headers), time.time())
    address = cookies.shown_address(request.scope)
    try:
        secret = await _signed_in(request, company, login, address)
    except _NotSignedIn as exc:
        reason = "".join(filter(str.isprintable, exc.reason))[:300]
        _security.refused(401, address, f"company login, {exc.trouble}: {reason}")
        return _failed(request, "/" if login is None else login.back_to, exc.trouble)
    response = _lead(f"{login.back_to if login else '/'}#signed-in")
    response.headers.append("Set-Cookie", cookies.set_login(request.scope, ""))
    response.headers.append("Set-Cookie", cookies.set_cookie(request.scope, secret))
    return response


@router.post("/logout", status_code=204, responses=problems(404, 413, 422))
async def logged_out(request: Request) -> Response:
    """End the sessions that the provider's logout token names (OpenID back-channel logout)."""
    company = _company(request)
    given = dict(parse_qsl((await request.body()).decode("latin-1")))
    try:
        await company.end_signed_out(given.get("logout_token", ""))
    except ProviderRefusesError as exc:
        raise InvalidInputError("logout_token", str(exc)) from None
    except ProviderAwayError:
        raise TooManyRequestsError(10) from None
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def _signed_in(
    request: Request, company: "CompanySessions", login: Login | None, address: str
) -> str:
    """Check the provider's answer and start a session; return its secret."""
    _check(request, company)
    given = request.query_params
    if login is None or not login.answers(given.get("state", "")):
        raise _NotSignedIn("expired", "the answer is not for this browser, or came too late")
    if "error" in given:
        reason = f"the provider says {given['error']}"
        raise _NotSignedIn(_PROVIDER_SAYS.get(given["error"], "failed"), reason)
    running = parts(request)
    origin = Origin(address, request.headers.get("user-agent", ""))
    try:
        granted = await company.provider.redeem(login, given.get("code", ""), given.get("iss"))
        secret, begun = await company.begin(granted, origin)
    except ProviderAwayError as exc:
        raise _NotSignedIn("away", str(exc)) from None
    except UnavailableError as exc:
        raise _NotSignedIn("unavailable", exc.detail) from None
    except ProviderRefusesError as exc:
        raise _NotSignedIn("failed", str(exc)) from None
    except NameTakenError as exc:
        raise _NotSignedIn("name", str(exc)) from None
    except NotAllowedError as exc:
        raise _NotSignedIn("refused", str(exc)) from None
    if login.before:
        await running.sessions.end_by(bytes.fromhex(login.before))
    _security.signed_in(begun, address)
    return secret


def _company(request: Request) -> "CompanySessions":
    company = parts(request).company
    if company is None:
        raise PathNotFoundError
    return company


def _check(request: Request, company: "CompanySessions") -> None:
    if not cookies.takes_passwords(request.scope):
        raise _NotSignedIn("insecure", "without HTTPS")
    if company.tries.try_admit(cookies.address_of(request.scope), time.monotonic()) > 0:
        raise _NotSignedIn("busy", "too many attempts")


def _failed(request: Request, back_to: str, trouble: Trouble) -> Response:
    return _lead(f"{back_to}#sign-in={trouble}", cookies.set_login(request.scope, ""))


def _lead(address: str, cookie: str | None = None) -> Response:
    headers: dict[str, Any] = {"Location": address, "Cache-Control": "no-store"}
    return Response(status_code=303, headers=headers | ({"Set-Cookie": cookie} if cookie else {}))
