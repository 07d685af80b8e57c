"""Which tokens no longer count. PostgreSQL keeps them; Redis tells everyone; this reads Redis.

One Redis hash: field ``token:<id>`` or ``subject:<name>``, value a time (seconds since 1970): until
when it matters, and before when a subject's tokens were issued that no longer count. The field
``version`` changes with every change, so a look costs one small answer.
"""

from collections.abc import Mapping

import redis.asyncio as redis

from orders_access.errors import RevocationsUnavailableError
from orders_access.principal import Principal
from orders_contract.names import REVOKED_KEY

VERSION_FIELD = "version"


class Revocations:
    """What is revoked, as far as this process knows. ``known`` is False before the first look."""

    def __init__(self) -> None:
        self._times: Mapping[str, float] = {}
        self._version: str | None = None

    @property
    def known(self) -> bool:
        """Whether it was ever read: until then nobody can be let in."""
        return self._version is not None

    def covers(self, principal: Principal) -> bool:
        """Tell whether a principal's token no longer counts."""
        if token_field(principal.token_id) in self._times:
            return True
        before = self._times.get(subject_field(principal.subject))
        # A token that does not say when it was issued may be one of those.
        return before is not None and (principal.issued is None or principal.issued <= before)

    async def refresh(self, client: redis.Redis) -> bool:
        """Look whether anything has changed; True if so. What Redis has lost still counts.

        Raises:
            RevocationsUnavailableError: Redis does not answer.

        """
        try:
            version = await client.hget(REVOKED_KEY, VERSION_FIELD)
            if version is None or _text(version) == self._version:
                return False
            entries = await client.hgetall(REVOKED_KEY)
        except (redis.RedisError, OSError) as exc:
            raise RevocationsUnavailableError(str(exc) or type(exc).__name__) from exc
        read = {_text(field): _text(value) for field, value in entries.items()}
        self._version = read.pop(VERSION_FIELD, self._version)
        self._times = {field: float(value) for field, value in read.items()}
        return True


def token_field(token_id: str) -> str:
    """Return the field of one token."""
    return f"token:{token_id}"


def subject_field(subject: str) -> str:
    """Return the field of all that a subject had."""
    return f"subject:{subject}"


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
