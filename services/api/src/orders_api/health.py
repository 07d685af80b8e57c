"""The state of the whole system, read from PostgreSQL and Redis only (I9)."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, replace
from typing import Self

import structlog
from redis.exceptions import RedisError

from orders_access.limits import Buckets
from orders_api import growth, queries
from orders_api.database import Database
from orders_api.errors import DatabaseUnavailableError, StatementError
from orders_api.growth import Storage, Thresholds
from orders_api.models import (
    Checks,
    GatewayCheck,
    Health,
    LimitsCheck,
    ListenerCheck,
    ServerCheck,
)
from orders_api.records import Backlog
from orders_service import redis_errors
from orders_service.postgres_errors import NO_SCHEMA, STANDBY
from orders_service.redis_client import redis_client
from orders_service.redis_servers import RedisServers

CHECK_TIMEOUT_S = 1.0
MAX_LAG_S = 5.0
MAX_NOTIFICATIONS = 0.5
"""Fill level of the NOTIFY queue beyond which writers do not notify (``order_writer_silent``)."""
NO_ANSWER = f"PostgreSQL did not answer within {CHECK_TIMEOUT_S:g} s"

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Presence:
    """The state in Redis: how far the stream is published, and which processes are present."""

    stream: str
    published: int
    listener: bool
    gateways: int
    connections: int
    refused: int = 0
    memory_mb: int = 0
    full: int = 0


class HealthProbe:
    """Reads the state from the database and Redis; each may take a second at most."""

    def __init__(
        self, database: Database, redis: RedisServers, requests: Buckets, limits: Thresholds
    ) -> None:
        self._limits = limits
        self._database = database
        self._requests = requests
        self._redis = redis_client(redis, timeout_s=CHECK_TIMEOUT_S, decode_responses=True)
        self._redis_failure = ""
        self._asking: asyncio.Task[Backlog | str] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking
        await self._redis.aclose()

    async def check(self) -> Health:
        """Read the state now and return the verdict on it."""
        presence, backlog = await self.look()
        return verdict(presence, backlog, self._limits, self._requests.refused)

    async def look(self) -> tuple[Presence | str, Backlog | str]:
        """Return the states in Redis and in the database; a text says why one does not answer."""
        presence = await self._presence()
        self._note_redis(presence if isinstance(presence, str) else "")
        return presence, await self._backlog_in_time(presence)

    async def _backlog_in_time(self, presence: Presence | str) -> Backlog | str:
        """Query the database; stop waiting after a second, but do not cancel the query.

        A server that does not answer would not answer a cancellation either. No second query is
        sent while the first one is unanswered.
        """
        # The result of an earlier check's query would be out of date.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._backlog(presence))
        done, _ = await asyncio.wait({self._asking}, timeout=CHECK_TIMEOUT_S)
        if not done:
            return self._database.failure or NO_ANSWER
        self._asking = None
        return done.pop().result()

    async def _backlog(self, presence: Presence | str) -> Backlog | str:
        known = None if isinstance(presence, str) else presence
        values = {
            "redis": known is not None,
            "stream": known and known.stream,
            "published": known and known.published,
        }
        ages = {"transaction_s": self._limits.transaction_s, "hidden_after": growth.HIDDEN_AFTER}
        try:
            async with self._database.connection(CHECK_TIMEOUT_S) as connection:
                row = await (await connection.execute(queries.BACKLOG, values)).fetchone()
                storage = await (await connection.execute(queries.STORAGE, ages)).fetchone()
        except DatabaseUnavailableError:
            return self._database.failure or NO_ANSWER
        except StatementError as exc:
            return exc.explanation
        return replace(Backlog(*row), storage=Storage(*storage)) if row and storage else NO_SCHEMA

    async def _presence(self) -> Presence | str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await self._read_presence()
        except TimeoutError:
            return redis_errors.NO_ANSWER
        except (RedisError, OSError) as exc:
            return redis_errors.explain(exc)
        except ValueError:
            return "Redis holds values that this system did not write"

    def _note_redis(self, failure: str) -> None:
        if failure and not self._redis_failure:
            logger.warning("redis_away", error=failure)
        elif self._redis_failure and not failure:
            logger.info("redis_back")
        self._redis_failure = failure

    async def _read_presence(self) -> Presence:
        names = self._redis.names
        stream, position = await self._redis.hmget(names.head, ["stream", "position"])
        listener = await self._redis.exists(names.listener)
        keys = [key async for key in self._redis.scan_iter(f"{names.gateways}*", count=1000)]
        gateways = [json.loads(text) for text in await self._redis.mget(keys) if text]
        return Presence(
            stream=str(stream),
            published=int(position or 0),
            listener=bool(listener),
            gateways=len(gateways),
            connections=sum(int(gateway.get("connections", 0)) for gateway in gateways),
            refused=sum(int(gateway.get("refused", 0)) for gateway in gateways),
            memory_mb=sum(int(gateway.get("memory_mb", 0)) for gateway in gateways),
            full=sum(gateway.get("full") is not None for gateway in gateways),
        )


def verdict(
    presence: Presence | str, backlog: Backlog | str, limits: Thresholds, refused: int = 0
) -> Health:
    """Return the state of the system; an argument that is a text says why it is not known."""
    seen = None if isinstance(presence, str) else presence
    waiting = None if isinstance(backlog, str) else backlog
    checks = Checks(
        database=_database(backlog),
        redis=_failed(presence) if isinstance(presence, str) else ServerCheck(status="ok"),
        listener=_listener(seen, waiting),
        gateways=_gateways(seen),
        storage=_storage(waiting, limits),
        limits=LimitsCheck(status="ok", requests=refused, connections=seen and seen.refused),
    )
    if waiting is None:
        return Health(status="down", checks=checks)
    states = (checks.database, checks.redis, checks.listener, checks.gateways, checks.storage)
    fine = all(check.status == "ok" for check in states)
    return Health(status="ok" if fine else "degraded", checks=checks)


def _database(backlog: Backlog | str) -> ServerCheck:
    if isinstance(backlog, str):
        return _failed(backlog)
    if backlog.is_standby:
        reason = STANDBY
    elif not backlog.triggers_fire:
        reason = "session_replication_role is replica: changes through the API make no events"
    elif backlog.notifications > MAX_NOTIFICATIONS:
        reason = (
            f"the NOTIFY queue is {backlog.notifications:.0%} full: end the session that listens"
            " and stays in a transaction; until then changes are found within a second"
        )
    else:
        return ServerCheck(status="ok")
    return ServerCheck(status="degraded", reason=reason)


def _storage(backlog: Backlog | None, limits: Thresholds) -> ServerCheck:
    if backlog is None:
        return ServerCheck(status="unknown")
    reason = growth.warning(backlog.storage, limits)
    return ServerCheck(status="degraded" if reason else "ok", reason=reason)


def _failed(reason: str) -> ServerCheck:
    return ServerCheck(status="down", reason=reason)


def _listener(presence: Presence | None, backlog: Backlog | None) -> ListenerCheck:
    lag_events = backlog.events if backlog and presence else None
    lag_seconds = backlog.seconds if backlog else None
    if presence is None:
        return ListenerCheck(status="unknown", lag_events=lag_events, lag_seconds=lag_seconds)
    if not presence.listener:
        return ListenerCheck(status="down", lag_events=lag_events, lag_seconds=lag_seconds)
    late = lag_seconds is not None and lag_seconds > MAX_LAG_S
    return ListenerCheck(
        status="degraded" if late else "ok", lag_events=lag_events, lag_seconds=lag_seconds
    )


def _gateways(presence: Presence | None) -> GatewayCheck:
    if presence is None:
        return GatewayCheck(
            status="unknown", count=None, connections=None, memory_mb=None, full=None
        )
    full = presence.full == presence.gateways
    return GatewayCheck(
        status="down" if not presence.gateways else "degraded" if full else "ok",
        count=presence.gateways,
        connections=presence.connections,
        memory_mb=presence.memory_mb,
        full=presence.full,
    )
