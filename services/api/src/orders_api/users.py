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
from orders_api.field_errors import Message

_MOST_WAITING = 50
"""Maximum number of password checks that are running or waiting; each takes about 30 ms."""
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
# A link must still be valid: another request may have used or replaced it in the meantime.
_STORE = """
    UPDATE order_users SET password_hash = %(hash)s, link_digest = NULL, link_ends_at = NULL
     WHERE name = %(name)s AND NOT disabled
       AND (%(link)s::bytea IS NULL OR link_digest = %(link)s AND link_ends_at > now())
    RETURNING name
"""

P = ParamSpec("P")
T = TypeVar("T")


class Users:
    """Checks and sets passwords.

    Hashes are computed one at a time in one thread outside the event loop, so that many sign-ins
    at once leave CPU time to other requests.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "passwords", _give_way)
        self._waiting = 0

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def verify(self, name: str, password: str) -> Principal | None:
        """Return the user with this name and password, or None; both take the same time."""
        row = await self._database.one_or_none(_USER, {"name": normal_name(name)})
        is_right = await self._run(passwords.is_right, row[3] if row else None, password)
        return _principal(*row[:3]) if row and is_right else None

    async def known(self, name: str) -> str:
        """Return the name of the enabled user with this name; an empty text if there is none."""
        row = await self._database.one_or_none(_USER, {"name": normal_name(name)})
        return str(row[0]) if row else ""

    async def has(self, name: str) -> bool:
        """Return whether there is a user with this name, enabled or not."""
        return await self._database.one_or_none(_ANY, {"name": normal_name(name)}) is not None

    async def linked(self, link: str) -> Principal | None:
        """Return the user whose password a link sets; None if the link is not valid."""
        row = await self._database.one_or_none(_LINKED, {"link": digest(link)})
        return _principal(*row) if row else None

    async def set_password(
        self, name: str, password: str, *, field: str, link: str | None = None
    ) -> bool:
        """Set a password, which ends the user's sessions.

        Return False if the user is disabled, or if a ``link`` is given and is no longer valid.

        Raises:
            InvalidInputError: the password is not accepted; the error names ``field``.

        """
        values = {
            "name": name,
            "hash": await self.hashed(name, password, field=field),
            "link": None if link is None else digest(link),
        }
        return await self._database.one_or_none(_STORE, values) is not None

    async def hashed(self, name: str, password: str, *, field: str) -> str:
        """Return the hash of a password, in the form in which it is stored.

        Raises:
            InvalidInputError: the password is not accepted; the error names ``field``.

        """
        weakness = await self._run(passwords.weakness, password, name)
        if weakness is not None:
            raise InvalidInputError(field, Message(weakness, "weak_password"))
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
    """Lower the priority of this thread below the event loop's, on Linux, and prepare checks.

    Only Linux has a niceness for each thread.
    """
    if sys.platform == "linux":
        os.nice(10)
    passwords.is_right(None, "")  # prepares the check for names that no user has
