"""The gate that every request passes first: its host name, its token, its rate."""

import hmac
import time
from collections.abc import Sequence
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_access.credentials import bearer
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.limits import Buckets, address_key
from orders_access.origins import host_is_ours
from orders_access.principal import ANYONE, Principal
from orders_access.revocations import Revocations
from orders_access.security_log import REFUSED_STATUSES, SecurityLog
from orders_access.settings import AccessSettings
from orders_api import metrics
from orders_api.errors import (
    ApiError,
    MisdirectedError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from orders_api.problems import from_error
from orders_api.reads import Reads

PUBLIC = ("/api/health", "/api/docs", "/api/openapi.json", metrics.PATH)
"""Paths that need no token, with all paths below them."""

GATEWAY = Principal("gateway", "viewer")
"""A gateway; compared by identity, since a token may have this subject."""


class Checker(Protocol):
    """Verifies tokens."""

    async def verify(self, token: str) -> Principal:
        """Return the principal, or raise InvalidTokenError."""


class Gate:
    """Puts the principal into the request's state, or refuses the request.

    Every path is closed unless it is public. In open mode all clients are on this machine: there
    are no tokens and no limits.
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        principal: Principal | None = None
        began_s = time.perf_counter()

        async def noting(message: Message) -> None:
            if (status := message.get("status")) is not None:
                self._times.note(scope["method"], status, time.perf_counter() - began_s)
            if status in REFUSED_STATUSES:
                subject = "" if principal is None else principal.subject
                self._security.refused(status, _address(scope), _place(scope), subject)
            await send(message)

        try:
            principal = await self._admit(scope)
        except ApiError as error:
            await from_error(error)(scope, receive, noting)
            return
        scope.setdefault("state", {})["principal"] = principal
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
        """Tell whether a request is a read that its subject is charged for."""
        return scope["method"] == "GET" and self._verifier is not None and principal != GATEWAY

    async def _admit(self, scope: Scope) -> Principal | None:
        if self._verifier is None:
            if not host_is_ours(_host(scope)):
                raise MisdirectedError
            return ANYONE
        tokens = Headers(scope=scope).getlist("authorization")
        if self._is_gateway(tokens):
            return GATEWAY
        self._limit(f"address:{_address(scope)}")
        try:
            principal = await self._identify(self._verifier, tokens)
        except UnauthorizedError:
            if _is_public(scope["path"]):
                return None
            raise
        self._limit(_key(principal))
        return principal

    async def _identify(self, verifier: Checker, tokens: Sequence[str]) -> Principal:
        token = bearer(tokens[0]) if len(tokens) == 1 else None
        if token is None:
            raise UnauthorizedError("")
        try:
            principal = await verifier.verify(token)
        except InvalidTokenError as exc:
            raise UnauthorizedError(str(exc)) from None
        except KeysUnavailableError:
            raise UnavailableError from None
        if not self._revocations.known:
            raise UnavailableError
        if self._revocations.covers(principal):
            raise UnauthorizedError("the token was revoked")
        return principal

    def _is_gateway(self, tokens: Sequence[str]) -> bool:
        shown = (bearer(tokens[0]) or "") if len(tokens) == 1 else ""
        return self._internal != b"" and hmac.compare_digest(
            shown.encode(errors="replace"), self._internal
        )

    def _limit(self, key: str) -> None:
        wait_s = self._requests.wait_s(key, time.monotonic())
        if wait_s > 0:
            raise TooManyRequestsError(wait_s)


def _key(principal: Principal) -> str:
    """Return what the requests of a subject are counted under."""
    return f"subject:{principal.subject}"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return address_key(client[0] if client else "")


def _place(scope: Scope) -> str:
    """Return the beginning of a path: what follows may be the key of a row."""
    beginning: str = "/".join(scope["path"].split("/")[:4])[:100]
    return beginning


def _host(scope: Scope) -> str:
    hosts = (value for name, value in scope["headers"] if name == b"host")
    found: bytes = next(hosts, b"")
    return found.decode("latin-1")


def _is_public(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in PUBLIC)
