"""``orders user``: manage the users who sign in with a password."""

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from psycopg.types.json import Json

from orders_access import passwords
from orders_access.claims import role_of, scope_of
from orders_access.errors import InvalidTokenError
from orders_access.names import new_name, normal_name
from orders_access.sessions import digest, new_secret
from orders_access.users import (
    ADD,
    FIRST_LINK,
    FIRST_USER,
    LINK_LASTS,
    LINK_PATH,
    NEW_LINK,
)
from orders_cli import owner
from orders_cli.addresses import Data, edge_address
from orders_cli.errors import BadValueError
from orders_cli.settings import load_settings
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.terminal import columns, printable
from orders_cli.tokens import Rows, parse_rows
from orders_contract.messages import Role
from orders_contract.schema import Schema

_EXISTS = "SELECT name FROM order_users WHERE lower(name) = lower(%s)"
_SCHEMA = "SELECT order_schema()::text"
_LIST = """
    SELECT name, role, coalesce(rows::text, 'all'),
           CASE WHEN disabled THEN 'disabled'
                WHEN password_hash IS NOT NULL THEN 'can sign in'
                WHEN link_ends_at > now() THEN 'has a link'
                ELSE 'no password' END,
           (SELECT count(*)::text FROM order_sessions WHERE user_name = name)
      FROM order_users ORDER BY lower(name)
"""
_SET = """
    UPDATE order_users SET password_hash = %(hash)s, link_digest = NULL, link_ends_at = NULL
     WHERE name = %(name)s RETURNING name
"""
_DISABLE = """
    UPDATE order_users SET disabled = %(disabled)s, link_digest = NULL, link_ends_at = NULL
     WHERE name = %(name)s RETURNING name
"""
_REMOVE = "DELETE FROM order_users WHERE name = %(name)s RETURNING name"

Name = Annotated[str, typer.Argument(help="As the user types it to sign in.")]
FromStdin = Annotated[
    bool,
    typer.Option("--stdin", help="Read the password from stdin, instead of printing a link."),
]

users = typer.Typer(help="Make and change the users who sign in with a password.")


@users.command()
def add(
    name: Name,
    *,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")] = "viewer",
    rows: Rows = None,
    stdin: FromStdin = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Add a user, and print a link by which the user sets a password: once, within a day."""
    allowed = parse_rows(rows or [])
    try:
        name, role = new_name(name), role_of(role)
        if allowed:
            scope_of(allowed)
    except InvalidTokenError as exc:
        raise BadValueError(str(exc).replace("sub ", "the name ")) from None
    for (known,) in owner.run(data, _EXISTS, [name]):
        raise BadValueError(f"a user {known!r} already exists; names differ by more than case")
    link = None if stdin else new_secret()
    values = {"name": name, "role": role, "rows": Json(allowed) if allowed else None}
    values["hash"] = _read_password(name) if stdin else None
    owner.run(data, ADD, values | _linked(link))
    if allowed:
        _warn(data, allowed)
    typer.echo(_told(name, link, data))


@users.command()
def passwd(name: Name, *, stdin: FromStdin = False, data: Data = DEFAULT_DATA) -> None:
    """Print a link by which a user sets another password; then the user's sessions end."""
    name = normal_name(name)
    if stdin:
        _change(data, _SET, name, hash=_read_password(name))
        typer.echo(_told(name, None, data))
        return
    link = new_secret()
    _change(data, NEW_LINK, name, **_linked(link))
    typer.echo(_told(name, link, data))


@users.command()
def disable(name: Name, data: Data = DEFAULT_DATA) -> None:
    """Keep a user out, and end the user's sessions."""
    _change(data, _DISABLE, normal_name(name), disabled=True)
    typer.echo(f"{printable(name)} is disabled")


@users.command()
def enable(name: Name, data: Data = DEFAULT_DATA) -> None:
    """Enable a disabled user again, with the same password."""
    _change(data, _DISABLE, normal_name(name), disabled=False)
    typer.echo(f"{printable(name)} is enabled")


@users.command()
def remove(name: Name, data: Data = DEFAULT_DATA) -> None:
    """Remove a user, and end the user's sessions. Events keep the name."""
    _change(data, _REMOVE, normal_name(name))
    typer.echo(f"{printable(name)} is removed")


@users.command("list")
def list_users(data: Data = DEFAULT_DATA) -> None:
    """List the users."""
    for line in columns([("NAME", "ROLE", "ROWS", "STATE", "SESSIONS"), *owner.run(data, _LIST)]):
        typer.echo(line)


def first_link(database: str, address: str) -> str | None:
    """Return a link for the first user, an admin; None if there are other users or a password.

    The new link replaces the link of an earlier start.
    """
    link = new_secret()
    values = {"name": FIRST_USER, "again": True, **_linked(link)}
    made = owner.run_at(database, FIRST_LINK, values)
    return f"{address}{LINK_PATH}{link}" if made else None


def _warn(data: Path, columns: Iterable[str]) -> None:
    ((schema,),) = owner.run(data, _SCHEMA)
    for column in Schema.parse(schema).without(columns):
        warning = f"warning: no table has a column {column!r}: as long as none has, no row is shown"
        typer.echo(printable(warning), err=True)


def _change(data: Path, statement: str, name: str, **values: Any) -> None:
    if not owner.run(data, statement, {"name": name, **values}):
        raise BadValueError(f"there is no user {name!r}")


def _linked(link: str | None) -> dict[str, bytes | timedelta | None]:
    return {"link": None if link is None else digest(link), "lasts": LINK_LASTS}


def _told(name: str, link: str | None, data: Path) -> str:
    if link is None:
        return f"{printable(name)} can sign in"
    address = load_settings().public_url or edge_address(None, data)
    page = f"{address.rstrip('/').replace('//127.0.0.1', '//localhost')}{LINK_PATH}{link}"
    return f"{printable(name)} sets a password at (once, within a day):\n{page}"


def _read_password(name: str) -> str:
    """Return the hash of the password on stdin; ps would show a password in an argument."""
    password = sys.stdin.readline().rstrip("\r\n")
    if (weakness := passwords.weakness(password, name)) is not None:
        raise BadValueError(f"the password {weakness}")
    return passwords.hashed(password)
