"""Sessions of browsers, and tokens for programs: rows of ``order_sessions``, found by digest."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Json

from orders_access import sessions
from orders_access.claims import scope_of
from orders_access.credentials import PROGRAM
from orders_access.principal import Principal, session_id
from orders_api.database import Database, one
from orders_api.errors import DatabaseUnavailableError, RedisUnavailableError, StatementError
from orders_api.revocation_list import RevocationList
from orders_api.throttle import FORGET_ATTEMPTS
from orders_service.redis_client import RedisClient, failures_as
from orders_service.tasks import pause

_TIDY_EVERY_S = 5.0
_BROWSER_LENGTH = 300
_IN_FORCE = "now() < least(ends_at, idle_ends_at)"  # least() ignores null

_START = """
    INSERT INTO order_sessions
        (digest, subject, role, rows, user_name, ends_at, idle_ends_at, address, browser)
    VALUES (%(digest)s, %(subject)s, %(role)s, %(rows)s, %(user)s, now() + %(lasts)s,
            now() + %(idle)s, %(address)s, %(browser)s)
    RETURNING id::text, started_at, ends_at
"""
_FIND = f"""
    SELECT id::text, subject, role, rows, started_at, ends_at,
           extract(epoch FROM least(ends_at, idle_ends_at) - now())::float8,
           idle_ends_at IS NULL
      FROM order_sessions WHERE digest = %(digest)s AND {_IN_FORCE}
"""  # noqa: S608  a constant
# At most once a minute, because an UPDATE for each request would cost more than the request.
_TOUCH = """
    UPDATE order_sessions SET used_at = now(), idle_ends_at = now() + %(idle)s
     WHERE id = %(id)s::uuid AND used_at < now() - interval '1 minute'
"""
_END = """
    DELETE FROM order_sessions
     WHERE subject = coalesce(%(subject)s, subject) AND id::text = ANY (%(ids)s)
       AND (idle_ends_at IS NULL) = coalesce(%(programs)s::boolean, idle_ends_at IS NULL)
    RETURNING digest, subject
"""
_END_BY = "DELETE FROM order_sessions WHERE digest = %(digest)s RETURNING digest, subject"
_CHANGE = """
    UPDATE order_sessions
       SET id = gen_random_uuid(), role = %(role)s, rows = %(rows)s::jsonb
     WHERE id = %(id)s::uuid AND (role, rows) IS DISTINCT FROM (%(role)s, %(rows)s::jsonb)
    RETURNING digest, subject
"""
_LIST = f"""
    SELECT id::text, subject, role, rows, started_at, used_at, ends_at, address, browser
      FROM order_sessions
     WHERE (idle_ends_at IS NULL) = %(programs)s AND {_IN_FORCE}
       AND subject = coalesce(%(subject)s, subject)
     ORDER BY used_at DESC, id LIMIT 1000
"""  # noqa: S608  a constant
_TIDY = f"DELETE FROM order_sessions WHERE NOT ({_IN_FORCE})"  # noqa: S608  a constant


Also = Callable[[str], tuple[str, dict[str, Any]]]
"""A function that returns a statement and its values for the id of a new session."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session was started: the client's address and the browser's User-Agent."""

    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A session, or a program's token, in a list."""

    id: str
    subject: str
    role: str
    rows: dict[str, list[Any]] | None
    started: datetime
    used: datetime
    ends: datetime
    address: str
    browser: str


