"""Check clients before they connect: the page's origin, a credential, connection limits."""

import time
from http import HTTPStatus

import httpx
from websockets.http11 import Request

from orders_access import sessions, tickets
from orders_access.credentials import Credential, of_cookies, of_handshake, session_cookie
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.limits import Buckets, Tally, address_key
from orders_access.origins import host_is_ours, is_own_page, origin_is_ours
from orders_access.principal import ANYONE, Principal
from orders_access.revocations import Revocations
from orders_access.security_log import SecurityLog
from orders_gateway.errors import (
    ForeignOriginError,
    RedisUnavailableError,
    SessionsUnavailableError,
)
from orders_gateway.settings import Settings
from orders_service.redis_client import RedisClient, failures_as

LOOK_UPS_PER_S, LOOK_UPS_BURST = 20, 200
"""The limit, for each address, of requests to the API for sessions that are not in Redis."""

UNCHECKED = (KeysUnavailableError, RedisUnavailableError, SessionsUnavailableError)
"""The errors that mean that a credential cannot be checked right now."""


class Door:
    """Authenticates clients and counts connections per address and per subject."""

    def __init__(self, settings: Settings, client: RedisClient, api: httpx.AsyncClient) -> None:
        self._settings = settings
        self._redis = client
        self._api = api
        self._look_ups = Buckets(LOOK_UPS_PER_S, LOOK_UPS_BURST)
        self._verifier = None if settings.is_open else settings.verifier()
        self._keys_version = self._current_keys()
        self.security = SecurityLog()
        self.revocations = Revocations(settings.auth_leeway_s)
        self.addresses = Tally(settings.connections_per_address)
        self.subjects = Tally(settings.connections_per_subject)

    @property
    def is_open(self) -> bool:
        """Whether this is open mode, in which clients need no token and are not counted."""
        return self._verifier is None

    @property
    def is_ready(self) -> bool:
        """Whether the revocation list has been read."""
        return self.is_open or self.revocations.known

    @property
    def refused(self) -> int:
        """How many connections were over a limit."""
        return self.addresses.refused + self.subjects.refused

    def check_page(self, request: Request) -> None:
        """Refuse pages of other origins; in open mode also a Host that is not this machine.

        Raises:
            ForeignOriginError: the request is refused.

        """
        host = request.headers.get("Host", "")
        if self.is_open and not host_is_ours(host):
            raise ForeignOriginError
        over_https = _is_over_https(request)
        for origin in request.headers.get_all("Origin"):
            allowed = self._settings.allowed_origins
            if not origin_is_ours(origin, host, allowed, over_https=over_https):
                raise ForeignOriginError

    async def authenticate(
        self, request: Request, ticket: str | None, address: str
    ) -> Principal | None:
        """Return the principal of a request; None if it carries no credential.

        ``ticket`` is the one-time ticket in the query, because an EventSource cannot set headers.

        Raises:
            InvalidTokenError: the credential is not accepted.
            UNCHECKED: the credential cannot be checked right now.

        """
        if self.is_open:
            return ANYONE
        headers = request.headers.get_all("Authorization")
        if len(headers) > 1:
            raise InvalidTokenError("more than one Authorization header")
        credential = of_handshake(headers[0] if headers else None, _subprotocols(request))
        if credential is None and ticket is not None:
            credential = Credential(ticket, is_ticket=True)
        if credential is None:
            credential = self._session(request)
        return None if credential is None else await self.identify(credential, address)

    def _session(self, request: Request) -> Credential | None:
        """Return the session in a request's cookies, if a page of this system sends it."""
        headers, over_https = request.headers, _is_over_https(request)
        host, origins = headers.get("Host", ""), headers.get_all("Origin")
        sites = headers.get_all("Sec-Fetch-Site")
        if not is_own_page(origins, sites, host, over_https=over_https):
            return None
        name = session_cookie(host, over_https=over_https)
        return of_cookies(headers.get_all("Cookie"), name)

    async def identify(self, credential: Credential, address: str) -> Principal:
        """Return the principal of a token or ticket; raises as ``authenticate``."""
        if self._verifier is None:
            return ANYONE
        if credential.is_ticket:
            with failures_as(RedisUnavailableError):
                principal = await tickets.redeem(self._redis, credential.text)
        elif credential.is_session:
            principal = await self._of_session(sessions.digest(credential.text), address)
        else:
            principal = await self._verifier.verify(credential.text)
        if self.is_revoked(principal):
            raise InvalidTokenError(principal.ending("the token was revoked"))
        return principal

    async def _of_session(self, digest: bytes, address: str) -> Principal:
        """Return the principal of a session: from Redis, else from the API, which stores it there.

        So nobody has to sign in again after Redis has lost its data. The API is also asked if the
        principal in Redis is revoked, because the session may have been given another role.
        """
        with failures_as(RedisUnavailableError):
            known = await sessions.recall(self._redis, digest)
        if known is not None and not self.is_revoked(known):
            return known
        if self._look_ups.try_admit(address, time.monotonic()) > 0:
            raise SessionsUnavailableError("too many sessions that Redis does not know")
        return await self._ask_api(digest)

    async def _ask_api(self, digest: bytes) -> Principal:
        try:
            answer = await self._api.post("/api/session-lookups", json={"digest": digest.hex()})
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise InvalidTokenError("the session has ended")
            answer.raise_for_status()
            return Principal.from_json(answer.json()["principal"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as exc:
            raise SessionsUnavailableError(f"the API does not know sessions: {exc!r}") from exc

    def is_revoked(self, principal: Principal) -> bool:
        """Return whether a principal's token was revoked, or the key that signed it withdrawn."""
        if self._verifier is None:
            return False
        return self.revocations.covers(principal) or not self._verifier.still_accepts(principal)

    def keys_changed(self) -> bool:
        """Return whether the keys that verify tokens changed since the last call."""
        known = self._keys_version
        self._keys_version = self._current_keys()
        if self._keys_version == known:
            return False
        self.security.keys_changed()
        return True

    def _current_keys(self) -> int:
        return 0 if self._verifier is None else self._verifier.keys.version

    def address(self, peer: str, request: Request) -> str:
        """Return the key that the client is counted under: its address or network.

        Behind a trusted proxy the address is that in X-Forwarded-For.
        """
        return address_key(self._client_address(peer, request))

    def _client_address(self, peer: str, request: Request) -> str:
        trusted = self._settings.forwarded_allow_ips
        if trusted != "*" and peer not in {each.strip() for each in trusted.split(",")}:
            return peer
        forwarded = request.headers.get_all("X-Forwarded-For")
        return forwarded[0].split(",")[0].strip() if forwarded else peer


def _is_over_https(request: Request) -> bool:
    return request.headers.get("X-Forwarded-Proto") == "https"


def _subprotocols(request: Request) -> list[str]:
    listed = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    return [each.strip() for each in listed.split(",") if each.strip()]
