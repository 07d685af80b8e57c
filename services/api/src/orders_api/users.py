"""Users who sign in with a password: rows of ``order_users``."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from orders_access import passwords
from orders_access.claims import scope_of
from orders_access.names import normal_name
from orders_access.principal import Principal
from orders_access.sessions import digest
from orders_api.database import Database
from orders_api.errors import InvalidInputError, TooManyRequestsError

_MOST_WAITING = 50
"""Checks of passwords that wait for their turn; each takes about 30 ms."""
_FULL_WAIT_S = 2.0

_USER = """
    SELECT name, role, rows, password_hash FROM order_users
     WHERE lower(name) = lower(%(name)s) AND NOT disabled
"""
_ANY = "SELECT 1 FROM order_users WHERE lower(name) = lower(%(name)s)"
_LINKED = """
    SELECT name, role, rows FROM order_users
     WHERE link_digest = %(link)s AND link_ends_at > now() AND NOT disabled
"""
# Only if nobody else has used the link, or set another password, in the meantime.
_STORE = """
    UPDATE order_users SET password_hash = %(hash)s, link_digest = NULL, link_ends_at = NULL
     WHERE name = %(name)s AND NOT disabled
       AND (%(link)s::bytea IS NULL OR link_digest = %(link)s AND link_ends_at > now())
    RETURNING name
"""

P = ParamSpec("P")
T = TypeVar("T")


class Users:
    """Checks and sets passwords, one at a time and not in the event loop.

    Hashes are computed in one thread, so many sign-ins at once leave CPU time to other requests.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "passwords", _give_way)
        self._waiting = 0

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def verify(self, name: str, password: str) -> Principal | None:
        """Return the user of this name and password, or None; both take as long."""
        row = await self._database.one_or_none(_USER, {"name": normal_name(name)})
        is_right = await self._run(passwords.is_right, row[3] if row else None, password)
        return _principal(*row[:3]) if row and is_right else None

    async def known(self, name: str) -> str:
        """Return the name if a user has it, else an empty text."""
        row = await self._database.one_or_none(_USER, {"name": normal_name(name)})
        return str(row[0]) if row else ""

    async def has(self, name: str) -> bool:
        """Return whether there is a user of this name, enabled or not."""
        return await self._database.one_or_none(_ANY, {"name": normal_name(name)}) is not None

    async def linked(self, link: str) -> Principal | None:
        """Return the user whose password a link sets, if it is still valid."""
        row = await self._database.one_or_none(_LINKED, {"link": digest(link)})
        return _principal(*row) if row else None

    async def set_password(
        self, name: str, password: str, *, field: str, link: str | None = None
    ) -> bool:
        """Set a password, which ends the user's sessions; False if the link is not valid any more.

        Raises:
            InvalidInputError: the password in ``field`` is not accepted.

        """
        values = {
            "name": name,
            "hash": await self.hashed(name, password, field=field),
            "link": None if link is None else digest(link),
        }
        return await self._database.one_or_none(_STORE, values) is not None

    async def hashed(self, name: str, password: str, *, field: str) -> str:
        """Return the hash of a password, as it is stored.

        Raises:
            InvalidInputError: the password in ``field`` is not accepted.

        """
        weakness = await self._run(passwords.weakness, password, name)
        if weakness is not None:
            raise InvalidInputError(field, weakness)
        return await self._run(passwords.hashed, password)

    async def _run(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        if self._waiting >= _MOST_WAITING:
            raise TooManyRequestsError(_FULL_WAIT_S)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, work, *args)
        finally:
            self._waiting -= 1


def _principal(name: str, role: Any, rows: Any) -> Principal:
    return Principal(name, role, rows and scope_of(rows))


def _give_way() -> None:
    """Lower the priority of this thread below the event loop's (Linux: niceness is per thread)."""
    if sys.platform == "linux":
        os.nice(10)
    passwords.is_right(None, "")  # prepares the check for names that nobody has
