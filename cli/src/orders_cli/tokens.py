"""``orders token``: make, list and revoke tokens, and rotate the key that signs them."""

import asyncio
import getpass
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from orders_access.credentials import PROGRAM
from orders_access.errors import InvalidTokenError
from orders_access.sessions import digest
from orders_access.tokens import issue
from orders_cli import owner
from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.errors import BadValueError
from orders_cli.signer import Signer, find_signer, own_keys
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.terminal import columns
from orders_contract.messages import Role

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHORT_TTL = timedelta(minutes=1)
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LIST = """
    SELECT id::text, subject, role, coalesce(rows::text, 'all'), browser,
           to_char(ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
      FROM order_sessions WHERE idle_ends_at IS NULL AND ends_at > now() ORDER BY ends_at
"""
_DELETE = """
    DELETE FROM order_sessions
     WHERE idle_ends_at IS NULL AND (id = %(id)s::uuid OR digest = %(digest)s::bytea)
    RETURNING id::text
"""
_DOTS = 2
"""Number of dots in a signed token."""

Rows = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Restrict to rows with this value; repeated for a column: any of the values.",
    ),
]

tokens = typer.Typer(help="Make a token, or revoke one.", invoke_without_command=True)


@tokens.callback()
def token(  # noqa: PLR0913  one parameter for each option
    context: typer.Context,
    *,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")] = "viewer",
    customer: Annotated[
        list[str] | None, typer.Option(help="Restrict to this customer; may be repeated.")
    ] = None,
    rows: Rows = None,
    ttl: Annotated[str, typer.Option(help="Lifetime: 90s, 30m, 8h, 7d.")] = "8h",
    subject: Annotated[
        str | None, typer.Option(help="Its subject. Default: your user name.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print a token. It gives its holder the role, restricted to some rows if you say so."""
    if context.invoked_subcommand is None:
        signer = find_signer(data, named=_is_named(context))
        allowed = parse_rows(rows or [])
        if customer:
            allowed.setdefault(signer.settings.customer_column, []).extend(customer)
        claims = {"rows": allowed} if allowed else {}
        holder = _user() if subject is None else subject
        typer.echo(_issue(signer, role, claims, parse_ttl(ttl), holder))


def parse_rows(texts: list[str]) -> dict[str, list[str]]:
    """Return the values of an option COLUMN=VALUE as the claim ``rows``: a list for each column.

    Raises:
        BadValueError: a text is not COLUMN=VALUE.

    """
    rows: dict[str, list[str]] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals or not column:
            raise BadValueError(f"--rows {text!r} is not like store=Berlin")
        rows.setdefault(column, []).append(value)
    return rows


@tokens.command()
def revoke(
    context: typer.Context,
    token: Annotated[
        str | None,
        typer.Argument(
            help="The token's identifier (claim jti, or of `orders token list`), or - to read the "
            "token itself."
        ),
    ] = None,
    *,
    subject: Annotated[
        str | None, typer.Option(help="Revoke all tokens issued to this subject so far.")
    ] = None,
    api: Api = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Revoke a token: its connections are closed within seconds."""
    if subject is not None and token is None:
        what = {"subject": subject}
    elif token is not None and subject is None:
        what = _revoked(token)
        if _delete(what, data):
            typer.echo("revoked")
            return
    else:
        raise BadValueError("name either a token or --subject")
    signer = find_signer(data, named=_is_named(context))
    own_token = _issue(signer, "admin", {}, _SHORT_TTL, _user())
    asyncio.run(_revoke(edge_address(api, data), own_token, what))
    typer.echo("revoked")


@tokens.command("list")
def list_tokens(data: Data = DEFAULT_DATA) -> None:
    """List the tokens that admins have made for programs. Signed tokens are stored nowhere."""
    headings = ("ID", "SUBJECT", "ROLE", "ROWS", "MADE BY", "ENDS")
    for line in columns([headings, *owner.run(data, _LIST)]):
        typer.echo(line)


@tokens.command("rotate-key")
def rotate_key(context: typer.Context, data: Data = DEFAULT_DATA) -> None:
    """Sign with a new key. Tokens of the former key stay valid until `orders token retire-key`."""
    new, former = own_keys(data, named=_is_named(context)).rotate()
    typer.echo(f"new tokens are signed with key {new}; tokens of key {former} stay valid")


@tokens.command("retire-key")
def retire_key(context: typer.Context, data: Data = DEFAULT_DATA) -> None:
    """Refuse the tokens of every key but the one that signs, within seconds."""
    retired = own_keys(data, named=_is_named(context)).retire()
    typer.echo(f"retired: {', '.join(retired)}" if retired else "only one key is valid")


def _is_named(context: typer.Context) -> bool:
    """Return whether the command line names the data folder."""
    source = context.get_parameter_source("data")
    return source is not None and source.name == "COMMANDLINE"


def _user() -> str:
    """Return the name of the system user; ``operator`` if it has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def _revoked(token: str) -> dict[str, str]:
    """Return the body of the request. Refuse a token as an argument, because ps would show it."""
    if token == "-":  # noqa: S105  stdin
        return {"token": sys.stdin.read().strip()}
    if token.count(".") == _DOTS:
        raise BadValueError(
            "other users can see arguments: give - as argument and the token on stdin"
        )
    return {"token_id": token}


def _delete(what: dict[str, str], data: Path) -> bool:
    """Delete a token that an admin made for a program, which revokes it.

    Return False if ``what`` names no such token but a signed one or a subject.

    Raises:
        BadValueError: the token does not exist.

    """
    shown = what.get("token", "")
    if shown.startswith(PROGRAM):
        values: dict[str, Any] = {"id": None, "digest": digest(shown)}
    elif _ID.fullmatch(what.get("token_id", "")):
        values = {"id": what["token_id"], "digest": None}
    else:
        return False
    if not owner.run(data, _DELETE, values):
        raise BadValueError("there is no such token; `orders token list` lists those of programs")
    return True


def parse_ttl(text: str) -> timedelta:
    """Return the lifetime of a token that a text like 8h gives.

    Raises:
        BadValueError: the text is not such a time.

    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise BadValueError(f"--ttl {text!r} is not a time like 90s, 30m, 8h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _issue(
    signer: Signer, role: str, restrictions: dict[str, Any], ttl: timedelta, subject: str
) -> str:
    settings = signer.settings
    try:
        return issue(
            signer.key,
            settings.algorithm,
            {"sub": subject, "role": role} | restrictions,
            ttl=ttl,
            audience=settings.auth_audience,
            issuer=settings.auth_issuer,
            key_id=signer.key_id,
        )
    except InvalidTokenError as exc:
        raise BadValueError(f"the token would not be accepted: {exc}") from None


async def _revoke(address: str, own_token: str, what: dict[str, str]) -> None:
    async with ApiClient(address, own_token, give_up_after_s=0) as client:
        await client.request("POST", "/api/revocations", what)
