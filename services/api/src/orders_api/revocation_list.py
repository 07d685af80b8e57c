"""Revoking tokens: kept in PostgreSQL, told through Redis, given to Redis again when it forgot."""

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import redis.asyncio as redis
import structlog

from orders_access.errors import RevocationsUnavailableError
from orders_access.revocations import VERSION_FIELD, Revocations, subject_field, token_field
from orders_api import queries
from orders_api.database import Database
from orders_api.errors import DatabaseUnavailableError, RedisUnavailableError
from orders_contract.names import REVOKED_KEY

LOOK_EVERY_S = 0.5
KEPT = timedelta(days=400)
"""A subject's, and a token's whose end is not known. No token should live that long."""

logger = structlog.get_logger()


class RevocationList:
    """The writer of the list, and this process's reader of it."""

    def __init__(self, database: Database, client: redis.Redis, revocations: Revocations) -> None:
        self._database = database
        self._redis = client
        self._revocations = revocations
        self._told = False

    async def revoke_token(self, token_id: str, expires: float | None = None) -> None:
        """Let one token count no longer; ``expires`` is when it would have ended by itself.

        Raises:
            DatabaseUnavailableError: nothing was revoked.
            RedisUnavailableError: it is written down, and counts once Redis is back.

        """
        ends = datetime.now(UTC) + KEPT if expires is None else datetime.fromtimestamp(expires, UTC)
        await self._revoke(token_field(token_id), ends, ends + timedelta(hours=1))

    async def revoke_subject(self, subject: str) -> None:
        """Let nothing that a subject was given so far count any longer; raises as the other."""
        now = datetime.now(UTC)
        await self._revoke(subject_field(subject), now, now + KEPT)

    async def _revoke(self, name: str, counts_until: datetime, kept_until: datetime) -> None:
        values = {"name": name, "counts_until": counts_until, "kept_until": kept_until}
        async with self._database.writing() as connection:
            await connection.execute(queries.REVOKE, values)
            await connection.execute(queries.FORGET_REVOKED)
        self._told = False
        await self._tell()

    async def keep_told(self, stop: asyncio.Event) -> None:
        """See to it, until told to stop, that Redis has the list and this process knows it."""
        while not stop.is_set():
            try:
                if not self._told or not await self._redis.hexists(REVOKED_KEY, VERSION_FIELD):
                    await self._tell()
                if await self._revocations.refresh(self._redis):
                    logger.info("revocations_read")
            except (
                DatabaseUnavailableError,
                RedisUnavailableError,
                RevocationsUnavailableError,
                redis.RedisError,
                OSError,
            ):
                pass  # health tells who is away; what is known goes on counting
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()

    async def _tell(self) -> None:
        """Give Redis everything: adding only, so that two who tell at once do no harm."""
        async with self._database.reading() as connection:
            rows = await (await connection.execute(queries.REVOKED)).fetchall()
        entries: dict[Any, Any] = {str(name): str(time_s) for name, time_s in rows}
        entries[VERSION_FIELD] = secrets.token_hex(8)
        try:
            await self._redis.hset(REVOKED_KEY, mapping=entries)
        except (redis.RedisError, OSError) as exc:
            raise RedisUnavailableError from exc
        self._told = True
