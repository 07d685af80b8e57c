"""The settings that decide who is admitted. API and gateways have all of them."""

import hashlib
import hmac
from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, FilePath, HttpUrl, PositiveInt, SecretStr, model_validator

from orders_access.claims import CUSTOMER_COLUMN, MAX_COLUMN_BYTES
from orders_access.keys import KeySet, KeySource, Secret
from orders_access.origins import is_local_name
from orders_access.tokens import Verifier
from orders_service.settings import ServiceSettings

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

MIN_SECRET_BYTES = 32
OPEN_TO_OTHERS = (
    "AUTH_MODE=open admits everyone, so it is for this machine alone, but {addresses} can be "
    "reached from others: set AUTH_MODE=token and AUTH_SECRET (or AUTH_JWKS_URL), or listen on "
    "127.0.0.1"
)


class AccessSettings(ServiceSettings):
    """Tokens and limits."""

    auth_mode: Literal["open", "token"] = "open"
    auth_secret: SecretStr | None = None
    auth_secret_file: FilePath | None = None
    auth_jwks_url: HttpUrl | None = None
    auth_algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    auth_audience: str = Field("orders", min_length=1)
    auth_issuer: str = Field("orders", min_length=1)
    auth_leeway_s: float = Field(60.0, ge=0, le=600)
    customer_column: str = Field(CUSTOMER_COLUMN, min_length=1, max_length=MAX_COLUMN_BYTES)
    """The column that a token's claim ``customers`` restricts."""
    internal_secret: SecretStr | None = None
    """Secret that gateways send to the API as a token. Default: derived from AUTH_SECRET."""

    published_address: str = ""
    """Addresses of the system, if this process is not reached directly: a container's edge."""
    allowed_origins: str = ""
    """Origins besides the edge's own whose pages may connect, separated by spaces."""

    requests_per_second: Rate = 50.0
    requests_burst: PositiveInt = 200
    connections_per_address: PositiveInt = 500
    connections_per_subject: PositiveInt = 50

    @property
    @abstractmethod
    def listens_on(self) -> str:
        """The address this process listens on."""

    @model_validator(mode="after")
    def _is_closed_unless_local(self) -> Self:
        if self.auth_mode == "open":
            addresses = self.published_address.split() or [self.listens_on]
            if not all(is_local_name(each) for each in addresses):
                raise ValueError(OPEN_TO_OTHERS.format(addresses=" ".join(addresses)))
        return self

    @model_validator(mode="after")
    def _can_verify_tokens(self) -> Self:
        if self.auth_mode == "open":
            return self
        if self.auth_algorithm == "HS256":
            if self.auth_jwks_url is not None:
                raise ValueError("AUTH_JWKS_URL needs AUTH_ALGORITHM=RS256 or ES256")
            if len(_bytes(self.auth_secret)) < MIN_SECRET_BYTES:
                raise ValueError(
                    f"AUTH_MODE=token needs AUTH_SECRET of at least {MIN_SECRET_BYTES} bytes "
                    "(or AUTH_JWKS_URL with AUTH_ALGORITHM=RS256 or ES256)"
                )
        elif self.auth_jwks_url is None:
            raise ValueError(f"AUTH_ALGORITHM={self.auth_algorithm} needs AUTH_JWKS_URL")
        elif self.internal_secret is None:
            raise ValueError("AUTH_JWKS_URL needs INTERNAL_SECRET, the same for API and gateways")
        if self.internal_secret and len(_bytes(self.internal_secret)) < MIN_SECRET_BYTES:
            raise ValueError(f"INTERNAL_SECRET must have at least {MIN_SECRET_BYTES} bytes")
        return self

    @property
    def is_open(self) -> bool:
        """Whether all clients are admitted."""
        return self.auth_mode == "open"

    def verifier(self) -> Verifier:
        """Return the verifier of tokens; in token mode only."""
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
        return _bytes(self.auth_secret)

    def internal_token(self) -> str:
        """Return what a gateway presents to the API instead of a token; empty in open mode."""
        if self.is_open:
            return ""
        if self.internal_secret is not None:
            return self.internal_secret.get_secret_value()
        return hmac.digest(self.signing_key(), b"orders: internal", hashlib.sha256).hex()

    def _keys(self) -> KeySource:
        if self.auth_jwks_url is not None:
            return KeySet(str(self.auth_jwks_url), self.auth_algorithm)
        return Secret(self.signing_key())


def _bytes(secret: SecretStr | None) -> bytes:
    return b"" if secret is None else secret.get_secret_value().encode()
