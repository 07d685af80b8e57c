"""The settings that decide who is let in; API and gateway have them all."""

import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    FilePath,
    HttpUrl,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders_access.claims import CUSTOMER_COLUMN
from orders_access.keys import KeySet, KeySource, Secret
from orders_access.names import is_local_name
from orders_access.tokens import Verifier

Algorithm = Literal["HS256", "RS256", "ES256"]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

MIN_SECRET_BYTES = 32
OPEN_TO_OTHERS = (
    "AUTH_MODE=open lets everyone in, so it is for this machine alone, but {addresses} can be "
    "reached from others: set AUTH_MODE=token and AUTH_SECRET (or AUTH_JWKS_URL), or listen on "
    "127.0.0.1"
)


class AccessSettings(BaseSettings):
    """Tokens and limits. ``listens_on`` says where the service that has them listens."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    auth_mode: Literal["open", "token"] = "open"
    auth_secret: SecretStr | None = None
    auth_secret_file: FilePath | None = None
    """Where the secret is read from if it is not given itself."""
    auth_jwks_url: HttpUrl | None = None
    auth_algorithm: Algorithm = "HS256"
    auth_audience: str = Field("orders", min_length=1)
    auth_issuer: str = Field("orders", min_length=1)
    auth_leeway_s: float = Field(60.0, ge=0, le=600)
    customer_column: str = Field(CUSTOMER_COLUMN, min_length=1, max_length=63)
    """The column that a token's claim ``customers`` restricts."""
    internal_secret: SecretStr | None = None
    """By which a gateway shows the API that it is one. Default: made from AUTH_SECRET."""

    published_address: str = ""
    """Where the system is reached from, if not where this process listens: a container's edge."""
    allowed_origins: str = ""
    """Origins besides the edge's own whose pages may connect, space separated."""

    requests_per_second: Rate = 50.0
    requests_burst: PositiveInt = 200
    connections_per_address: PositiveInt = 500
    connections_per_subject: PositiveInt = 50

    @property
    @abstractmethod
    def listens_on(self) -> str:
        """The address this process listens on."""

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secrets_from_files(given)

    @model_validator(mode="after")
    def _closed_unless_local(self) -> Self:
        if self.auth_mode == "open":
            addresses = self.published_address.split() or [self.listens_on]
            if not all(is_local_name(each) for each in addresses):
                raise ValueError(OPEN_TO_OTHERS.format(addresses=" ".join(addresses)))
        return self

    @model_validator(mode="after")
    def _able_to_check_tokens(self) -> Self:
        if self.auth_mode == "open":
            return self
        if self.auth_algorithm == "HS256":
            if self.auth_jwks_url is not None:
                raise ValueError("AUTH_JWKS_URL needs AUTH_ALGORITHM=RS256 or ES256")
            if len(self._secret()) < MIN_SECRET_BYTES:
                raise ValueError(
                    f"AUTH_MODE=token needs AUTH_SECRET of at least {MIN_SECRET_BYTES} bytes "
                    "(or AUTH_JWKS_URL with AUTH_ALGORITHM=RS256 or ES256)"
                )
        elif self.auth_jwks_url is None:
            raise ValueError(f"AUTH_ALGORITHM={self.auth_algorithm} needs AUTH_JWKS_URL")
        elif self.internal_secret is None:
            raise ValueError("AUTH_JWKS_URL needs INTERNAL_SECRET, the same for API and gateways")
        return self

    @property
    def is_open(self) -> bool:
        """Whether everyone is let in."""
        return self.auth_mode == "open"

    def verifier(self) -> Verifier:
        """Return what checks tokens, in token mode."""
        return Verifier(
            self._keys(),
            self.auth_algorithm,
            self.auth_audience,
            self.auth_issuer,
            self.auth_leeway_s,
            self.customer_column,
        )

    def signing_key(self) -> bytes:
        """Return the secret that HS256 signs with."""
        return self._secret()

    def internal_token(self) -> str:
        """Return what a gateway shows the API instead of a token; empty in open mode."""
        if self.internal_secret is not None:
            return self.internal_secret.get_secret_value()
        if self.is_open:
            return ""
        return hmac.digest(self._secret(), b"orders: internal", hashlib.sha256).hex()

    def _keys(self) -> KeySource:
        if self.auth_jwks_url is not None:
            return KeySet(str(self.auth_jwks_url), self.auth_algorithm)
        return Secret(self._secret())

    def _secret(self) -> bytes:
        return b"" if self.auth_secret is None else self.auth_secret.get_secret_value().encode()


def secrets_from_files(given: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the secrets whose files are named, unless they are given themselves."""
    found = dict(given)
    for name, file in given.items():
        secret = name.removesuffix("_file")
        if secret != name and file and not found.get(secret):
            # A file that cannot be read is no secret, and the message says that there is none.
            with suppress(OSError):
                found[secret] = Path(file).read_text(encoding="utf-8").strip()
    return found


def refusals(exc: ValidationError) -> Iterator[str]:
    """Yield a sentence for each setting that is refused, naming it."""
    for error in exc.errors():
        name = "_".join(str(part) for part in error["loc"]).upper()
        message = error["msg"].removeprefix("Value error, ")
        # What concerns several settings names them itself.
        yield f"setting {name}: {error['msg']}" if name else message
