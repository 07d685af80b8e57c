"""The gate that every request passes first. It checks host name, token or session, and rate."""

import hmac
import time
from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_access.credentials import Credential, bearer, of_token
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.limits import Buckets
from orders_access.origins import host_is_ours
from orders_access.principal import ANYONE, Principal
from orders_access.revocations import Revocations
from orders_access.security_log import REFUSED_STATUSES, SecurityLog
from orders_access.settings import AccessSettings
from orders_api import metrics
from orders_api.cookies import address_of, host_of, is_from_own_page, session_of
from orders_api.errors import (
    ApiError,
    DatabaseUnavailableError,
    ForeignPageError,
    MisdirectedError,
    StatementError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from orders_api.problems import from_error
from orders_api.reads import Reads
from orders_api.requests import path_of
from orders_api.sessions import Sessions

PUBLIC = (
    "/api/health",
    "/api/docs",
    "/api/openapi.json",
    "/api/session",
    "/api/set-up",
    metrics.PATH,
)
"""Paths that need no token; the same holds for all paths below them."""

GATEWAY = Principal("gateway", "viewer")
"""The principal of a gateway. It is compared by identity, because a token may have its subject."""


_WITHOUT_ROWS = (
    "/api/all-sessions",
    "/api/me",
    "/api/preferences",
    "/api/schema",
    "/api/sessions",
    "/api/settings",
    "/api/templates",
    "/api/tokens",
    "/api/users",
    "/api/views",
)
"""Paths whose reads the security log omits; the same holds for all paths below them."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Running(Protocol):
    """The parts of the running API that the gate uses."""

    sessions: Sessions


class Checker(Protocol):
    """Verifies tokens."""

    async def verify(self, token: str) -> Principal:
        """Return the principal, or raise InvalidTokenError."""


class Gate:
    """Stores the principal in the request's state, or refuses the request.

    Every path that is not public needs a principal. Open mode has no tokens and no limits, because
    all clients are on this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: AccessSettings,
        revocations: Revocations,
        requests: Buckets,
        times: metrics.RequestTimes,
    ) -> None:
        self._app = app
        self._verifier: Checker | None = None if settings.is_open else settings.verifier()
        self._internal = settings.internal_token().encode()
        self._revocations = revocations
        self._requests = requests
        self._times = times
        self._reads = Reads(requests)
        self._security = SecurityLog()
        self._audits = settings.audit_reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = path_of(scope)
        principal: Principal | None = None
        began_s = time.perf_counter()
        scope.setdefault("state", {})["tried"] = ""

        async def noting(message: Message) -> None:
            if (status := message.get("status")) is not None:
                self._times.note(scope["method"], status, time.perf_counter() - began_s)
                self._note(scope, principal, status)
            await send(message)

        try:
            principal = await self._admit(scope)
        except ApiError as error:
            await from_error(error)(scope, receive, noting)
            return
        scope["state"]["principal"] = principal
        if principal is None or not self._is_bounded(scope, principal):
            await self._app(scope, receive, noting)
            return
        try:
            async with self._reads.turn(_key(principal)) as charge:

                async def charging(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        charge()
                    await noting(message)

                await self._app(scope, receive, charging)
        except TooManyRequestsError as error:
            await from_error(error)(scope, receive, noting)

    def _is_bounded(self, scope: Scope, principal: Principal) -> bool:
        """Return whether the time of a request is charged to its subject: a read, or many rows."""
        is_long = scope["method"] == "GET" or is_bulk(scope)
        return is_long and self._verifier is not None and principal != GATEWAY

    async def _admit(self, scope: Scope) -> Principal | None:
        if self._verifier is None:
            if not host_is_ours(host_of(scope)):
                raise MisdirectedError
            return ANYONE
        headers = Headers(scope=scope)
        tokens = headers.getlist("authorization")
        if self._is_gateway(tokens):
            return GATEWAY
        self._limit(f"address:{address_of(scope)}")
        try:
            principal = await self._identify(self._verifier, scope, tokens, headers)
        except UnauthorizedError:
            if is_public(scope["path"]):
                return None
            raise
        self._limit(_key(principal))
        return principal

    async def _identify(
        self, verifier: Checker, scope: Scope, tokens: Sequence[str], headers: Headers
    ) -> Principal:
        shown = _credential(tokens) if tokens else session_of(scope, headers)
        if shown is None:
            raise UnauthorizedError("")
        if shown.is_session:
            principal = await self._of_session(shown, scope, headers, by_cookie=not tokens)
        else:
            try:
                principal = await verifier.verify(shown.text)
            except InvalidTokenError as exc:
                raise UnauthorizedError(str(exc)) from None
            except KeysUnavailableError:
                raise UnavailableError from None
        if not self._revocations.known:
            raise UnavailableError
        if self._revocations.covers(principal):
            raise UnauthorizedError(principal.ending("the token was revoked"))
        return principal

    async def _of_session(
        self, shown: Credential, scope: Scope, headers: Headers, *, by_cookie: bool
    ) -> Principal:
        """Return the principal of a session; writes by cookie must come from a page of ours."""
        writes = scope["method"] not in _SAFE
        if by_cookie and writes and not is_from_own_page(scope, headers):
            raise ForeignPageError
        running: Running = scope["app"].state.parts
        is_active = by_cookie and writes  # pages also read without a person's doing
        try:
            principal = await running.sessions.find(shown.text, is_active=is_active)
        except StatementError:  # the tables are from an earlier version
            raise DatabaseUnavailableError from None
        if principal is None:
            raise UnauthorizedError(
                "the session has ended" if by_cookie else "the token has expired"
            )
        return principal

    def _note(self, scope: Scope, principal: Principal | None, status: int) -> None:
        """Log refusals, and reads if configured, in the security log, without values."""
        address = address_of(scope)
        if status in REFUSED_STATUSES:
            subject = scope["state"]["tried"] if principal is None else principal.subject
            self._security.refused(status, address, _place(scope), subject)
            return
        is_read = scope["method"] == "GET" and principal not in (None, GATEWAY)
        is_of_rows = not _is_below(scope["path"], PUBLIC + _WITHOUT_ROWS)
        if self._audits and principal is not None and is_read and is_of_rows:
            names = " ".join(sorted({name for name, _ in parse_qsl(_query(scope), True)}))
            self._security.read(principal, address, scope["path"][:300], names[:300])

    def _is_gateway(self, tokens: Sequence[str]) -> bool:
        shown = (bearer(tokens[0]) or "") if len(tokens) == 1 else ""
        return self._internal != b"" and hmac.compare_digest(
            shown.encode(errors="replace"), self._internal
        )

    def _limit(self, key: str) -> None:
        wait_s = self._requests.try_admit(key, time.monotonic())
        if wait_s > 0:
            raise TooManyRequestsError(wait_s)


def _credential(tokens: Sequence[str]) -> Credential | None:
    token = bearer(tokens[0]) if len(tokens) == 1 else None
    return None if token is None else of_token(token)


def _key(principal: Principal) -> str:
    """Return the key under which the requests of a subject are counted."""
    return f"subject:{principal.subject}"


def _place(scope: Scope) -> str:
    """Return the beginning of a path, without the part that may be the key of a row."""
    beginning: str = "/".join(scope["path"].split("/")[:4])[:100]
    return beginning


def is_bulk(scope: Scope) -> bool:
    """Return whether a request changes or deletes many rows."""
    if scope["method"] not in ("PATCH", "DELETE"):
        return False
    path: str = scope["path"]  # decoded, the form in which routes are matched
    table = path.removeprefix("/api/tables/")
    return path == "/api/orders" or (table != path and "/" not in table)


def _query(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return query.decode("latin-1")


def is_public(path: str) -> bool:
    """Return whether a path needs no token."""
    return _is_below(path, PUBLIC)


def _is_below(path: str, roots: Iterable[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in roots)
