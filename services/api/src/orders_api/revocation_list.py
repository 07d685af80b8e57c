"""The list of revoked tokens, stored in PostgreSQL; every process reads a copy from Redis."""

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis.exceptions import RedisError

from orders_access.errors import RevocationsUnavailableError
from orders_access.revocations import VERSION_FIELD, Revocations, subject_field, token_field
from orders_api import queries
from orders_api.database import Database
from orders_api.errors import DatabaseUnavailableError, RedisUnavailableError
from orders_service.redis_client import RedisClient, failures_as
from orders_service.tasks import pause

LOOK_EVERY_S = 0.5
LOOK_INTO_DATABASE_EVERY_S = 1.0
KEPT = timedelta(days=400)
"""How long the revocation of a subject, or of a token whose expiry is not known, is kept."""

logger = structlog.get_logger()


class RevocationList:
    """Writes the revocation list, and keeps this process's copy current."""

    def __init__(self, database: Database, client: RedisClient, revocations: Revocations) -> None:
        self._database = database
        self._redis = client
        self._revocations = revocations
        self._in_redis = False
        self._mark: Any = None
        self._looked_at_s = -LOOK_INTO_DATABASE_EVERY_S

    async def revoke_token(self, token_id: str, expires: float | None = None) -> None:
        """Revoke one token; ``expires`` is when the token would have expired.

        Raises:
            DatabaseUnavailableError: nothing was revoked.
            RedisUnavailableError: the revocation is stored and takes effect once Redis is back.

        """
        ends = datetime.now(UTC) + KEPT if expires is None else datetime.fromtimestamp(expires, UTC)
        await self._revoke(token_field(token_id), ends, ends + timedelta(hours=1))

    async def revoke_subject(self, subject: str) -> None:
        """Revoke all present tokens of a subject. Raises the errors of ``revoke_token``."""
        now = datetime.now(UTC)
        await self._revoke(subject_field(subject), now, now + KEPT)

    async def _revoke(self, name: str, counts_until: datetime, kept_until: datetime) -> None:
        values = {"name": name, "counts_until": counts_until, "kept_until": kept_until}
        async with self._database.transaction() as connection:
            await connection.execute(queries.REVOKE, values)
            await connection.execute(queries.FORGET_REVOKED)
        await self.publish()

    async def publish(self) -> None:
        """Copy the list from PostgreSQL to Redis. Raises the errors of ``revoke_token``."""
        self._in_redis = False
        await self._write_to_redis()

    async def keep_in_sync(self, stop: asyncio.Event) -> None:
        """Keep Redis and this process in sync with the list until ``stop`` is set."""
        while not stop.is_set():
            try:
                if not await self._is_in_redis():
                    await self._write_to_redis()
                if await self._revocations.refresh(self._redis):
                    logger.info("revocations_read")
                await self._look_into_database()
            except (
                DatabaseUnavailableError,
                RedisUnavailableError,
                RevocationsUnavailableError,
                RedisError,
                OSError,
            ):
                # Health reports the fault. Until Redis is back, the list is read from PostgreSQL.
                self._in_redis = False
            await pause(LOOK_EVERY_S, stop)

    async def _is_in_redis(self) -> bool:
        if not self._in_redis or self._revocations.is_redis_behind:
            return False
        return bool(await self._redis.hexists(self._redis.names.revoked, VERSION_FIELD))

    async def read(self) -> dict[str, float]:
        """Return the list in PostgreSQL: names, and times in seconds since 1970.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.

        """
        return dict(await self._database.all(queries.REVOKED))

    async def _look_into_database(self) -> None:
        """Write the list to Redis again if SQL changed it, for example at the end of a session."""
        if time.monotonic() - self._looked_at_s < LOOK_INTO_DATABASE_EVERY_S:
            return
        self._looked_at_s = time.monotonic()
        mark = await self._database.one(queries.REVOKED_MARK, {})
        if mark != self._mark:
            await self._write_to_redis()
            self._mark = mark

    async def _write_to_redis(self) -> None:
        """Read the list and add it to Redis. Nothing is removed, so processes may write at once."""
        times = await self.read()
        self._revocations.replace(times)
        self._revocations.is_redis_behind = False
        entries: dict[Any, Any] = {name: str(time_s) for name, time_s in times.items()}
        entries[VERSION_FIELD] = secrets.token_hex(8)
        with failures_as(RedisUnavailableError):
            await self._redis.hset(self._redis.names.revoked, mapping=entries)
        self._in_redis = True
