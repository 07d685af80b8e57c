"""Who is let in: pages by their origin, people by token or ticket, all of them in bounds."""

import redis.asyncio as redis
from websockets.http11 import Request

from orders_access import tickets
from orders_access.credentials import Credential, of_handshake
from orders_access.errors import InvalidTokenError
from orders_access.limits import Tally
from orders_access.origins import host_is_ours, origin_is_ours
from orders_access.principal import ANYONE, Principal
from orders_access.revocations import Revocations
from orders_gateway.errors import ForeignOriginError, RedisUnavailableError
from orders_gateway.settings import Settings
from orders_wire import failures_as


class Door:
    """Lets clients in, and knows how many each address and each subject has inside."""

    def __init__(self, settings: Settings, client: redis.Redis) -> None:
        self._settings = settings
        self._redis = client
        self._verifier = None if settings.is_open else settings.verifier()
        self.revocations = Revocations()
        self.addresses = Tally(settings.connections_per_address)
        self.subjects = Tally(settings.connections_per_subject)

    @property
    def is_open(self) -> bool:
        """Whether everyone is let in, and nobody counted: they are all on this machine."""
        return self._verifier is None

    @property
    def is_ready(self) -> bool:
        """Whether tokens can be told from revoked ones."""
        return self.is_open or self.revocations.known

    def check_page(self, request: Request) -> None:
        """Refuse a page of another origin, and a name for this machine that is none of its own.

        Raises:
            ForeignOriginError: it is one.

        """
        host = request.headers.get("Host", "")
        if self.is_open and not host_is_ours(host):
            raise ForeignOriginError
        for origin in request.headers.get_all("Origin"):
            if not origin_is_ours(origin, host, self._settings.allowed_origins):
                raise ForeignOriginError

    async def look_at(self, request: Request) -> Principal | None:
        """Return whom the handshake speaks for; None if it shows nothing.

        Raises:
            InvalidTokenError: what it shows is not accepted.
            KeysUnavailableError, RedisUnavailableError: that cannot be told right now.

        """
        if self.is_open:
            return ANYONE
        headers = request.headers.get_all("Authorization")
        if len(headers) > 1:
            raise InvalidTokenError("more than one Authorization header")
        offered = offered_subprotocols(request)
        credential = of_handshake(headers[0] if headers else None, offered)
        return None if credential is None else await self.identify(credential)

    async def identify(self, credential: Credential) -> Principal:
        """Return whom a token or ticket speaks for; raises as ``look_at``."""
        if self._verifier is None:
            return ANYONE
        if credential.is_ticket:
            principal = await self._redeem(credential.text)
        else:
            principal = await self._verifier.verify(credential.text)
        if self.revocations.covers(principal):
            raise InvalidTokenError("the token was revoked")
        return principal

    async def _redeem(self, ticket: str) -> Principal:
        with failures_as(RedisUnavailableError):
            return await tickets.redeem(self._redis, ticket)

    async def watch_revocations(self) -> bool:
        """Look for new revocations; True if there are any.

        Raises:
            RevocationsUnavailableError: Redis does not answer.

        """
        return await self.revocations.refresh(self._redis)

    def address(self, peer: str, request: Request) -> str:
        """Return the client's address: the edge's word for it, if it comes from the edge."""
        trusted = self._settings.forwarded_allow_ips
        if trusted != "*" and peer not in {each.strip() for each in trusted.split(",")}:
            return peer
        forwarded = request.headers.get_all("X-Forwarded-For")
        return forwarded[0].split(",")[0].strip() if forwarded else peer


def offered_subprotocols(request: Request) -> list[str]:
    """Return the subprotocols a handshake asks for."""
    listed = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    return [each.strip() for each in listed.split(",") if each.strip()]
