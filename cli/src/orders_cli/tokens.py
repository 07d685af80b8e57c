"""``orders token``: make tokens, and revoke them."""

import asyncio
import getpass
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from orders_access.errors import InvalidTokenError
from orders_access.settings import AccessSettings
from orders_access.tokens import issue
from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.errors import BadValueError
from orders_cli.settings import DOTENV
from orders_cli.stack.data_folder import AUTH_SECRET, DEFAULT_DATA
from orders_contract.messages import Role
from orders_service.settings import refusals

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHORT_TTL = timedelta(minutes=1)

tokens = typer.Typer(help="Make a token, or revoke one.", invoke_without_command=True)


class TokenSettings(AccessSettings):
    """The services' settings for checking tokens, here used to sign them."""

    model_config = SettingsConfigDict(env_file=DOTENV, env_ignore_empty=True, extra="ignore")

    @property
    def listens_on(self) -> str:
        """This command opens no port."""
        return "localhost"


@tokens.callback()
def token(  # noqa: PLR0913  one parameter an option
    context: typer.Context,
    *,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")] = "viewer",
    customer: Annotated[
        list[str] | None, typer.Option(help="Restrict to this customer; may be repeated.")
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Restrict to rows with this value; repeated for a column: any of the values.",
        ),
    ] = None,
    ttl: Annotated[str, typer.Option(help="Lifetime: 90s, 30m, 8h, 7d.")] = "8h",
    subject: Annotated[
        str | None, typer.Option(help="Its subject. Default: your user name.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print a token. It gives its holder the role, restricted to some rows if you say so."""
    if context.invoked_subcommand is None:
        settings = _load_settings(data)
        allowed = _parse_rows(rows or [])
        if customer:
            allowed.setdefault(settings.customer_column, []).extend(customer)
        claims = {"rows": allowed} if allowed else {}
        typer.echo(_issue(settings, role, claims, parse_ttl(ttl), subject))


def _parse_rows(texts: list[str]) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals or not column:
            raise BadValueError(f"--rows {text!r} is not like store=Berlin")
        rows.setdefault(column, []).append(value)
    return rows


@tokens.command()
def revoke(
    token: Annotated[
        str | None, typer.Argument(help="The token, or its identifier (claim jti).")
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
        what = {"token" if "." in token else "token_id": token}
    else:
        raise BadValueError("name either a token or --subject")
    own_token = _issue(_load_settings(data), "admin", {}, _SHORT_TTL, "orders token revoke")
    asyncio.run(_revoke(edge_address(api, data), own_token, what))
    typer.echo("revoked")


def parse_ttl(text: str) -> timedelta:
    """Parse the lifetime of a token.

    Raises:
        BadValueError: it is not a time like 8h.

    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise BadValueError(f"--ttl {text!r} is not a time like 90s, 30m, 8h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _load_settings(data: Path) -> TokenSettings:
    """Read how to sign tokens; without a configured secret, with that of the stack."""
    try:
        settings = TokenSettings()
        if settings.auth_jwks_url is not None:
            raise BadValueError("tokens are issued by the owner of the keys of AUTH_JWKS_URL")
        if settings.auth_secret is None and (data / AUTH_SECRET).is_file():
            return TokenSettings(auth_mode="token", auth_secret_file=data / AUTH_SECRET)
        return TokenSettings(auth_mode="token")
    except ValidationError as exc:
        raise BadValueError("; ".join(refusals(exc))) from None


def _issue(
    settings: TokenSettings,
    role: str,
    restrictions: dict[str, Any],
    ttl: timedelta,
    subject: str | None,
) -> str:
    try:
        return issue(
            settings.signing_key(),
            settings.auth_algorithm,
            {"sub": getpass.getuser() if subject is None else subject, "role": role} | restrictions,
            ttl=ttl,
            audience=settings.auth_audience,
            issuer=settings.auth_issuer,
        )
    except InvalidTokenError as exc:
        raise BadValueError(f"the token would not be accepted: {exc}") from None


async def _revoke(address: str, own_token: str, what: dict[str, str]) -> None:
    async with ApiClient(address, own_token, give_up_after_s=0) as client:
        await client.request("POST", "/api/revocations", what)
