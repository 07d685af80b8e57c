"""The settings of a company login (OpenID Connect)."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, PositiveInt, SecretStr, model_validator

from orders_access.origins import keeps_secrets_at
from orders_api.company_rules import Rule, read_rules
from orders_service.settings import ServiceSettings

CALLBACK = "/api/session/company/callback"


def _is_issuer(url: str) -> str:
    if url and not (keeps_secrets_at(url) and "?" not in url and "#" not in url):
        raise ValueError("must be an address with https (http only for this machine)")
    return url


def _are_rules(text: str) -> str:
    if text:
        read_rules(text)
    return text


def _have_openid(scopes: str) -> str:
    if "openid" not in scopes.split():
        raise ValueError("must contain openid")
    return scopes


class CompanySettings(ServiceSettings):
    """The company login: provider and rules. Without ``oidc_issuer`` there is none."""

    oidc_issuer: Annotated[str, AfterValidator(_is_issuer)] = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_client_secret_file: FilePath | None = None
    oidc_rules: Annotated[str, AfterValidator(_are_rules)] = ""
    """A list of ``Rule`` as JSON. The first rule that fits decides; if none fits, a person is
    refused."""
    oidc_rules_file: FilePath | None = None
    oidc_name: str = Field("", max_length=60)
    """The name on the sign-in button. Default: the issuer's host."""
    oidc_name_claim: str = Field("preferred_username", min_length=1)
    """The claim that names a person. It must be unique, and people must not be able to set it."""
    oidc_scopes: Annotated[str, AfterValidator(_have_openid)] = "openid profile email"
    oidc_algorithm: Literal["RS256", "ES256"] = "RS256"
    """The algorithm with which ID tokens are signed."""
    oidc_grace_s: PositiveInt = 900
    """How long a session lasts after its access token expires, if the provider does not answer."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        needed = {
            "OIDC_CLIENT_ID": self.oidc_client_id,
            "OIDC_CLIENT_SECRET": self.oidc_client_secret.get_secret_value(),
            "OIDC_RULES": self.oidc_rules,
        }
        missing = [name for name, value in needed.items() if not value]
        if self.oidc_issuer and missing:
            raise ValueError(f"OIDC_ISSUER needs {', '.join(missing)}")
        if not self.oidc_issuer and len(missing) < len(needed):
            raise ValueError(f"{', '.join(needed.keys() - missing)} needs OIDC_ISSUER")
        return self

    @property
    def company(self) -> str | None:
        """The name of the company login; None if there is no company login."""
        if not self.oidc_issuer:
            return None
        return self.oidc_name or urlsplit(self.oidc_issuer).hostname

    @property
    def company_rules(self) -> tuple[Rule, ...]:
        """The rules that turn a person's claims into role and rows."""
        return read_rules(self.oidc_rules)