class Sessions:
    """Starts, finds and ends sessions, which all API processes share."""

    def __init__(
        self,
        database: Database,
        client: RedisClient,
        revocations: RevocationList,
        lifetimes: tuple[timedelta, timedelta],
    ) -> None:
        """``lifetimes``: how long an unused session lasts, and how long a session lasts at most."""
        self._database = database
        self._redis = client
        self._revocations = revocations
        self._idle, self._lasts = lifetimes

    async def start(
        self, principal: Principal, origin: Origin, *, user: str | None, also: Also | None = None
    ) -> tuple[str, Principal]:
        """Start a browser's session for a principal, after a sign-in by password or company login.

        If ``user`` is given, a change of that row of ``order_users`` ends the session. ``also`` is
        a statement to execute in the same transaction. Return the secret for the cookie, and the
        principal with the session's id and times.
        """
        secret = sessions.new_secret()
        identity, started, ends = await self._insert(
            secret, principal, origin, user, idle=self._idle, lasts=self._lasts, also=also
        )
        return secret, replace(
            principal,
            expires=ends.timestamp(),
            issued=started.timestamp(),
            token_id=session_id(identity),
            key_id=None,
        )

    async def make_token(
        self, principal: Principal, origin: Origin, lasts: timedelta
    ) -> tuple[str, str]:
        """Make a token for a program; return its id and the token.

        The token ends after ``lasts`` or by ``end``, but not because it is unused.
        """
        secret = sessions.new_secret(PROGRAM)
        made = await self._insert(secret, principal, origin, None, idle=None, lasts=lasts)
        return made[0], secret

    async def find(self, secret: str, *, is_active: bool = False) -> Principal | None:
        """Return the principal of a secret, or None; ``is_active``: the person has done something.

        Activity keeps the session from ending as unused.
        """
        found = await self.look_up(sessions.digest(secret))
        if found is None:
            return None
        principal, _ = found
        if is_active:
            await self._database.run(_TOUCH, {"id": principal.session, "idle": self._idle})
        return principal

    async def look_up(self, digest: bytes) -> tuple[Principal, float] | None:
        """Return the principal of a digest and the seconds for which it is valid, or None."""
        row = await self._database.one_or_none(_FIND, {"digest": digest})
        if row is None:
            return None
        identity, subject, role, rows, started, ends, lasts_s, of_program = row
        principal = Principal(
            subject,
            role,
            rows and scope_of(rows),
            ends.timestamp(),
            started.timestamp(),
            session_id(identity, of_program=of_program),
        )
        return principal, lasts_s

    async def tell_gateways(self, digest: bytes, principal: Principal, lasts_s: float) -> None:
        """Store the principal of a session in Redis, where gateways find it next time."""
        with suppress(RedisUnavailableError), failures_as(RedisUnavailableError):
            await sessions.remember(self._redis, digest, principal, lasts_s)

    async def end(
        self, subject: str | None, ids: list[str], *, programs: bool | None = None
    ) -> list[str]:
        """End sessions and tokens by id; return the subjects of those that existed.

        Unless they are None, ``subject`` limits this to one subject, and ``programs`` to tokens of
        programs if true, to sessions if false.

        API processes refuse these secrets at once. Gateways accept no new connections with them,
        and close existing ones within a second, or when Redis is back.
        """
        values = {"subject": subject, "ids": ids, "programs": programs}
        return await self._revoke(_END, values)

    async def end_by(self, digest: bytes) -> bool:
        """End the session or token whose secret has this digest; return whether it existed."""
        return bool(await self._revoke(_END_BY, {"digest": digest}))

    async def change(self, identity: str, principal: Principal) -> bool:
        """Set the role and rows of a session to those of a principal; return whether they differed.

        The cookie stays valid. The session's connections close, and clients reconnect with the new
        rights.
        """
        return bool(
            await self._revoke(
                _CHANGE, {"id": identity, "role": principal.role, "rows": _json(principal)}
            )
        )

    async def _revoke(self, statement: str, values: dict[str, Any]) -> list[str]:
        """Execute a statement that ends or changes sessions, and return the sessions' subjects.

        Gateways then forget these sessions and close their connections.
        """
        rows = await self._database.all(statement.encode(), values)
        with suppress(RedisUnavailableError):
            with failures_as(RedisUnavailableError):
                for digest, _ in rows:
                    await sessions.forget(self._redis, digest)
            if rows:
                await self._revocations.publish()
        return [subject for _, subject in rows]

    async def listed(self, subject: str | None, *, programs: bool = False) -> list[Listed]:
        """Return the sessions of a subject, or of all; with ``programs`` the tokens of programs."""
        values = {"subject": subject, "programs": programs}
        return [Listed(*row) for row in await self._database.all(_LIST, values)]

    async def keep_tidy(self, stop: asyncio.Event) -> None:
        """Delete sessions that have ended, until ``stop`` is set. This closes their connections."""
        while not stop.is_set():
            # Health reports if the database is away or has no tables.
            with suppress(DatabaseUnavailableError, StatementError):
                await self._database.run(_TIDY.encode())
                await self._database.run(FORGET_ATTEMPTS)
            await pause(_TIDY_EVERY_S, stop)

    async def _insert(  # noqa: PLR0913  each is a column
        self,
        secret: str,
        principal: Principal,
        origin: Origin,
        user: str | None,
        *,
        idle: timedelta | None,
        lasts: timedelta,
        also: Also | None = None,
    ) -> tuple[str, datetime, datetime]:
        values = {
            "digest": sessions.digest(secret),
            "subject": principal.subject,
            "role": principal.role,
            "rows": _json(principal),
            "user": user,
            "lasts": lasts,
            "idle": idle,
            "address": origin.address,
            "browser": "".join(filter(str.isprintable, origin.browser))[:_BROWSER_LENGTH],
        }
        async with self._database.transaction() as connection:
            identity, started, ends = await one(connection, _START, values)
            if also is not None:
                statement, added = also(identity)
                await connection.execute(statement.encode(), added)
        return identity, started, ends


def _json(principal: Principal) -> Json | None:
    return None if principal.rows is None else Json(principal.row_values)
