"""Management of users by admins, also by several at once: rows of ``order_users``."""

from typing import Any

from psycopg.types.json import Json

from orders_access.names import normal_name
from orders_access.sessions import digest, new_secret
from orders_access.users import ADD, LINK_LASTS, LINK_PATH, NEW_LINK
from orders_api.database import Connection, Database, one, one_or_none
from orders_api.errors import (
    UNIQUE,
    ConflictError,
    LastAdminError,
    RowNotFoundError,
    SettingChangedError,
    StatementError,
)
from orders_api.field_errors import message
from orders_api.preconditions import Precondition
from orders_api.user_models import Link, User

_VERSION = "md5(json_build_array(role, rows, disabled)::text)"
_USERS = f"""
    SELECT name, role, rows, disabled, password_hash IS NOT NULL,
           CASE WHEN link_ends_at > now() THEN link_ends_at END, created_at,
           coalesce(sessions, 0), used, {_VERSION}
      FROM order_users
      LEFT JOIN (SELECT user_name, count(*) AS sessions, max(used_at) AS used FROM order_sessions
                  WHERE now() < least(ends_at, idle_ends_at) GROUP BY user_name) AS present
        ON user_name = name
"""  # noqa: S608  a constant
_LIST = f"{_USERS} ORDER BY lower(name)"
_ONE = f"{_USERS} WHERE name = %(name)s"
_PRESENT = "SELECT FROM order_users WHERE name = %(name)s FOR UPDATE"
# Every change of a user locks these rows first. Otherwise two changes at once that each disable an
# admin would both find the other admin still enabled.
_ADMINS = """
    SELECT name FROM order_users
     WHERE role = 'admin' AND rows IS NULL AND NOT disabled AND password_hash IS NOT NULL
     ORDER BY name FOR UPDATE
"""
_CHANGE = """
    UPDATE order_users SET role = %(role)s, rows = %(rows)s, disabled = %(disabled)s,
           link_digest = CASE WHEN NOT %(disabled)s THEN link_digest END,
           link_ends_at = CASE WHEN NOT %(disabled)s THEN link_ends_at END
     WHERE name = %(name)s
"""
_REMOVE = "DELETE FROM order_users WHERE name = %(name)s"
_LINK_ENDS = "SELECT link_ends_at FROM order_users WHERE name = %(name)s AND link_digest = %(link)s"


async def listed(database: Database) -> list[User]:
    """Return all users, by name."""
    return [User.of(row) for row in await database.all(_LIST.encode())]


async def add(
    database: Database,
    name: str,
    role: str,
    rows: dict[str, list[Any]] | None,
    password_hash: str | None,
) -> tuple[User, Link | None]:
    """Create a user. Without a password, also return a link that sets one.

    Raises:
        ConflictError: a user has this name; upper and lower case count as the same.

    """
    link = None if password_hash is not None else new_secret()
    values = {
        "name": name,
        "role": role,
        "rows": None if rows is None else Json(rows),
        "hash": password_hash,
        "link": None if link is None else digest(link),
        "lasts": LINK_LASTS,
    }
    try:
        async with database.transaction() as connection:
            await connection.execute(ADD, values)
            user = User.of(await one(connection, _ONE, {"name": name}))
    except StatementError as exc:
        if exc.sqlstate != UNIQUE:
            raise
        raise ConflictError(("name", message("name_taken"))) from None
    ends = user.link_ends
    return user, None if link is None or ends is None else Link(link=LINK_PATH + link, ends=ends)


async def change(
    database: Database, name: str, changes: dict[str, Any], expected: Precondition
) -> User:
    """Change role, rows, or whether the user is disabled; after a change the user's sessions end.

    Raises:
        RowNotFoundError: there is no such user.
        LastAdminError: no admin would be left to manage users.
        SettingChangedError: the user's version is not ``expected``.

    """
    async with database.transaction() as connection:
        before = await _locked(connection, name, expected)
        values = {"role": before.role, "rows": before.rows, "disabled": before.disabled} | changes
        if values["role"] != "admin" or values["rows"] is not None or values["disabled"]:
            await _require_another_admin(connection, before.name)
        values["rows"] = None if values["rows"] is None else Json(values["rows"])
        await connection.execute(_CHANGE, values | {"name": before.name})
        return User.of(await one(connection, _ONE, {"name": before.name}))


async def remove(database: Database, name: str, expected: Precondition) -> None:
    """Remove a user, whose sessions end. Raises the errors of ``change``."""
    async with database.transaction() as connection:
        before = await _locked(connection, name, expected)
        await _require_another_admin(connection, before.name)
        await connection.execute(_REMOVE, {"name": before.name})


async def renew_link(database: Database, name: str) -> Link:
    """Return a new link that sets the user's password; earlier links are no longer valid."""
    secret = new_secret()
    values = {"name": normal_name(name), "link": digest(secret), "lasts": LINK_LASTS}
    async with database.transaction() as connection:
        if await one_or_none(connection, NEW_LINK, values) is None:
            raise RowNotFoundError("users")
        (ends,) = await one(connection, _LINK_ENDS, values)
    return Link(link=LINK_PATH + secret, ends=ends)


async def _locked(connection: Connection, name: str, expected: Precondition) -> User:
    """Lock a user and all admins until the end of the transaction; return the user."""
    values = {"name": normal_name(name)}
    await connection.execute(_ADMINS.encode())
    if await one_or_none(connection, _PRESENT, values) is None:
        raise RowNotFoundError("users")
    user = User.of(await one(connection, _ONE, values))
    if not expected.holds(user.version):
        raise SettingChangedError
    return user


async def _require_another_admin(connection: Connection, name: str) -> None:
    """Raise LastAdminError if this user is the last admin."""
    admins = [each for (each,) in await (await connection.execute(_ADMINS.encode())).fetchall()]
    if admins == [name]:
        raise LastAdminError
