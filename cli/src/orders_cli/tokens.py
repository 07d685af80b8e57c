"""``orders token``: makes tokens, and takes them back."""

import asyncio
import getpass
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from orders_access.errors import InvalidTokenError
from orders_access.settings import AccessSettings, refusals
from orders_access.tokens import issue
from orders_cli.addresses import edge_address
from orders_cli.credentials import authorization
from orders_cli.errors import BadValueError, OrdersError, UnreachableError
from orders_cli.http_client import HttpClient, HttpError
from orders_cli.settings import DOTENV
from orders_cli.stack.secret import NAME
from orders_cli.stack.state import DEFAULT_DATA
from orders_contract.messages import Role

_TIMEOUT_S = 15.0
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_BRIEFLY = timedelta(minutes=1)

tokens = typer.Typer(help="Make a token, or take one back.", invoke_without_command=True)

Data = Annotated[Path, typer.Option(help="Folder of the stack, which may hold the secret.")]


class TokenSettings(AccessSettings):
    """How tokens are signed: as the services check them."""

    model_config = SettingsConfigDict(env_file=DOTENV, env_ignore_empty=True, extra="ignore")

    @property
    def listens_on(self) -> str:
        """Nowhere; making tokens opens nothing."""
        return "localhost"


@tokens.callback()
def token(  # noqa: PLR0913  one parameter an option
    context: typer.Context,
    *,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")] = "viewer",
    customer: Annotated[
        list[str] | None, typer.Option(help="Restrict to this customer; may be repeated.")
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long it counts: 90s, 30m, 8h, 7d.")] = "8h",
    subject: Annotated[str | None, typer.Option(help="Whose it is. Default: yours.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print a token. Who has it is let in as its subject, with its role, for its customers."""
    if context.invoked_subcommand is None:
        typer.echo(_made(_settings(data), role, customer, lifetime(ttl), subject))


@tokens.command()
def revoke(
    token: Annotated[
        str | None, typer.Argument(help="The token, or its id (jti).", show_default=False)
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Instead: everything this subject was given so far.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="Address. Default: the running stack's, else port 3000.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a token count no longer: connections that were opened with it close within seconds."""
    if (token is None) == (subject is None):
        raise BadValueError("say either a token or --subject")
    if subject is not None:
        what = {"subject": subject}
    else:
        what = {"token" if "." in str(token) else "token_id": str(token)}
    ours = _made(_settings(data), "admin", None, _BRIEFLY, "orders token revoke")
    asyncio.run(_revoke(edge_address(api, data), ours, what))
    typer.echo("revoked")


def lifetime(text: str) -> timedelta:
    """Read how long a token is to count.

    Raises:
        BadValueError: it is no such thing as 8h.

    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise BadValueError(f"--ttl {text!r} is no time like 90s, 30m, 8h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _settings(data: Path) -> TokenSettings:
    """Read how tokens are signed; without a secret of one's own, with the stack's."""
    try:
        settings = TokenSettings()
        if settings.auth_jwks_url is not None:
            raise BadValueError("tokens are made by whoever has the keys of AUTH_JWKS_URL")
        if settings.auth_secret is None and (data / NAME).is_file():
            return TokenSettings(auth_mode="token", auth_secret_file=data / NAME)
        return TokenSettings(auth_mode="token")
    except ValidationError as exc:
        raise BadValueError("; ".join(refusals(exc))) from None


def _made(
    settings: TokenSettings,
    role: str,
    customers: list[str] | None,
    ttl: timedelta,
    subject: str | None,
) -> str:
    values = {"sub": getpass.getuser() if subject is None else subject, "role": role}
    try:
        return issue(
            settings.signing_key(),
            settings.auth_algorithm,
            values if not customers else {**values, "customers": customers},
            ttl=ttl,
            audience=settings.auth_audience,
            issuer=settings.auth_issuer,
        )
    except InvalidTokenError as exc:
        raise BadValueError(f"no such token: {exc}") from None


async def _revoke(address: str, ours: str, what: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json", **authorization(ours)}
    body = json.dumps(what).encode()
    try:
        async with HttpClient(address, _TIMEOUT_S) as client:
            answer = await client.request("POST", "/api/revocations", body, headers)
    except HttpError as exc:
        raise UnreachableError(f"no API answers at {address}: {exc}") from exc
    if answer.status != 204:
        raise OrdersError(f"not revoked, status {answer.status}: {answer.body.decode()}")
