"""The settings that decide which clients are admitted. API and gateways have all of them."""

import hashlib
import hmac
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FilePath, HttpUrl, PositiveInt, SecretStr, model_validator

from orders_access.claims import CUSTOMER_COLUMN, MAX_COLUMN_BYTES
from orders_access.keys import KeyFile, KeySet, KeySource, Secret
from orders_access.origins import is_local_name
from orders_access.tokens import Verifier
from orders_service.settings import ServiceSettings

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

Algorithm = Literal["HS256", "RS256", "ES256"]
OWN_ALGORITHM: Algorithm = "ES256"
"""The algorithm of ``orders token``. Verifying a token takes 0.1 ms longer than with HS256."""

MIN_SECRET_BYTES = 32
OPEN_TO_OTHERS = (
    "AUTH_MODE=open admits everyone, so it is for this machine alone, but {addresses} can be "
    "reached from others: set AUTH_MODE=token, or listen on 127.0.0.1"
)


class KeySettings(ServiceSettings):
    """Keys and claims of tokens: settings of the programs that sign or verify them."""

    auth_secret: SecretStr | None = None
    auth_secret_file: FilePath | None = None
    auth_jwks_url: HttpUrl | None = None
    auth_jwks_file: Path | None = None
    """A file with public keys. It may be made later; until then no token is valid."""
    auth_algorithm: Algorithm | None = None
    auth_audience: str = Field("orders", min_length=1)
    auth_issuer: str = Field("orders", min_length=1)
    customer_column: str = Field(CUSTOMER_COLUMN, min_length=1, max_length=MAX_COLUMN_BYTES)
    """The column that a token's claim ``customers`` restricts."""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of tokens."""
        if self.auth_algorithm is not None:
            return self.auth_algorithm
        has_secret = self.auth_secret is not None or self.auth_secret_file is not None
        return "HS256" if has_secret else OWN_ALGORITHM

    def signing_key(self) -> bytes:
        """Return the secret that HS256 signs with."""
        return _bytes(self.auth_secret)

    def require_secret(self) -> None:
        """Raise ValueError unless the settings for HS256 are usable."""
        if self.auth_jwks_url is not None:
            raise ValueError("AUTH_JWKS_URL needs AUTH_ALGORITHM=RS256 or ES256, and no secret")
        if len(self.signing_key()) < MIN_SECRET_BYTES:
            raise ValueError(f"AUTH_SECRET must have at least {MIN_SECRET_BYTES} bytes")


class AccessSettings(KeySettings):
    """Settings of sign-in and of limits."""

    auth_mode: Literal["open", "token"] = "open"
    auth_leeway_s: float = Field(60.0, ge=0, le=600)
    internal_secret: SecretStr | None = None
    """Secret that gateways send to the API as a token. Default: derived from AUTH_SECRET."""
    internal_secret_file: FilePath | None = None

    published_address: str = ""
    """Addresses of the edge, if clients reach this process only through it, as in a container."""
    allowed_origins: str = ""
    """Origins besides the edge's own whose pages may connect, separated by spaces."""

    audit_reads: bool = False
    """Whether the security log also has a line for each read: subject, path, parameter names."""

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
        if self.algorithm == "HS256":
            self.require_secret()
            return self
        if self.auth_secret is not None:
            raise ValueError(f"AUTH_SECRET is for HS256, not for AUTH_ALGORITHM={self.algorithm}")
        if self.auth_jwks_url is not None and self.auth_algorithm is None:
            raise ValueError("AUTH_JWKS_URL needs AUTH_ALGORITHM=RS256 or ES256")
        if self.auth_jwks_url is None and self.auth_jwks_file is None:
            raise ValueError(
                "AUTH_MODE=token needs AUTH_JWKS_FILE, AUTH_JWKS_URL, or for HS256 AUTH_SECRET"
            )
        if self.internal_secret is None:
            raise ValueError("public keys need INTERNAL_SECRET, the same for API and gateways")
        return self

    @model_validator(mode="after")
    def _internal_secret_is_long(self) -> Self:
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
            self.algorithm,
            self.auth_audience,
            self.auth_issuer,
            self.auth_leeway_s,
            self.customer_column,
        )

    def internal_token(self) -> str:
        """Return the secret that gateways send to the API as their token; empty in open mode."""
        if self.is_open:
            return ""
        if self.internal_secret is not None:
            return self.internal_secret.get_secret_value()
        return hmac.digest(self.signing_key(), b"orders: internal", hashlib.sha256).hex()

    def _keys(self) -> KeySource:
        if self.auth_jwks_url is not None:
            return KeySet(str(self.auth_jwks_url), self.algorithm)
        if self.algorithm != "HS256" and self.auth_jwks_file is not None:
            return KeyFile(self.auth_jwks_file, self.algorithm)
        return Secret(self.signing_key())


def _bytes(secret: SecretStr | None) -> bytes:
    return b"" if secret is None else secret.get_secret_value().encode()
