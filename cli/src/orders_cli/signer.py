"""Find the key with which ``orders token`` signs: AUTH_SECRET, or that of containers or a stack."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from orders_access.keys import Key
from orders_access.settings import KeySettings
from orders_cli.errors import BadValueError, NotRunningError
from orders_cli.settings import DOTENV
from orders_cli.signing_keys import SigningKeys
from orders_cli.stack.data_folder import OWN_KEYS, read_state
from orders_service.settings import refusals

_NO_STACK = (
    "no stack is running on {data}, so its key may be that of another system: start it, or name "
    "the folder with --data. For containers: docker compose run --rm orders token"
)
_OTHER_KEYS = "the stack on {data} verifies tokens with {keys}: set it for this command, too"
_ISSUER = "tokens are issued by the owner of the keys of {}"


class TokenSettings(KeySettings):
    """The settings that signing needs, without those that only verification needs."""

    model_config = SettingsConfigDict(env_file=DOTENV, env_ignore_empty=True, extra="ignore")

    auth_signing_key_file: Path | None = None
    """The private key for AUTH_JWKS_FILE; in containers it is on a volume of this command."""

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.auth_jwks_url is None and self.algorithm == "HS256":
            self.require_secret()
        return self


@dataclass(frozen=True)
class Signer:
    """The key that signs, and its settings; ``key_id`` is None for a secret."""

    settings: TokenSettings
    key: Key
    key_id: str | None


def find_signer(data: Path, *, named: bool) -> Signer:
    """Return the configured secret or the key of the stack; ``named``: an option names ``data``.

    Raises:
        BadValueError: no key is found, or the key may be that of another system.

    """
    settings = _settings()
    if settings.algorithm == "HS256":
        return Signer(settings, settings.signing_key(), None)
    own = own_keys(data, named=named).load()
    return Signer(settings, own.key, own.key_id)


def own_keys(data: Path, *, named: bool) -> SigningKeys:
    """Return the configured key files, or those of the stack. Raises as ``find_signer``."""
    settings = _settings()
    if settings.algorithm == "HS256":
        raise BadValueError("AUTH_SECRET is set: it is the only key. To change it, set another")
    if settings.auth_signing_key_file is not None and settings.auth_jwks_file is not None:
        return SigningKeys(settings.auth_signing_key_file, settings.auth_jwks_file)
    if settings.auth_jwks_file is not None:
        raise BadValueError(_ISSUER.format("AUTH_JWKS_FILE"))
    try:
        used = read_state(data)["tokens"]
    except NotRunningError:
        used = OWN_KEYS
        if not named or not SigningKeys.in_folder(data).exist():
            raise BadValueError(_NO_STACK.format(data=data)) from None
    if used != OWN_KEYS:
        raise BadValueError(_OTHER_KEYS.format(data=data, keys=used))
    return SigningKeys.in_folder(data)


def _settings() -> TokenSettings:
    try:
        settings = TokenSettings()
    except ValidationError as exc:
        raise BadValueError("; ".join(refusals(exc))) from None
    if settings.auth_jwks_url is not None:
        raise BadValueError(_ISSUER.format("AUTH_JWKS_URL"))
    return settings
