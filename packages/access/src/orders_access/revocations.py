"""The list of revoked tokens. PostgreSQL stores it, and Redis has a copy that this module reads.

While Redis does not answer, the API reads PostgreSQL and gateways ask the API.

The list is a Redis hash. Field ``token:<id>`` revokes one token; its value is the time until which
the entry is needed. Field ``subject:<name>`` revokes all tokens of a subject that were issued up to
the time in its value. Times are seconds since 1970. Field ``version`` changes with every change of
the list, so that checking for changes is cheap.
"""

from collections.abc import Mapping

from redis.exceptions import RedisError

from orders_access.errors import RevocationsUnavailableError
from orders_access.principal import Principal
from orders_service.redis_client import RedisClient

VERSION_FIELD = "version"
REDIS_TIMEOUT_S = 1.0
"""Short, so that a revocation takes effect within two seconds, also while Redis hangs."""


class Revocations:
    """The list of revoked tokens, as far as this process has read it.

    ``leeway_s`` is how far the issuer's clock may be ahead: a token issued before a revocation
    of its subject may have an ``iat`` up to this much after the revocation.
    """

    def __init__(self, leeway_s: float = 60.0) -> None:
        self._leeway_s = leeway_s
        self._times: Mapping[str, float] = {}
        self._version: str | None = None
        self.is_redis_behind = False
        """Whether Redis lacked something that this process knew when it last read the list."""

    @property
    def known(self) -> bool:
        """Whether the list has been read; until then no token can be accepted."""
        return self._version is not None

    def covers(self, principal: Principal) -> bool:
        """Return whether a principal's token is revoked."""
        if token_field(principal.token_id) in self._times:
            return True
        before = self._times.get(subject_field(principal.subject))
        if before is None:
            return False
        leeway_s = (
            self._leeway_s if principal.session is None else 0
        )  # the revocation has the same clock
        return principal.issued is None or principal.issued <= before + leeway_s

    def replace(self, times: Mapping[str, float]) -> bool:
        """Replace the list by the one in PostgreSQL; return whether it changed."""
        changed = times != self._times
        self._times = times
        self._version = self._version or ""
        return changed

    async def refresh(self, client: RedisClient) -> bool:
        """Read the list if it has changed; return whether it was read.

        Entries read before stay valid, because Redis may have lost the list or its newest part.

        Raises:
            RevocationsUnavailableError: Redis does not answer.

        """
        try:
            version = await client.hget(client.names.revoked, VERSION_FIELD)
            if version is None or _text(version) == self._version:
                return False
            entries = await client.hgetall(client.names.revoked)
        except (RedisError, OSError) as exc:
            raise RevocationsUnavailableError(str(exc) or type(exc).__name__) from exc
        read = {_text(field): _text(value) for field, value in entries.items()}
        self._version = read.pop(VERSION_FIELD, self._version)
        times = {field: float(value) for field, value in read.items()}
        self._times = joined(self._times, times)
        self.is_redis_behind = self._times != times
        return True


def joined(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return the entries of both; for a name in both, the later time, which revokes more."""
    return {name: max(each.get(name, 0.0) for each in (one, other)) for name in {*one, *other}}


def token_field(token_id: str) -> str:
    """Return the name of the field that revokes one token."""
    return f"token:{token_id}"


def subject_field(subject: str) -> str:
    """Return the name of the field that revokes all tokens of a subject."""
    return f"subject:{subject}"


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
